"""How long a call takes, as its caller feels it."""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from tfaugkd.errors import InputError


class Latency(NamedTuple):
    """Wall time of one call, in seconds.

    Attributes:
        median_s: Median over the timed calls.
        min_s: The fastest.
        max_s: The slowest.
    """

    median_s: float
    min_s: float
    max_s: float


def latency(call: Callable[[], object], repeats: int = 20, warmup: int = 3) -> Latency:
    """Times a call by the wall clock, until its result is on the host.

    Args:
        call: What is timed. It should return what it computes: tensors in it (also inside lists,
            tuples and dicts) are fetched, so that work queued on an accelerator is counted.
        repeats: Timed calls, at least 1.
        warmup: Calls before that are not timed (tracing, compiling, caches), at least 0.

    Returns:
        Median, fastest and slowest.

    Raises:
        InputError: repeats or warmup is too small.
    """
    if repeats < 1 or warmup < 0:
        raise InputError(
            f"repeats is {repeats} and warmup {warmup}, but they must be at least 1 and 0."
        )
    for _ in range(warmup):
        _fetch(call())
    return _summary([seconds(call) for _ in range(repeats)])


def interleaved(
    calls: Mapping[str, Callable[[], object]],
    repeats: int,
    after_round: Callable[[int], None] = lambda number: None,
) -> dict[str, Latency]:
    """Times several calls in turns, so that whatever slows the machine down slows all alike.

    Each round begins with another call, so that none always follows the same one.

    Args:
        calls: What is timed, by name; see `latency`. None of it is called before it is timed.
        repeats: Rounds, at least 1.
        after_round: Told the number of each round that is done, from 1.

    Returns:
        Median, fastest and slowest of each.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(repeats):
        for name in _rotated(list(calls), number):
            times[name].append(seconds(calls[name]))
        after_round(number + 1)
    return {name: _summary(of_call) for name, of_call in times.items()}


def _rotated(names: list[str], by: int) -> Iterator[str]:
    return (names[(place + by) % len(names)] for place in range(len(names)))


def seconds(call: Callable[[], object]) -> float:
    """Times one call until its result is on the host."""
    start = time.perf_counter()
    _fetch(call())
    return time.perf_counter() - start


def _summary(times: list[float]) -> Latency:
    return Latency(statistics.median(times), min(times), max(times))


def _fetch(result: object) -> None:
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, list | tuple):
        for part in result:
            _fetch(part)
    elif hasattr(result, "numpy"):
        result.numpy()
