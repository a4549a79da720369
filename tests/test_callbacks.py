import math
from types import SimpleNamespace

import pytest

from tfaugkd import callbacks
from tfaugkd.callbacks import BestWeights, LearningRate, ProgressLines, SplitScores, StepTimer

# What makes four steps before it calls its callbacks.
FOUR_AT_ONCE = SimpleNamespace(steps_per_execution=4, optimizer=SimpleNamespace(learning_rate=0.5))


@pytest.fixture
def clock(monkeypatch):
    """A clock that tests set; it replaces the real one."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(callbacks, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    return clock


def test_the_time_of_a_step_is_the_median_so_that_compilation_does_not_count(clock):
    timer = StepTimer(batch_size=8)
    assert math.isnan(timer.seconds_per_step)
    logs = {"loss": 1.0}
    for seconds in (30.0, 0.2, 0.4):
        timer.on_train_batch_begin(0)
        clock.now += seconds
        timer.on_train_batch_end(0, logs)
        clock.now += 7.0  # What lies between two steps is not the step's.
    assert timer.seconds_per_step == pytest.approx(0.4)
    assert timer.examples_per_second == pytest.approx(20)
    assert logs == pytest.approx(
        {"loss": 1.0, "steps_per_second": 2.5, "examples_per_second": 20.0}
    )
    timer.set_model(FOUR_AT_ONCE)
    timer.on_train_batch_begin(4)
    clock.now += 8.0
    timer.on_train_batch_end(7)
    assert timer.seconds[-1] == pytest.approx(2.0)


def test_a_line_at_the_first_and_last_step_and_now_and_then(clock, caplog):
    timer = StepTimer(batch_size=8)
    timer.seconds = [0.5]
    lines = ProgressLines(steps=6, timer=timer, every_s=10.0)
    with caplog.at_level("INFO", "tfaugkd"):
        for step in range(6):
            clock.now += 4.0
            lines.on_train_batch_end(step, {"loss": step / 2})
    # Steps end at 4, 8, 12, 16, 20 and 24 seconds; 14 is 10 after the first line.
    assert [record.getMessage().strip() for record in caplog.records] == [
        "step 1 of 6, loss 0.000",
        "step 4 of 6, loss 1.500, 16 examples a second",
        "step 6 of 6, loss 2.500, 16 examples a second",
    ]


def test_steps_that_are_made_at_once_are_all_counted(caplog):
    lines, rate = ProgressLines(steps=12, timer=StepTimer(8)), LearningRate(every=6)
    logs = [{}, {}, {}]
    with caplog.at_level("INFO", "tfaugkd"):
        for callback in (lines, rate):
            callback.set_model(FOUR_AT_ONCE)
            for execution, of_execution in enumerate(logs):
                callback.on_train_batch_end(4 * execution + 3, of_execution)
    written = [record.getMessage().strip() for record in caplog.records]
    assert [line.partition(",")[0] for line in written] == ["step 4 of 12", "step 12 of 12"]
    # After 8 and 12 steps a multiple of 6 is behind.
    assert logs == [{}, {"learning_rate": 0.5}, {"learning_rate": 0.5}]


def test_the_learning_rate_joins_the_logs_now_and_then():
    rate = LearningRate(every=2)
    rate.set_model(SimpleNamespace(optimizer=SimpleNamespace(learning_rate=0.5)))
    logs = [{}, {}, {}, {}]
    for step, of_step in enumerate(logs):
        rate.on_train_batch_end(step, of_step)
    assert logs == [{}, {"learning_rate": 0.5}] * 2
    rate.on_train_batch_end(5, None)


def test_scores_of_the_split_join_the_logs():
    logs = {"loss": 0.5}
    SplitScores(lambda: {"accuracy": 0.9, "f1": 0.8}).on_epoch_end(0, logs)
    assert logs == {"loss": 0.5, "val_accuracy": 0.9, "val_f1": 0.8}
    SplitScores(lambda: {"accuracy": 0.9}).on_epoch_end(0, None)


class Weights:
    """What `BestWeights` asks of a model."""

    def __init__(self):
        self.values = [0]

    def get_weights(self):
        return list(self.values)

    def set_weights(self, values):
        self.values = values


@pytest.mark.parametrize(
    ("scores", "kept"),
    [([0.1, 0.5, 0.4], 2), ([0.5, 0.5], 1), ([float("nan"), -0.2, float("nan")], 2), ([0.3], 1)],
)
def test_the_best_weights_come_back(scores, kept, caplog):
    model = Weights()
    callback = BestWeights(model, "val_accuracy")
    with caplog.at_level("INFO", logger="tfaugkd"):
        for epoch, score in enumerate(scores):
            for batch in range(3):
                callback.on_train_batch_end(batch)
            model.values = [epoch + 1]
            callback.on_epoch_end(epoch, {"val_accuracy": score})
        callback.on_train_end()
    assert model.values == [kept]
    assert f"Kept the weights of step {3 * kept}: val_accuracy" in caplog.text


def test_without_a_number_the_last_weights_stay_and_it_is_said(caplog):
    model = Weights()
    callback = BestWeights(model, "val_accuracy")
    callback.on_epoch_end(0, {"val_accuracy": float("nan")})
    model.values = [7]
    callback.on_train_end()
    assert model.values == [7]
    assert "No val_accuracy was a number: the last weights are kept." in caplog.text
