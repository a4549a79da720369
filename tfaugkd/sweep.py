"""The job `tfaugkd sweep`: students over a space of settings, and what each setting is worth."""

import logging
import os
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras_tuner

import tfaugkd
from tfaugkd.config import require
from tfaugkd.data import load_split, load_train, task_of
from tfaugkd.errors import InputError
from tfaugkd.fingerprint import (
    file_fingerprint,
    first_difference,
    folder_fingerprint,
    texts_fingerprint,
)
from tfaugkd.folders import MARKER, only_writer, require_new_folder
from tfaugkd.jobs import paths_of, start_output
from tfaugkd.plain_json import plain, read_json, write_json
from tfaugkd.run_folder import write_config
from tfaugkd.saved_model import model_path
from tfaugkd.scoring import metrics_of
from tfaugkd.sweep_config import SweepConfig
from tfaugkd.sweep_hparams import write_space
from tfaugkd.sweep_processes import STARTED_BY, leave_with, search_in_processes
from tfaugkd.sweep_report import report_sweep
from tfaugkd.sweep_trials import finished_trials
from tfaugkd.sweep_tuner import search

_LOG = logging.getLogger("tfaugkd")
SETTING_FILE = "sweep.json"
_LOWER_IS_BETTER = ("loss", "seconds_per_step")
# These may change when a sweep goes on, and trials do not depend on them.
_FREE = ("max_trials", "keep", "workers", "output", "overwrite")


def sweep(config: SweepConfig) -> None:
    """Runs the trials of a sweep and writes its report.

    An output folder with a sweep of the same setting is gone on with, and ends as if it had never
    been interrupted. Where the environment names a chief and workers, as Keras Tuner has it, the
    chief prepares the folder and writes the report, and the workers run trials.

    Args:
        config: The job.

    Raises:
        InputError: Data, models, a space or an output that cannot be used; see the sentences.
    """
    metrics = metrics_of(task_of(config.distill.data))
    objective = _objective(config, metrics)
    starter = os.environ.get(STARTED_BY)
    if starter is not None:
        leave_with(int(starter))
    if starter is not None or "chief" not in os.environ.get("KERASTUNER_TUNER_ID", "chief"):
        search(config, objective)
        return
    began = time.perf_counter()
    with ExitStack() as held:
        _begin(config, held)
        write_space(config, list(dict.fromkeys([objective.name, *metrics])))
        if taken_over := len(finished_trials(config)):
            _LOG.info("Taken over: %d trials.", taken_over)
        if config.workers > 1:
            search_in_processes(config)
        else:
            search(config, objective)
        report_sweep(config, objective, time.perf_counter() - began)


def _objective(config: SweepConfig, metrics: list[str]) -> keras_tuner.Objective:
    name, direction = config.objective or metrics[0], config.direction
    if direction == "auto":
        lower = name.endswith(_LOWER_IS_BETTER)
        known = lower or name.removeprefix("val_") in metrics
        require(known, "direction", direction, f"max or min for the objective {name!r}")
        direction = "min" if lower else "max"
    return keras_tuner.Objective(name, direction)


def _begin(config: SweepConfig, held: ExitStack) -> None:
    """Makes the output folder, or goes on in it.

    Args:
        config: The job.
        held: Takes the lock on the folder.
    """
    output = Path(config.output)
    begun = (output / MARKER).is_file() and (output / SETTING_FILE).is_file()
    if begun:
        held.enter_context(only_writer(output))
    told = config.distill
    taught_by = told.teacher_file or told.teacher
    inputs = [*paths_of(told.data, told.augment), taught_by, told.student.preset or ""]
    goes_on = begun and not config.overwrite
    if not goes_on:
        require_new_folder(output, config.overwrite, inputs)
    setting = _setting(config)
    if goes_on:
        _require_same(config, setting)
        write_config(output, config)
    else:
        start_output(config, inputs)
        write_json(output / SETTING_FILE, setting)
        held.enter_context(only_writer(output))


def _setting(config: SweepConfig) -> dict[str, Any]:
    """Lists what the trials depend on, which a sweep that goes on must have in common."""
    told, data = asdict(config), config.distill.data
    for name in _FREE:
        del told[name]
    answers = config.distill.teacher_file
    taught_by = (
        folder_fingerprint(model_path(config.distill.teacher))
        if answers is None
        else file_fingerprint(answers)
    )
    texts = {
        "train": texts_fingerprint(load_train(data)),
        "dev": texts_fingerprint(load_split(data, "dev")),
    }
    setting = plain(told | {"tfaugkd": tfaugkd.__version__, "taught_by": taught_by, "texts": texts})
    assert isinstance(setting, dict), "a mapping stays one"
    return setting


def _require_same(config: SweepConfig, setting: dict[str, Any]) -> None:
    before = read_json(Path(config.output) / SETTING_FILE, "the setting of a sweep")
    if difference := first_difference(before, setting):
        raise InputError(
            f"output is {config.output!r}, which holds a sweep with {difference}; name another "
            "folder or set overwrite: true."
        )
