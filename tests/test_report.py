import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from tfaugkd.intervals import Interval
from tfaugkd.report import Report, Row, write_report


@pytest.fixture
def report():
    rows = [
        Row("Teacher", 22_700_000, 90_900_000, {"accuracy": 0.86}),
        Row("KD", 15_500_000, 62_100_000, {"accuracy": 0.803}, agreement=float("nan")),
        Row(
            "MixUp",
            15_500_000,
            62_100_000,
            {"accuracy": np.float32(0.5)},  # type: ignore[dict-item]
            interval=Interval(0.004, -0.004, 0.012),
        ),
    ]
    return Report(
        title="Reviews",
        task="film reviews",
        rows=rows,
        baseline="KD",
        split="test",
        split_size=3120,
        teacher_examples=7500,
        student_examples=1,
        seeds=[0, 1],
        machine="a machine",
        wall_time_s=3723.4,
        command="tfaugkd compare configs/reviews.yaml",
        batch_size=64,
        grouped_by="film",
    )


def test_three_files_and_nothing_else(report, tmp_path):
    assert write_report(tmp_path / "new", report) == tmp_path / "new" / "report.md"
    files = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert files == ["comparison.png", "report.md", "rows.json"]


def test_the_page_tells_how_it_came_about(report, tmp_path):
    text = write_report(tmp_path, report).read_text(encoding="utf-8")
    for told in (
        "# Reviews\n",
        "2 ways to train a student for film reviews: KD, MixUp.",
        "Each ran with 2 seeds (0, 1).",
        "7,500 labelled examples, the students were trained on 1 example;",
        "3,120 examples of the test split",
        "1 h 2 min 3 s on a machine",
        "    tfaugkd compare configs/reviews.yaml\n",
        "| MixUp | 50.0 | +0.4 [-0.4, +1.2] |",
        "(comparison.png)",
        "drawn by film",
        "means over 2 seeds",
    ):
        assert told in text
    assert text.partition("## How to read it")[2].count("\n- ") == 3


def test_a_teacher_that_was_there_is_named(report, tmp_path):
    given = dataclasses.replace(report, teacher_examples=None, teacher_folder="outputs/teacher")
    text = write_report(tmp_path, given).read_text(encoding="utf-8")
    told = "The teacher is the one in outputs/teacher, the students were trained on 1 example;"
    assert told in text


def test_numbers_are_plain_json(report, tmp_path):
    write_report(tmp_path, report)
    read = json.loads((tmp_path / "rows.json").read_text(), parse_constant=pytest.fail)
    assert read["rows"][1]["agreement"] is None
    assert read["rows"][2]["scores"] == {"accuracy": 0.5}
    assert read["rows"][2]["interval"] == {"mean": 0.004, "low": -0.004, "high": 0.012}
    assert read["seeds"] == [0, 1]


def test_tensorflow_is_not_needed():
    modules = "metrics, intervals, folders, latency, machine, model_card, report"
    check = f"from tfaugkd import {modules}; import sys; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0
