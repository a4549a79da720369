import math
import threading

import pytest
from sweeps import Distillations

from tfaugkd import sweep_trials
from tfaugkd.job_configs import DistillConfig
from tfaugkd.sweep_config import SweepConfig
from tfaugkd.sweep_trials import (
    Trial,
    finished_trials,
    prune_students,
    ranked,
    read_trial,
    run_trial,
    trials_folder,
)

SPACE = [{"key": "loss.soft", "float": [0.1, 10.0]}]
VALUES = {"loss.soft": 0.1}


@pytest.fixture
def config(tmp_path):
    return SweepConfig(SPACE, seeds=[0, 2], output=str(tmp_path / "sweep"))


@pytest.fixture
def distillations(monkeypatch):
    stand_in = Distillations()
    monkeypatch.setattr(sweep_trials, "distill", stand_in)
    return stand_in


def test_a_trial_is_a_student_for_each_seed(config, distillations):
    trial = run_trial(config, VALUES, check_teacher=True)
    # 0.70 - 0.01 + 1e-5 * 1000 steps, and 0.001 for each seed.
    assert trial.metrics["accuracy"] == pytest.approx([0.70, 0.702])
    assert trial.mean("accuracy") == pytest.approx(0.701)
    assert trial.spread("accuracy") == pytest.approx(0.002 / math.sqrt(2))
    assert trial.metrics["knn_distinct"] == [1.0, 1.0]
    assert trial.metrics["seconds_per_step"] == [0.25, 0.25]
    assert [told.train.seed for told in distillations.told] == [0, 2]
    assert all(told.loss.soft == 0.1 for told in distillations.told)
    folders = [trials_folder(config) / trial.name / f"seed_{seed}" for seed in (0, 2)]
    assert [told.output for told in distillations.told] == [str(folder) for folder in folders]


def test_a_trial_is_run_once_and_read_back(config, distillations):
    first = run_trial(config, VALUES, check_teacher=True)
    assert run_trial(config, VALUES, check_teacher=True) == first
    assert finished_trials(config) == [first]
    assert len(distillations.told) == 2


def test_the_teacher_is_checked_if_both_say_so(config, distillations):
    run_trial(config, VALUES, check_teacher=False)
    assert not distillations.told[0].check_teacher
    unchecked = SweepConfig(
        SPACE, DistillConfig(check_teacher=False), output=config.output, seeds=[0]
    )
    run_trial(unchecked, {"loss.soft": 2.0}, check_teacher=True)
    assert not distillations.told[-1].check_teacher


def test_seeds_that_are_finished_are_taken_over(config, monkeypatch):
    monkeypatch.setattr(sweep_trials, "distill", Distillations(interrupt_after=1))
    with pytest.raises(KeyboardInterrupt):
        run_trial(config, VALUES, check_teacher=True)
    assert finished_trials(config) == []
    rest = Distillations()
    monkeypatch.setattr(sweep_trials, "distill", rest)
    trial = run_trial(config, VALUES, check_teacher=True)
    assert trial.metrics["accuracy"] == pytest.approx([0.70, 0.702])
    # Half of a student may stand in its folder.
    assert [(told.train.seed, told.overwrite) for told in rest.told] == [(2, True)]


def test_a_setting_that_is_refused_is_a_failure_and_is_tried_again(config, distillations):
    trial = run_trial(config, {"loss.soft": 5.0}, check_teacher=True)
    assert trial.failure == "loss.soft is 5.0, which nobody likes."
    assert math.isnan(trial.mean("accuracy"))
    assert read_trial(trials_folder(config) / trial.name) == trial
    distillations.told.clear()
    assert run_trial(config, {"loss.soft": 5.0}, check_teacher=True).failure
    whole = run_trial(config, {"loss.temperature": 2.0}, check_teacher=True)
    assert "loss.temperature is 2.0" in whole.failure


def test_the_name_is_of_the_values_alone():
    one, other = {"a": 1, "b": [1.5]}, {"b": [1.5], "a": 1}
    assert Trial(one).name == Trial(other, seconds=3.0).name
    assert Trial(one).name != Trial(one | {"a": 2}).name


@pytest.mark.parametrize(("direction", "order"), [("max", "bcade"), ("min", "acbde")])
def test_the_ranking(direction, order):
    trials = {
        "e": Trial({"x": 5}, failure="refused"),
        "d": Trial({"x": 4}, {"accuracy": [math.nan, 0.9]}),
        "a": Trial({"x": 3}, {"accuracy": [0.5, 0.5]}),
        "b": Trial({"x": 2}, {"accuracy": [0.9, 0.7]}),
        "c": Trial({"x": 1}, {"accuracy": [0.7, 0.7]}),
    }
    found = ranked(list(trials.values()), "accuracy", direction)
    assert [trial.values for trial in found] == [trials[name].values for name in order]


def test_equal_trials_are_ranked_by_their_values_however_they_came():
    trials = [Trial({"x": x}, {"accuracy": [0.5]}) for x in (3, 1, 2)]
    for found in (ranked(trials, "accuracy", "max"), ranked(trials[::-1], "accuracy", "max")):
        assert [trial.values["x"] for trial in found] == [1, 2, 3]


def test_only_the_best_students_are_kept(config, distillations):
    for soft in (0.1, 10.0, 1.0, 0.5):
        run_trial(config, {"loss.soft": soft}, check_teacher=True)
        trials = ranked(finished_trials(config), "accuracy", "max")
        prune_students(config, trials)
        kept = [path.parents[1].name for path in trials_folder(config).glob("*/seed_0/model")]
        assert kept == [trials[0].name]
    assert trials[0].values == {"loss.soft": 1.0}
    assert len(list(trials_folder(config).glob("*/seed_2/scores.json"))) == 4


def test_one_setting_in_two_threads_is_run_once(config, distillations):
    threads = [threading.Thread(target=run_trial, args=(config, VALUES, True)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(distillations.told) == 2, "one for each seed"
