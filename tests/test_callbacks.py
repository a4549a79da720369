import math
from types import SimpleNamespace

import pytest

from tfaugkd import callbacks
from tfaugkd.callbacks import ProgressLines, SplitScores, StepTimer


@pytest.fixture
def clock(monkeypatch):
    """A clock that tests set; it replaces the real one."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(callbacks, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    return clock


def test_the_time_of_a_step_is_the_median_so_that_compilation_does_not_count(clock):
    timer = StepTimer()
    assert math.isnan(timer.seconds_per_step)
    for seconds in (30.0, 0.2, 0.4):
        timer.on_train_batch_begin(0)
        clock.now += seconds
        timer.on_train_batch_end(0)
        clock.now += 7.0  # What lies between two steps is not the step's.
    assert timer.seconds_per_step == pytest.approx(0.4)


def test_a_line_at_the_first_and_last_step_and_now_and_then(clock, caplog):
    lines = ProgressLines(steps=6, every_s=10.0)
    with caplog.at_level("INFO", "tfaugkd"):
        for step in range(6):
            clock.now += 4.0
            lines.on_train_batch_end(step, {"loss": step / 2})
    # Steps end at 4, 8, 12, 16, 20 and 24 seconds; 14 is 10 after the first line.
    assert [record.getMessage().strip() for record in caplog.records] == [
        "step 1 of 6, loss 0.000",
        "step 4 of 6, loss 1.500",
        "step 6 of 6, loss 2.500",
    ]


def test_scores_of_the_split_join_the_logs():
    logs = {"loss": 0.5}
    SplitScores(lambda: {"accuracy": 0.9, "f1": 0.8}).on_epoch_end(0, logs)
    assert logs == {"loss": 0.5, "val_accuracy": 0.9, "val_f1": 0.8}
    SplitScores(lambda: {"accuracy": 0.9}).on_epoch_end(0, None)
