"""A sweep for TensorBoard's HParams page: its space, and each trial's values and scores."""

import json
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorboard.plugins.hparams import api

from tfaugkd.folders import remove
from tfaugkd.sweep_config import SweepConfig
from tfaugkd.sweep_space import Parameter
from tfaugkd.sweep_trials import Trial
from tfaugkd.tensorboard.events import events_of

HPARAMS_FOLDER = "hparams"


def write_space(config: SweepConfig, metrics: list[str]) -> None:
    """Writes what varies and what is measured, which make the columns of the page.

    Args:
        config: The sweep.
        metrics: Names of the metrics, that of the objective first.
    """
    hparams = [api.HParam(one.key, _domain(one)) for one in config.parameters]
    folder = _fresh(config, "space")
    with events_of(folder, 0):
        api.hparams_config(hparams, [api.Metric(name) for name in metrics])


def write_trial(config: SweepConfig, trial: Trial) -> None:
    """Writes a trial's values, and its metrics as means over the seeds.

    Args:
        config: The sweep.
        trial: A finished trial.
    """
    folder = _fresh(config, trial.name)
    with events_of(folder, 0):
        told = {key: _plain(value) for key, value in trial.values.items()}
        api.hparams(told, trial_id=trial.name)
        for name in trial.metrics:
            tf.summary.scalar(name, trial.mean(name))


def _fresh(config: SweepConfig, name: str) -> Path:
    """Gives a folder without the events of an earlier process, which would be shown twice."""
    folder = Path(config.output) / HPARAMS_FOLDER / name
    remove(folder)
    return folder


def _domain(parameter: Parameter) -> Any:
    if parameter.choices:
        return api.Discrete(sorted({_plain(value) for value in parameter.choices}, key=str))
    interval = api.IntInterval if parameter.whole else api.RealInterval
    return interval(parameter.lowest, parameter.highest)


def _plain(value: Any) -> Any:
    return value if isinstance(value, (bool, int, float, str)) else json.dumps(value)
