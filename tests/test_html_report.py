import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from conftest import command, complaint, write_yaml

from tfaugkd.comparison_run import Run, write_run
from tfaugkd.intervals import Interval
from tfaugkd.report import Report, Row, write_report
from tfaugkd.scoring import Scored

TRAIN = {
    **{"steps": 8, "batch_size": 8, "learning_rate": 0.01, "seed": 1, "jit_compile": False},
    **{"evaluate_every": 4, "tensorboard": {"examples": 2, "projector": 4}},
}
KNN = {"name": "knn", "degree": 0.5, "k": 4}


@pytest.fixture(scope="module")
def run(data, teacher_output, tmp_path_factory):
    """A student's folder."""
    folder = tmp_path_factory.mktemp("run")
    config = write_yaml(
        folder / "a.yaml",
        data=data,
        teacher=str(teacher_output),
        student={"layers": 1},
        augment=[KNN],
        train=TRAIN,
        output=str(folder / "student"),
    )
    status, _, err = command("distill", *config)
    assert status == 0, err
    return folder / "student"


@pytest.fixture(scope="module")
def comparison(run, tmp_path_factory):
    """What a comparison leaves that the page is made of; nothing is trained for it."""
    folder = tmp_path_factory.mktemp("comparison") / "compared"
    rows = [Row(name, 500, 2_000, {"accuracy": 0.75}) for name in ("Teacher", "KD", "KD + kNN")]
    rows[2] = replace(rows[2], interval=Interval(0.0, -0.1, float("nan")), degree={"knn": 0.5})
    about = {"split": "dev", "split_size": 64, "teacher_examples": None, "student_examples": 160}
    cost = {"machine": "a machine", "wall_time_s": 9.0, "command": "tfaugkd compare"}
    told = {"title": "What each is worth", "task": "custom", "baseline": "KD", "seeds": [0]}
    write_report(folder, Report(rows=rows, batch_size=64, **about, **cost, **told))
    shutil.copy(run / "config.yaml", folder)
    for name in ("kd", "kd_knn"):
        of_run = folder / "students" / name / "seed_0"
        shutil.copytree(run / "logs", of_run / "logs")
        scored = Scored({"accuracy": 0.75}, np.zeros([64, 2], np.float32))
        confusion = [[24, 8], [8, 24]]
        write_run(Run(of_run / "model", scored, 0.1, machine="old", confusion=confusion), {})
    return folder


def test_a_runs_page_stands_beside_it(run):
    status, out, err = command("report", run)
    assert (status, err) == (0, "")
    assert out == f"The report is {run / 'report.html'}\n"
    html = (run / "report.html").read_text()
    scores = json.loads((run / "scores.json").read_text())
    assert f"<td>{100 * scores['scores']['accuracy']:.1f}</td>" in html
    right = sum(scores["confusion"][n][n] for n in range(2))
    assert f"student: {100 * right / 64:.1f} % of 64 right" in html
    for said in (
        f"student, knn at step 8 ({100 * scores['training']['knn_degree']:.0f} % of the tokens",
        'alt="Loss"',
        'alt="Scores"',
        'alt="Learning rate"',
        'alt="Tokens changed"',
        "jit_compile: false",
        f"Run on {scores['machine']}",
    ):
        assert said in html
    assert html.count("<ins>") >= 1
    assert "exists already" in complaint("report", run)
    assert command("report", run, "--overwrite")[0] == 0


def test_a_comparisons_page_has_its_tables_its_picture_and_every_run(comparison, tmp_path):
    output = tmp_path / "new" / "page.html"
    status, _, err = command("report", "--runs", f"[{comparison}]", "--output", output)
    assert (status, err) == (0, "")
    html = output.read_text()
    for said in (
        "What each is worth",
        "<caption>Scores</caption>",
        "<caption>Model</caption>",
        "<td>KD + kNN, seed 0</td>",
        'alt="accuracy of each method on dev"',
        "KD + kNN, seed 0, knn at step 8",
        "the difference to the row KD on the same 64 examples",
        'alt="KD, seed 0: 75.0 % of 64 right"',
        "Run on old.",
    ):
        assert said in html


def test_runs_stand_beside_each_other(run, comparison, teacher_output, tmp_path):
    output = tmp_path / "page.html"
    folders = (run, comparison, teacher_output)
    status, _, err = command("report", *folders, "--output", output)
    assert (status, err) == (0, "")
    html = output.read_text()
    for said in (
        "<td>student</td>",
        "<td>compared: KD, seed 0</td>",
        "<caption>What differs in the configurations</caption>",
        "<td>train.steps</td>",
        "<td>0.100</td>",
        "<h2>student: Curves</h2>",
    ):
        assert said in html
    assert "<td>data.task</td>" not in html
    # Each picture is in the page.
    assert not re.findall(r'src="(?!data:)', html)


def test_what_is_no_run_is_refused(run, tmp_path):
    assert "holds no finished run; name the output folder of" in complaint("report", tmp_path)
    assert "output is None, but must be a file" in complaint("report", run, tmp_path)
    assert "must be different folders" in complaint("report", run, run, "--output", "a.html")
    assert "Missing: runs" in complaint("report")


def test_a_damaged_record_is_named(run, tmp_path):
    for name in ("scores.json", "config.yaml"):
        (tmp_path / name).write_text((run / name).read_text())
    (tmp_path / "scores.json").write_text('{"scores": {"accuracy": 1}}')
    assert "scores.json is no record of a run ('training')" in complaint("report", tmp_path)
    (tmp_path / "scores.json").write_text("{")
    assert "cannot be read as the record of a run" in complaint("report", tmp_path)
