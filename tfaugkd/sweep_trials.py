"""The trials of a sweep on disk: each is run once, read back, ranked, and its students pruned."""

import gc
import hashlib
import io
import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field, replace
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

import numpy as np

from tfaugkd.errors import InputError
from tfaugkd.folders import remove
from tfaugkd.jobs import distill
from tfaugkd.plain_json import read_json, write_json
from tfaugkd.saved_model import MODEL_FOLDER
from tfaugkd.sweep_config import SweepConfig
from tfaugkd.sweep_keys import configured

TRIALS_FOLDER = "trials"
TRIAL_FILE = "trial.json"
_SCORES_FILE = "scores.json"
_LOCK_FILE = ".lock"
_DIGITS = 8


@dataclass(frozen=True)
class Trial:
    """What came of one setting.

    Args:
        values: A value for each key that varies.
        metrics: Every number of the runs' scores.json, one for each seed.
        seconds: Wall time of all its runs.
        failure: Why it could not be run; empty for one that could.
    """

    values: dict[str, Any]
    metrics: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = 0.0
    failure: str = ""

    @property
    def name(self) -> str:
        """The name of its folder: a hash of its values, so that the same setting has the same."""
        written = json.dumps(self.values, sort_keys=True)
        return hashlib.sha256(written.encode()).hexdigest()[:_DIGITS]

    def mean(self, metric: str) -> float:
        """The mean of a metric over the seeds; NaN for a trial that failed."""
        return float(np.mean(self.metrics[metric])) if metric in self.metrics else math.nan

    def spread(self, metric: str) -> float:
        """The standard deviation of a metric over the seeds; NaN for a single one."""
        values = self.metrics.get(metric, [])
        return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def run_trial(config: SweepConfig, values: Mapping[str, Any], check_teacher: bool) -> Trial:
    """Distils a student with each seed, unless that is done already.

    Args:
        config: The sweep.
        values: A value for each key that varies.
        check_teacher: Refuse a teacher that is no better than chance, if the sweep is to.

    Returns:
        What came of it; a setting that is refused is one that failed.
    """
    trial = Trial(dict(values))
    folder = trials_folder(config) / trial.name
    # Two processes may be given the same values; the second then finds them done.
    with _alone(folder):
        done = read_trial(folder)
        if done is not None and not done.failure:
            return done
        # One that failed is unfinished again: nobody else may prune what is being trained.
        remove(folder / TRIAL_FILE)
        began = time.perf_counter()
        try:
            runs = [_run(config, trial, seed, folder, check_teacher) for seed in config.seeds]
            metrics = {name: [run[name] for run in runs] for name in runs[0]}
            trial = replace(trial, metrics=metrics)
        except InputError as error:
            trial = replace(trial, failure=str(error))
        trial = replace(trial, seconds=time.perf_counter() - began)
        write_json(folder / TRIAL_FILE, trial)
    return trial


def read_trial(folder: Path) -> Trial | None:
    """Reads a finished trial back.

    Args:
        folder: The trial's folder.

    Returns:
        The trial; None where it is not finished.
    """
    if not (folder / TRIAL_FILE).is_file():
        return None
    record = read_json(folder / TRIAL_FILE, "the record of a trial")
    metrics = {
        # JSON has no nan: null was written for it.
        name: [math.nan if value is None else value for value in values]
        for name, values in record["metrics"].items()
    }
    return Trial(record["values"], metrics, record["seconds"], record["failure"])


def finished_trials(config: SweepConfig) -> list[Trial]:
    """Reads back all finished trials of a sweep, in the order of their folders' names."""
    folders = sorted(trials_folder(config).glob(f"*/{TRIAL_FILE}"))
    found = [read_trial(path.parent) for path in folders]
    return [trial for trial in found if trial is not None]


def ranked(trials: Sequence[Trial], objective: str, direction: str) -> list[Trial]:
    """Puts the best trial first, and those that diverged or failed last.

    Args:
        trials: Finished trials.
        objective: Name of the metric.
        direction: max or min.

    Returns:
        The trials; of equal ones the first by its values comes first, however they were found.
    """
    sign = -1 if direction == "max" else 1

    def place(trial: Trial) -> tuple[bool, bool, float, str]:
        mean = trial.mean(objective)
        diverged = not math.isfinite(mean)
        written = json.dumps(trial.values, sort_keys=True)
        return bool(trial.failure), diverged, 0.0 if diverged else sign * mean, written

    return sorted(trials, key=place)


def prune_students(config: SweepConfig, best_first: Sequence[Trial]) -> None:
    """Removes the students of all but the best trials; their scores and logs stay.

    Args:
        config: The sweep, with how many are kept.
        best_first: The finished trials, ranked.
    """
    with _alone(trials_folder(config)):
        for trial in best_first[config.keep :]:
            for student in (trials_folder(config) / trial.name).glob(f"seed_*/{MODEL_FOLDER}"):
                remove(student)


def trials_folder(config: SweepConfig) -> Path:
    """Gives the folder that the trials of a sweep lie in."""
    return Path(config.output) / TRIALS_FOLDER


def _run(
    config: SweepConfig, trial: Trial, seed: int, folder: Path, check_teacher: bool
) -> dict[str, float]:
    """Distils one student, or reads what came of it, and gives all numbers by name."""
    told = configured(config.distill, trial.values)
    output = folder / f"seed_{seed}"
    if not (output / _SCORES_FILE).is_file():
        # The sweep itself tells the HParams page about its trials.
        shown = replace(told.train.tensorboard, hparams=False)
        told = replace(
            told,
            train=replace(told.train, seed=seed, tensorboard=shown),
            check_teacher=told.check_teacher and check_teacher,
            output=str(output),
            overwrite=True,
        )
        # What a run prints for people stands in its folder, and in the sweep's table.
        with redirect_stdout(io.StringIO()):
            distill(told)
        gc.collect()  # A model is held in cycles, and there may be many trials.
    return _numbers(read_json(output / _SCORES_FILE, "the scores of a run"))


def _numbers(scores: dict[str, Any]) -> dict[str, float]:
    distinct = {f"{name}_distinct": value for name, value in scores["distinct"].items()}
    speed = {"seconds_per_step": scores["seconds_per_step"]}
    found = scores["training"] | distinct | speed | scores["scores"]
    return {name: math.nan if value is None else value for name, value in found.items()}


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Waits until no other process is in such a block for the same folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK_FILE).open("w") as lock:
        flock(lock, LOCK_EX)
        yield
