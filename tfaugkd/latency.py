"""How long one call takes, as its caller feels it."""

import statistics
import time
from collections.abc import Callable
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
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        _fetch(call())
        times.append(time.perf_counter() - start)
    return Latency(statistics.median(times), min(times), max(times))


def _fetch(result: object) -> None:
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, list | tuple):
        for part in result:
            _fetch(part)
    elif hasattr(result, "numpy"):
        result.numpy()
