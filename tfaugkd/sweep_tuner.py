"""Keras Tuner proposes settings, and each is run as a trial of the sweep.

What Keras Tuner writes for itself is not read again, as its grid search cannot resume, and half a
file stops the others. An interrupted sweep asks the same tuner with the same seed from the start;
settings that are finished are answered from their folders.
"""

import logging
import math
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras_tuner

from tfaugkd.errors import InputError
from tfaugkd.folders import remove
from tfaugkd.sweep_config import SweepConfig
from tfaugkd.sweep_hparams import write_trial
from tfaugkd.sweep_space import Parameter, said
from tfaugkd.sweep_trials import Trial, finished_trials, prune_students, ranked, run_trial
from tfaugkd.train_config import TrainConfig

_LOG = logging.getLogger("tfaugkd")
_TUNER_FOLDER = "keras_tuner"
_FAILURES_AT_FIRST = 3
_ANY_NUMBER = 10**9
_PAUSE_S = 0.05


def search(config: SweepConfig, objective: keras_tuner.Objective) -> None:
    """Runs the trials of a sweep, or takes part in it where Keras Tuner's environment says so.

    Args:
        config: The sweep, whose folder is ready.
        objective: What is compared.

    Raises:
        InputError: Nothing can be run, or the runs do not have the objective.
    """
    tuner = SweepTuner(config, objective)
    try:
        tuner.search(verbose=0)
    except keras_tuner.errors.FatalError as error:
        raise (error.__cause__ or error) from None


class SweepTuner(keras_tuner.engine.base_tuner.BaseTuner):
    """Asks one of Keras Tuner's oracles, and runs what it proposes as trials of a sweep.

    Args:
        config: The sweep.
        objective: What is compared.
    """

    def __init__(self, config: SweepConfig, objective: keras_tuner.Objective) -> None:
        self.config = config
        self._checked_teachers: set[str] = set()
        # Each process has a folder of its own, which it begins anew.
        project = f"{_TUNER_FOLDER}/{os.environ.get('KERASTUNER_TUNER_ID', 'tuner')}"
        remove(Path(config.output) / project)
        super().__init__(
            oracle=_oracle(config, objective), directory=config.output, project_name=project
        )
        self.oracle_objective = objective

    def pre_create_trial(self) -> None:
        """Waits a moment, as the tuner asks again at once while others are busy."""
        time.sleep(_PAUSE_S)

    def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Runs what the oracle proposed, unless it is finished.

        Args:
            trial: Keras Tuner's trial.
            args: Not used.
            kwargs: Not used.

        Returns:
            The objective.

        Raises:
            FailedTrialError: The setting was refused, or diverged.
            FatalError: The sweep cannot go on.
        """
        try:
            done = self._run(trial.hyperparameters)
        except Exception as error:
            # Keras Tuner would take anything else for a setting that failed, a bug included.
            raise keras_tuner.errors.FatalRuntimeError(str(error)) from error
        mean = done.mean(self.oracle_objective.name)
        if done.failure or not math.isfinite(mean):
            raise keras_tuner.errors.FailedTrialError(done.failure or "The training diverged.")
        return {self.oracle_objective.name: mean}

    def _run(self, hp: keras_tuner.HyperParameters) -> Trial:
        config, name = self.config, self.oracle_objective.name
        values = draw(config.parameters, hp) | _budget(config, hp)
        of_teacher = {key for key in values if key.startswith(("data", "teacher"))}
        teacher = repr({key: values[key] for key in sorted(of_teacher)})
        trial = run_trial(config, values, teacher not in self._checked_teachers)
        write_trial(config, trial)
        if not trial.failure:
            self._checked_teachers.add(teacher)
            _require_metric(trial, name)
        done = ranked(finished_trials(config), name, self.oracle_objective.direction)
        prune_students(config, done)
        came = trial.failure or f"{name} {trial.mean(name):.4f}"
        told = ", ".join(f"{key} {said(value)}" for key, value in values.items())
        _LOG.info("Trial %s (%s): %s", trial.name, told, came)
        _require_success(done)
        return trial


def draw(parameters: Sequence[Parameter], hp: keras_tuner.HyperParameters) -> dict[str, Any]:
    """Asks Keras Tuner for a value of each key that varies.

    Args:
        parameters: What varies.
        hp: Keras Tuner's hyperparameters; those that it does not know yet are added.

    Returns:
        The values by dotted key, as a configuration takes them.
    """
    drawn = {}
    for one in parameters:
        if one.choices:
            drawn[one.key] = hp.Choice(one.key, one.codes)
        else:
            kind = hp.Int if one.whole else hp.Float
            sampling = "log" if one.log else "linear"
            drawn[one.key] = kind(one.key, one.lowest, one.highest, sampling=sampling)
    return {one.key: one.value_of(drawn[one.key]) for one in parameters}


def shortened(train: TrainConfig, part: int, parts: int) -> dict[str, int]:
    """Gives the length of a training that is only begun.

    Args:
        train: The whole training.
        part: How many parts of it are wanted.
        parts: How many there are.

    Returns:
        train.epochs or train.steps, rounded up; steps to a multiple of evaluate_every.
    """
    if train.epochs is not None:
        return {"train.epochs": math.ceil(train.epochs * part / parts)}
    unit = train.evaluate_every or 1
    return {"train.steps": unit * math.ceil(train.steps // unit * part / parts)}


def _budget(config: SweepConfig, hp: keras_tuner.HyperParameters) -> dict[str, int]:
    """Says how long hyperband trains a student.

    A student that goes on to a longer round is trained anew: its learning rate falls over all of
    its steps, so half a training is not the first half of a whole one.
    """
    if "tuner/epochs" not in hp.values:
        return {}
    return shortened(config.distill.train, hp.values["tuner/epochs"], config.hyperband_epochs)


def _oracle(config: SweepConfig, objective: keras_tuner.Objective) -> keras_tuner.Oracle:
    kinds, space = keras_tuner.oracles, keras_tuner.HyperParameters()
    draw(config.parameters, space)
    shared = {
        "objective": objective,
        "seed": config.seed,
        "hyperparameters": space,
        "allow_new_entries": False,
        # Settings that are refused are ranked last; a long row of them is no reason to stop.
        "max_consecutive_failed_trials": _ANY_NUMBER,
    }
    if config.tuner == "hyperband":
        epochs, factor = config.hyperband_epochs, config.hyperband_factor
        return kinds.HyperbandOracle(max_epochs=epochs, factor=factor, **shared)
    kind = {
        "random": kinds.RandomSearchOracle,
        "grid": kinds.GridSearchOracle,
        "bayesian": kinds.BayesianOptimizationOracle,
    }[config.tuner]
    return kind(max_trials=config.trials, **shared)


def _require_metric(trial: Trial, objective: str) -> None:
    if objective not in trial.metrics:
        raise InputError(
            f"objective is {objective!r}, which the runs do not have; they have "
            f"{', '.join(sorted(trial.metrics))}."
        )


def _require_success(done: list[Trial]) -> None:
    failures = [trial.failure for trial in done if trial.failure]
    if len(failures) == len(done) >= _FAILURES_AT_FIRST:
        raise InputError(
            f"None of the first {len(done)} trials could be run; one says: {failures[0]}"
        )
