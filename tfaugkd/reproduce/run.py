"""Runs a plan: teachers, files of variants, students. What is finished is taken over."""

import logging
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tfaugkd.comparison import compare
from tfaugkd.comparison_config import CompareConfig
from tfaugkd.comparison_run import RUN_FILE
from tfaugkd.comparison_training import Student, student_folder
from tfaugkd.intervals import Interval
from tfaugkd.job_configs import TeacherConfig
from tfaugkd.jobs import train_teacher
from tfaugkd.offline import augment
from tfaugkd.offline_config import AugmentConfig
from tfaugkd.plain_json import read_json, write_json
from tfaugkd.reproduce.cost import is_finished_teacher
from tfaugkd.reproduce.experiment import files_of, read_paper_config
from tfaugkd.reproduce.plan import Comparison, Place, Plan
from tfaugkd.saved_model import MODEL_FOLDER, model_path

_LOG = logging.getLogger("tfaugkd")


@dataclass(frozen=True)
class Outcome:
    """What came of the experiment of a cell.

    Args:
        scores: Each metric on dev as a fraction, mean over seeds.
        spread: Standard deviation of each over seeds; empty for one seed.
        interval: Paired difference to the baseline, as fractions; None for the baseline.
        compared: The metric of the interval.
        baseline: The baseline's place; None where nothing is compared.
        seconds_per_step: Median wall time of an update.
        steps: Updates.
        models: The saved model of each seed.
        records: The record of each run.
        seconds_of_file: What the file of variants took that was written for it.
    """

    scores: dict[str, float]
    spread: dict[str, float] = field(default_factory=dict)
    interval: Interval | None = None
    compared: str = ""
    baseline: Place | None = None
    seconds_per_step: float | None = None
    steps: int | None = None
    models: list[Path] = field(default_factory=list)
    records: list[Path] = field(default_factory=list)
    seconds_of_file: float | None = None


def run_plan(plan: Plan, configs: str | Path) -> dict[Place, Outcome]:
    """Trains what is not trained yet, and gives what came of each cell.

    Args:
        plan: The plan.
        configs: Folder of the papers' configs.

    Returns:
        An outcome for each place that can be run.

    Raises:
        InputError: Data, models or methods that cannot be used.
    """
    outcomes = {}
    for place, job in plan.teachers.items():
        outcomes[place] = _teacher_outcome(job)
    for comparison in plan.comparisons:
        _trained_teacher(comparison.teacher)
        seconds = _write_variants(plan, comparison, configs)
        compare(_goes_on(comparison.students))
        outcomes |= _student_outcomes(comparison, seconds)
    return {place: outcomes[place] for place in plan.experiments}


def _trained_teacher(job: TeacherConfig) -> Path:
    folder = Path(job.output)
    if is_finished_teacher(job):
        _LOG.info("Taken over: the teacher in %s.", folder)
    else:
        # What an interrupted run left there is no model.
        train_teacher(replace(job, overwrite=True))
    return folder


def _goes_on(job: CompareConfig) -> CompareConfig:
    # A comparison that was interrupted before it wrote its setting holds nothing but a marker.
    begun = (Path(job.output) / "setting.json").is_file()
    return job if begun else replace(job, overwrite=True)


def _write_variants(plan: Plan, comparison: Comparison, configs: str | Path) -> dict[str, float]:
    """Writes the files of variants that are not there yet; gives the seconds that each took."""
    seconds = {}
    for place in comparison.names:
        for file in files_of(plan.experiments[place]):
            if file in plan.made:
                seconds[file] = _written(plan, comparison, file, configs)
    return seconds


def _written(plan: Plan, comparison: Comparison, file: str, configs: str | Path) -> float:
    record = Path(f"{file}.json")
    if not (record.is_file() and Path(file).is_file()):
        cell = plan.made[file]
        told = read_paper_config(Path(configs) / plan.exhibit.paper, cell.makes or "")
        assert isinstance(told, AugmentConfig), f"{cell.makes}.yaml writes a file"
        began = time.perf_counter()
        job = replace(
            told,
            data=replace(comparison.students.data, added_file=None),
            teacher=comparison.teacher.output,
            copies=cell.copies or told.copies,
            output=file,
            overwrite=True,
        )
        augment(job)
        write_json(record, {"seconds": time.perf_counter() - began})
    return float(read_json(record, "the record of a file of variants")["seconds"])


def _teacher_outcome(job: TeacherConfig) -> Outcome:
    folder = _trained_teacher(job)
    record = folder / "scores.json"
    told = read_json(record, "the scores of a teacher")
    return Outcome(
        scores=told["scores"],
        seconds_per_step=told["seconds_per_step"],
        models=[model_path(folder)],
        records=[record],
    )


def _student_outcomes(comparison: Comparison, seconds: dict[str, float]) -> dict[Place, Outcome]:
    job = comparison.students
    report = read_json(Path(job.output) / "rows.json", "the report of a comparison")
    rows = {row["name"]: row for row in report["rows"]}
    baseline = next(p for p, name in comparison.names.items() if name == job.baseline)
    return {
        place: _student_outcome(job, name, rows[name], report["compared"], baseline, seconds)
        for place, name in comparison.names.items()
    }


def _student_outcome(
    job: CompareConfig,
    name: str,
    row: dict[str, Any],
    compared: str,
    baseline: Place,
    seconds: dict[str, float],
) -> Outcome:
    folders = [student_folder(job.output, Student(name, seed)) for seed in job.seeds]
    files = [entry.get("file") for entry in job.methods[name].augment] + [job.data.added_file]
    taken = [seconds[file] for file in files if file in seconds]
    return Outcome(
        scores=row["scores"],
        spread=row["spread"],
        interval=Interval(**row["interval"]) if row["interval"] else None,
        compared=compared,
        baseline=baseline,
        seconds_per_step=row["seconds_per_step"],
        steps=row["steps"],
        models=[folder / MODEL_FOLDER for folder in folders],
        records=[folder / RUN_FILE for folder in folders],
        seconds_of_file=taken[0] if taken else None,
    )
