import pytest

from tfaugkd.errors import InputError
from tfaugkd.latency import interleaved, latency


class Clock:
    """A clock that stands still between calls to `work`."""

    def __init__(self):
        self.now = 0.0

    def work(self, seconds):
        self.now += seconds


class Queued:
    """Like a tensor on an accelerator: the work is done when the value is fetched."""

    def __init__(self, clock, seconds):
        self.clock, self.seconds = clock, seconds

    def numpy(self):
        self.clock.work(self.seconds)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("time.perf_counter", lambda: clock.now)
    return clock


def test_median_of_the_calls_after_warming_up(clock):
    durations = iter([100, 100, 5, 1, 2])
    assert latency(lambda: clock.work(next(durations)), repeats=3, warmup=2) == (2, 1, 5)


def test_queued_work_is_counted_wherever_it_is(clock):
    result = {"logits": Queued(clock, 1), "hidden": [Queued(clock, 2), (Queued(clock, 4), None)]}
    assert latency(lambda: result, repeats=2, warmup=0).median_s == 7


def test_counts_are_checked():
    for wrong in ({"repeats": 0}, {"warmup": -1}):
        with pytest.raises(InputError, match="at least 1 and 0"):
            latency(lambda: None, **wrong)


def test_calls_take_turns_and_each_round_begins_with_another(clock):
    called, rounds = [], []
    takes = {"a": iter([1, 5, 2]), "b": iter([10, 30, 20])}

    def call(name):
        called.append(name)
        clock.work(next(takes[name]))

    times = interleaved({"a": lambda: call("a"), "b": lambda: call("b")}, 3, rounds.append)
    assert times == {"a": (2, 1, 5), "b": (20, 10, 30)}
    assert "".join(called) == "abbaab"
    assert rounds == [1, 2, 3]
