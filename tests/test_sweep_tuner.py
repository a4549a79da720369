import keras_tuner
import pytest
from sweeps import Distillations

from tfaugkd import sweep_trials, sweep_tuner
from tfaugkd.errors import InputError
from tfaugkd.job_configs import DistillConfig
from tfaugkd.sweep_config import SweepConfig
from tfaugkd.sweep_space import read_space
from tfaugkd.sweep_trials import finished_trials, ranked
from tfaugkd.sweep_tuner import draw, search, shortened
from tfaugkd.train_config import TrainConfig

ACCURACY = keras_tuner.Objective("accuracy", "max")
SPACE = [
    {"key": "loss.soft", "float": [0.1, 10.0], "log": True},
    {"key": "loss.distance", "choice": ["mse", "kl"]},
]
GRID = [{"key": "loss.soft", "float": [0.1, 0.7], "step": 0.1}, SPACE[1]]
# Six trials are drawn at random before bayesian search begins to learn.
TUNERS = {
    "random": {"max_trials": 12},
    "grid": {"max_trials": 12},
    "bayesian": {"max_trials": 8},
    "hyperband": {"hyperband_epochs": 3},
}


def config_of(folder, tuner, **changed):
    space = GRID if tuner == "grid" else SPACE
    keys = {"tuner": tuner, "output": str(folder), "space": space}
    return SweepConfig(**(keys | TUNERS[tuner] | changed))


@pytest.fixture(autouse=True)
def _nothing_to_collect(monkeypatch):
    """Stand-ins leave no models behind, and looking for them takes long."""
    monkeypatch.setattr(sweep_trials.gc, "collect", lambda: 0)


@pytest.fixture
def run(monkeypatch):
    """Runs a sweep of stand-ins; gives how many there were, and the ranking."""

    def runs(config, objective=ACCURACY, interrupt_after=10**6):
        stand_in = Distillations(interrupt_after)
        monkeypatch.setattr(sweep_trials, "distill", stand_in)
        try:
            search(config, objective)
        except KeyboardInterrupt:
            return len(stand_in.told), None
        done = ranked(finished_trials(config), objective.name, objective.direction)
        return len(stand_in.told), [(trial.values, trial.metrics) for trial in done]

    return runs


@pytest.mark.parametrize("tuner", TUNERS)
def test_an_interrupted_sweep_ends_as_an_uninterrupted_one(tuner, run, tmp_path):
    count, ranking = run(config_of(tmp_path / "whole", tuner))
    assert count == len(ranking) == TUNERS[tuner].get("max_trials", count)
    parts = config_of(tmp_path / "parts", tuner)
    assert run(parts, interrupt_after=4) == (4, None)
    assert run(parts) == (count - 4, ranking)


def test_a_grid_is_tried_whole(run, tmp_path):
    config = config_of(tmp_path, "grid", max_trials=None)
    count, ranking = run(config)
    settings = {(values["loss.soft"], values["loss.distance"]) for values, _ in ranking}
    wanted = {round(0.1 * n, 1) for n in range(1, 8)}
    assert settings == {(soft, name) for soft in wanted for name in ("mse", "kl")}
    assert count == 14


def test_hyperband_trains_the_better_ones_longer(run, tmp_path):
    told = DistillConfig(train=TrainConfig(steps=90))
    _, ranking = run(config_of(tmp_path, "hyperband", distill=told, hyperband_epochs=9))
    steps = [values["train.steps"] for values, _ in ranking]
    # Nine parts and a factor of three: one, three and nine parts.
    assert set(steps) == {10, 30, 90}
    longest = {values["loss.soft"] for values, _ in ranking if values["train.steps"] == 90}
    shortest = {values["loss.soft"] for values, _ in ranking if values["train.steps"] == 10}
    assert longest & shortest, "some went on from the shortest round to the longest"


def test_the_smallest_can_be_the_best(run, tmp_path):
    config = config_of(tmp_path, "random", max_trials=3)
    _, ranking = run(config, keras_tuner.Objective("accuracy", "min"))
    assert ranking[0][1]["accuracy"] < ranking[-1][1]["accuracy"]


def test_settings_that_are_refused_or_diverge_do_not_stop_it(run, tmp_path):
    space = [{"key": "loss.soft", "choice": [1.0, 5.0, 7.0, 2.0]}]
    count, ranking = run(config_of(tmp_path, "grid", space=space))
    assert count == 3
    assert [values["loss.soft"] for values, _ in ranking] == [1.0, 2.0, 7.0, 5.0]


def test_a_sweep_in_which_nothing_can_be_run_is_stopped(run, tmp_path):
    space = [
        {"key": "loss.soft", "choice": [5.0]},
        {"key": "train.steps", "choice": [1, 2, 3, 4]},
    ]
    with pytest.raises(InputError, match="None of the first 3 trials could be run; one says: loss"):
        run(config_of(tmp_path, "grid", space=space))


def test_an_objective_that_the_runs_do_not_have(run, tmp_path):
    with pytest.raises(InputError, match="objective is 'f1', which the runs do not have; they"):
        run(config_of(tmp_path, "random"), keras_tuner.Objective("f1", "max"))


def test_a_bug_is_not_taken_for_a_setting_that_failed(tmp_path, monkeypatch):
    def stand_in(config):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(sweep_trials, "distill", stand_in)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        search(config_of(tmp_path, "random"), ACCURACY)


def test_the_teacher_is_checked_once_for_each_teacher_and_data(tmp_path, monkeypatch):
    stand_in = Distillations()
    monkeypatch.setattr(sweep_trials, "distill", stand_in)
    space = [
        {"key": "data.train_examples", "choice": [8, 16]},
        {"key": "loss.soft", "choice": [1.0, 2.0, 3.0]},
    ]
    search(config_of(tmp_path, "grid", space=space), ACCURACY)
    checked = [told.data.train_examples for told in stand_in.told if told.check_teacher]
    assert sorted(checked) == [8, 16]


@pytest.mark.parametrize(
    ("train", "lengths"),
    [
        (TrainConfig(steps=90), [{"train.steps": n} for n in (10, 30, 90)]),
        (TrainConfig(steps=100), [{"train.steps": n} for n in (12, 34, 100)]),
        (TrainConfig(steps=100, evaluate_every=20), [{"train.steps": n} for n in (20, 40, 100)]),
        (TrainConfig(epochs=6), [{"train.epochs": n} for n in (1, 2, 6)]),
    ],
)
def test_the_length_of_a_training_that_is_only_begun(train, lengths):
    assert [shortened(train, part, 9) for part in (1, 3, 9)] == lengths


def test_what_keras_tuner_draws_from():
    space = read_space([*SPACE, {"key": "student.layers", "int": [1, 4]}])
    hp = keras_tuner.HyperParameters()
    assert draw(space, hp) == {"loss.soft": 0.1, "loss.distance": "mse", "student.layers": 1}
    soft, distance, layers = hp.space
    assert (soft.min_value, soft.max_value, soft.sampling) == (0.1, 10.0, "log")
    assert distance.values == ['"mse"', '"kl"']
    assert (layers.min_value, layers.max_value, layers.step) == (1, 4, 1)
    # A worker is told in single precision.
    hp = keras_tuner.HyperParameters.from_proto(hp.to_proto())
    assert draw(space, hp) == {"loss.soft": 0.1, "loss.distance": "mse", "student.layers": 1}


def test_workers_wait_before_they_ask_again(monkeypatch):
    slept = []
    monkeypatch.setattr(sweep_tuner.time, "sleep", slept.append)
    sweep_tuner.SweepTuner.pre_create_trial(None)
    assert 0 < sum(slept) < 1
