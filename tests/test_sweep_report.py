import csv
import math
from pathlib import Path

import keras_tuner
import pytest

from tfaugkd.command_line import read_config
from tfaugkd.errors import InputError
from tfaugkd.job_configs import DistillConfig
from tfaugkd.plain_json import write_json
from tfaugkd.sweep_config import SweepConfig
from tfaugkd.sweep_report import ranking_rows, report_sweep
from tfaugkd.sweep_trials import Trial, trials_folder
from tfaugkd.train_config import TrainConfig

SPACE = [
    {"key": "loss.soft", "choice": [0.5, 1.0, 2.0]},
    {"key": "augment", "choice": [[], [{"name": "knn", "degree": 0.3}]]},
]
KNN = [{"name": "knn", "degree": 0.3}]
TRIALS = [
    Trial({"loss.soft": 0.5, "augment": []}, {"accuracy": [0.7, 0.8], "loss": [1.0, 2.0]}, 10.0),
    Trial({"loss.soft": 2.0, "augment": KNN}, {"accuracy": [0.8, 0.82], "loss": [3.0, 2.0]}, 11.4),
    Trial({"loss.soft": 1.0, "augment": []}, {"accuracy": [math.nan, 0.9]}, 5.0),
    Trial({"loss.soft": 1.0, "augment": KNN}, {}, 1.0, "there is a | in it"),
]


@pytest.fixture
def config(tmp_path):
    output = tmp_path / "sweep"
    told = DistillConfig(teacher="outputs/t", train=TrainConfig(steps=5, seed=9))
    return SweepConfig(SPACE, told, seeds=[3, 4], output=str(output))


@pytest.fixture
def reported(config, capsys):
    for trial in TRIALS:
        write_json(trials_folder(config) / trial.name / "trial.json", trial)
    student = trials_folder(config) / TRIALS[1].name / "seed_3" / "model"
    student.mkdir(parents=True)
    (student / "weights.h5").write_bytes(bytes(2_000_000))
    report_sweep(config, keras_tuner.Objective("accuracy", "max"), 28.2)
    return config, capsys.readouterr().out


def test_rows_by_hand():
    rows = ranking_rows(TRIALS, "accuracy")
    assert rows[0] == {
        "rank": "1",
        "loss.soft": "0.5",
        "augment": "[]",
        "accuracy": "0.7500",
        "spread": "0.0707",
        "seconds": "10",
        "trial": TRIALS[0].name,
        "note": "",
    }
    assert rows[1]["augment"] == "[{degree: 0.3, name: knn}]"
    assert [row["rank"] for row in rows] == ["1", "2", "-", "-"]
    assert [row["note"] for row in rows[2:]] == ["the training diverged", "there is a | in it"]


def test_columns_that_say_nothing_are_left_out():
    one = [Trial({"loss.soft": 0.5}, {"accuracy": [0.7]})]
    assert list(ranking_rows(one, "accuracy")[0]) == [
        "rank", "loss.soft", "accuracy", "seconds", "trial",
    ]  # fmt: skip


def test_a_key_that_some_trials_do_not_have():
    trials = [Trial({"a": 1}, {"x": [1.0]}), Trial({"b": 2}, {"x": [0.5]})]
    assert [(row["a"], row["b"]) for row in ranking_rows(trials, "x")] == [("1", "-"), ("-", "2")]


def test_the_ranking_is_printed_and_written(reported):
    config, out = reported
    with open(f"{config.output}/ranking.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["accuracy"] for row in rows] == ["0.8100", "0.7500", "-", "-"]
    assert "0.8100" in out
    assert f"the students of {TRIALS[1].name} are kept (keep is 1)." in out
    assert "takes 2." in out
    page = (Path(config.output) / "report.md").read_text()
    assert "there is a \\| in it" in page
    assert "The trials took 27 s on" in page
    assert "| augment | [] | 1 | 0.7500 | 0.0600 |" in page
    assert "|  | [{degree: 0.3, name: knn}] | 1 | 0.8100 |  |" in page


def test_the_best_configuration_is_one_of_distill(reported):
    config, out = reported
    path = f"{config.output}/best.yaml"
    assert f"tfaugkd distill --config {path}" in out
    with open(path) as file:
        lines = file.read().splitlines()
    assert lines[:2] == [
        f"# tfaugkd distill --config {path}",
        "# The best of 4 trials: accuracy 0.8100 on dev, mean of 2 seeds.",
    ]
    told = read_config("distill", ["--config", path])
    assert (told.loss.soft, told.augment) == (2.0, KNN)
    assert (told.teacher, told.train.steps, told.train.seed) == ("outputs/t", 5, 3)
    assert told.output == f"{config.output}_best"


def test_nothing_to_rank(config):
    write_json(trials_folder(config) / "x" / "trial.json", TRIALS[3])
    with pytest.raises(InputError, match=r"None of the 1 trials gave a score; one says: there is"):
        report_sweep(config, keras_tuner.Objective("accuracy", "max"), 1.0)
