"""Runs cells a second time, drawn at random, and compares: is what stands in the table so?"""

import random
import tempfile
from dataclasses import replace
from math import isclose
from pathlib import Path

import numpy as np

from tfaugkd.comparison import compare
from tfaugkd.comparison_config import CompareConfig
from tfaugkd.comparison_run import LOGITS_FILE, RUN_FILE
from tfaugkd.comparison_training import Student, student_folder
from tfaugkd.errors import InputError
from tfaugkd.machine import describe_machine
from tfaugkd.plain_json import read_json
from tfaugkd.reproduce.plan import Place, Plan

_CELLS = 2


def check_cells(plan: Plan) -> None:
    """Trains the students of two cells again, and compares scores and logits.

    Args:
        plan: The plan, whose runs are finished.

    Raises:
        InputError: No run is there, or one comes out otherwise on the machine that it was made on.
    """
    runs = [
        (place, each.students, name, seed)
        for each in plan.comparisons
        for place, name in each.names.items()
        for seed in each.students.seeds
        if (student_folder(each.students.output, Student(name, seed)) / RUN_FILE).is_file()
    ]
    if not runs:
        raise InputError(
            f"There is no finished run of {plan.exhibit.name} in {plan.folder.parent} to check; "
            "run it without --check first."
        )
    differ = [_differs(*run) for run in random.sample(runs, min(_CELLS, len(runs)))]
    if any(differ):
        raise InputError(
            f"{sum(differ)} of {len(differ)} cells came out otherwise than in "
            f"{plan.folder.parent}, on the same machine; see above."
        )


def _differs(place: Place, job: CompareConfig, name: str, seed: int) -> bool:
    """Trains a student again and prints both; true where equal ones were to be expected."""
    student = Student(name, seed)
    before = student_folder(job.output, student)
    with tempfile.TemporaryDirectory() as folder:
        again = replace(
            job,
            methods={name: job.methods[name]},
            baseline=name,
            seeds=[seed],
            output=str(Path(folder) / "again"),
        )
        compare(again)
        now = student_folder(again.output, student)
        records = [read_json(at / RUN_FILE, "the record of a run") for at in (before, now)]
        logits = [np.load(at / LOGITS_FILE, allow_pickle=False) for at in (before, now)]
    scores = [record["scores"] for record in records]
    largest = float(np.abs(logits[0] - logits[1]).max())
    same_machine = records[0]["machine"] == describe_machine()
    same = all(isclose(scores[0][metric], scores[1][metric], abs_tol=1e-6) for metric in scores[0])
    told = "; ".join(
        f"{metric} {100 * value:.2f}, again {100 * scores[1][metric]:.2f}"
        for metric, value in scores[0].items()
    )
    verdict = "the same" if same else "otherwise"
    print(f"{place.title}, seed {seed}: {verdict}. {told}; logits differ by {largest:.2g} at most.")
    if not same_machine:
        print(f"It was made on another machine: {records[0]['machine']}.")
    return same_machine and not same
