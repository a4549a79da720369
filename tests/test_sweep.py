"""Sweeps of tiny students: killed and resumed, side by side, and what is refused."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras_hub
import pytest
from conftest import command, complaint, write_yaml
from sweeps import Distillations

from tfaugkd import sweep_trials

ROOT = Path(__file__).parents[1]
TRAIN = {
    **{"steps": 4, "batch_size": 8, "learning_rate": 0.01, "jit_compile": False},
    "tensorboard": {"examples": 0},
}
SPACE = [
    {"key": "loss.soft", "float": [0.1, 10.0], "log": True},
    {"key": "augment", "choice": [[], [{"name": "random_replacement", "degree": 0.3}]]},
]


def config_of(folder, data, teacher, name="sweep", **changed):
    """Writes a config; gives the options that read it, and its output folder."""
    told = {"data": data, "teacher": str(teacher), "student": {"layers": 1}, "train": TRAIN}
    output = folder / name
    keys = {"distill": told, "space": SPACE, "max_trials": 4, "output": str(output)} | changed
    return write_yaml(folder / f"{name}.yaml", **keys), output


def ranking(output):
    """Gives what a sweep found, without the times."""
    with open(output / "ranking.csv", newline="") as file:
        return [{**row, "seconds": ""} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def side_by_side(data, teacher_output, tmp_path_factory):
    """The folder of a sweep by two workers, and what it printed."""
    folder = tmp_path_factory.mktemp("workers")
    options, output = config_of(folder, data, teacher_output, workers=2)
    status, out, err = command("sweep", *options)
    assert status == 0, err
    return output, out


def test_a_killed_sweep_goes_on_to_the_ranking_of_two_workers(
    side_by_side, data, teacher_output, tmp_path
):
    options, output = config_of(tmp_path, data, teacher_output)
    code = "import sys; from tfaugkd.command_line import main; sys.exit(main())"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "sweep", *options],
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while len(list(output.glob("trials/*/trial.json"))) < 2:
        assert process.poll() is None, "it must not end by itself"
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    status, out, err = command("sweep", *options)
    assert status == 0, err
    assert re.search(r"Taken over: [234] trials\.", err)
    assert ranking(output) == ranking(side_by_side[0])
    assert len(ranking(output)) == 4
    assert "The report is" in out


def test_what_a_sweep_leaves(side_by_side):
    output, _ = side_by_side
    best = ranking(output)[0]
    students = list(output.glob("trials/*/seed_0/model"))
    assert [path.parents[1].name for path in students] == [best["trial"]], "disk is bounded"
    keras_hub.models.TextClassifier.from_preset(str(students[0]))
    assert {"best.yaml", "report.md", "main_effects.png", "hparams"} <= {
        path.name for path in output.iterdir()
    }
    # TensorBoard finds the space and four trials.
    assert len(list(output.glob("hparams/*/events.*"))) == 5
    assert len(list(output.glob("trials/*/seed_0/logs/history.csv"))) == 4


def test_the_best_configuration_gives_the_best_score(side_by_side, tmp_path):
    output, out = side_by_side
    best = ranking(output)[0]
    options = ["--config", output / "best.yaml", "--output", tmp_path / "best"]
    assert f"tfaugkd distill --config {output / 'best.yaml'}" in out
    status, _, err = command("distill", *options)
    assert status == 0, err
    scores = json.loads((tmp_path / "best" / "scores.json").read_text())["scores"]
    assert f"{scores['accuracy']:.4f}" == best["accuracy"]


@pytest.fixture
def quick(monkeypatch):
    """Puts a stand-in in the place of distillations."""
    stand_in = Distillations()
    monkeypatch.setattr(sweep_trials, "distill", stand_in)
    monkeypatch.setattr(sweep_trials.gc, "collect", lambda: 0)  # There are no models.
    return stand_in


def test_a_sweep_of_another_setting_is_not_gone_on_with(quick, data, teacher_output, tmp_path):
    options, output = config_of(tmp_path, data, teacher_output)
    assert command("sweep", *options)[0] == 0
    message = complaint("sweep", *options, "--distill.train.steps", "8")
    assert message == (
        f"output is '{output}', which holds a sweep with distill.train.steps 4, not 8; name "
        "another folder or set overwrite: true."
    )
    assert len(quick.told) == 4
    # More trials are no other setting: the first four are the same.
    assert command("sweep", *options, "--max_trials", "6", "--keep", "2")[0] == 0
    assert len(quick.told) == 6
    assert command("sweep", *options, "--distill.train.steps", "8", "--overwrite")[0] == 0
    assert len(quick.told) == 10


def test_a_folder_with_something_else_is_left_alone(quick, data, teacher_output, tmp_path):
    options, output = config_of(tmp_path, data, teacher_output)
    output.mkdir()
    (output / "mine").write_text("")
    assert "which is not empty" in complaint("sweep", *options)
    assert "did not make" in complaint("sweep", *options, "--overwrite")
    assert quick.told == []


@pytest.mark.parametrize(
    ("objective", "direction", "expected"),
    [
        ("loss", "auto", "min"),
        ("val_accuracy", "auto", "max"),
        ("seconds_per_step", "auto", "min"),
        ("knn_distinct", "max", "max"),
    ],
)
def test_any_number_of_a_run_can_be_the_objective(
    objective, direction, expected, quick, data, teacher_output, tmp_path
):
    space = [{"key": "train.steps", "choice": [4, 2, 8]}]
    told = {"space": space, "tuner": "grid", "objective": objective, "direction": direction}
    options, output = config_of(tmp_path, data, teacher_output, **told)
    status, _, err = command("sweep", *options)
    assert status == 0, err
    order = [float(row[objective]) for row in ranking(output)]
    assert order == sorted(order, reverse=expected == "max")
    if objective == "loss":
        assert order == [0.125, 0.25, 0.5]


def test_an_objective_whose_direction_is_not_known(data, teacher_output, tmp_path):
    options, _ = config_of(tmp_path, data, teacher_output, objective="knn_degree")
    message = complaint("sweep", *options)
    assert message == (
        "direction is 'auto', but must be max or min for the objective 'knn_degree'."
    )


def test_an_objective_that_the_runs_do_not_have(quick, data, teacher_output, tmp_path):
    options, _ = config_of(tmp_path, data, teacher_output, objective="f1", direction="max")
    status, _, err = command("sweep", *options)
    assert status == 2
    assert "objective is 'f1', which the runs do not have; they have accuracy, knn" in err
