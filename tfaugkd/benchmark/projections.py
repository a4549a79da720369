"""Times the projection by itself: naive, in blocks, and certified."""

import logging
import time
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from tfaugkd.benchmark.agreement import require_right
from tfaugkd.benchmark.brute_force import BruteForce
from tfaugkd.benchmark.memory import available_memory, with_extra_memory
from tfaugkd.benchmark.naive import naive_nearest
from tfaugkd.benchmark.positions import Positions
from tfaugkd.certificate import Found, geometry_of, nearest_to_mixtures
from tfaugkd.latency import Latency, interleaved, seconds
from tfaugkd.projection import nearest_tokens

Calls = dict[str, Callable[[], tf.Tensor | Found]]

_LOG = logging.getLogger("tfaugkd")
# What else a run holds, beside the naive projection's similarities.
_HEADROOM = 2**30


class TimedProjection(NamedTuple):
    """How long a projection took, and how much memory beyond its inputs."""

    latency: Latency
    extra_bytes: int | None


class Projections(NamedTuple):
    """What was measured of the projection.

    `tiers` are the shares of the text that the certificate settled by parents, by neighbours and by
    search; `geometry_s` the seconds that it took to find the neighbours once, or to read them.
    `timed` lacks the naive projection where it does not fit into memory.
    """

    positions: int
    with_text: int
    width: int
    vocabulary: int
    tiers: tuple[float, ...]
    geometry_s: float
    timed: dict[str, TimedProjection]


def time_projections(positions: Positions, repeats: int) -> Projections:
    """Checks each way to project against brute force, then times them in turns.

    Args:
        positions: What is projected.
        repeats: Timed calls of each.

    Returns:
        The measurements.

    Raises:
        RuntimeError: Something projects to another token than it should.
    """
    began = time.perf_counter()
    geometry = geometry_of(positions.table, positions.producible)
    geometry_s = time.perf_counter() - began
    certified = tf.function(nearest_to_mixtures, jit_compile=True, autograph=False)
    wanted = _wanted(positions)
    calls: Calls = _searches(positions)
    calls["certified"] = lambda: certified(positions.mixture, wanted, geometry)
    for name, call in calls.items():
        _LOG.info("Projection, %s: compiled and run once in %.1f s.", name, seconds(call))
    found = {name: with_extra_memory(call) for name, call in calls.items()}
    _check(positions, {name: result for name, (result, _) in found.items()})
    times = interleaved(calls, repeats)
    tier = tf.boolean_mask(found["certified"][0].tier, wanted)
    size, width = positions.table.shape
    return Projections(
        positions=wanted.shape[0],
        with_text=int(tf.reduce_sum(tf.cast(wanted, tf.int32))),
        width=width,
        vocabulary=size,
        tiers=tuple(float(tf.reduce_mean(tf.cast(tier == n, tf.float32))) for n in (1, 2, 3)),
        geometry_s=geometry_s,
        timed={name: TimedProjection(times[name], found[name][1]) for name in calls},
    )


def _searches(positions: Positions) -> Calls:
    """Gives the searches over the whole vocabulary, naive and in blocks."""
    table = (positions.unit_table, tf.constant(positions.producible))
    naive = tf.function(naive_nearest, jit_compile=True, autograph=False)
    blockwise = tf.function(nearest_tokens, jit_compile=True, autograph=False)
    queries, wanted = positions.queries, _wanted(positions)
    calls: Calls = {"blockwise": lambda: blockwise(queries, *table, wanted)}
    similarities = 4 * queries.shape[0] * table[0].shape[0]
    free = available_memory()
    if free is not None and free < similarities + _HEADROOM:
        _LOG.warning(
            "The naive projection is left out: it fills %.1f GB, and %.1f GB are free.",
            *(similarities / 1e9, free / 1e9),
        )
        return calls
    return {"naive": lambda: naive(queries, *table)} | calls


def _wanted(positions: Positions) -> tf.Tensor:
    return positions.is_text & tf.reduce_any(positions.queries != 0, axis=-1)


def _check(positions: Positions, results: dict[str, tf.Tensor | Found]) -> None:
    """Holds the tokens that each way found to brute force."""
    wanted = _wanted(positions).numpy()
    queries = positions.queries.numpy()[wanted]
    search = BruteForce(positions.unit_table.numpy(), positions.producible)
    nearest = search.nearest(queries)
    for name, result in results.items():
        tokens = result.token_ids if isinstance(result, Found) else result
        verdict = search.judge(queries, nearest, tokens.numpy()[wanted])
        require_right(f"projection, {name}: its tokens", verdict)
