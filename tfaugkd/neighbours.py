"""The nearest neighbours of every token in an embedding table, found once and kept on disk."""

import hashlib
import logging
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfaugkd.array_cache import cached_arrays, keep_arrays
from tfaugkd.projection import unit_rows

_LOG = logging.getLogger("tfaugkd")
# Part of a cached file's name: a new number where the same table would give another result.
_VERSION = 1
_ROWS_AT_ONCE = 256
# float32 may put tokens into the wrong order that are as near as this many places; float64 decides.
_SPARE = 8


class Neighbours(NamedTuple):
    """The k tokens nearest to each token by cosine, from the nearest on, without the token itself.

    `ids` is int32 `[V, k]`, `cosines` float32 `[V, k]`; where a token has fewer neighbours, -1 and
    minus infinity. `norms` float32 `[V]` are the lengths of the table's rows. The last column of
    `cosines` bounds the cosine of every token that is not listed.
    """

    ids: np.ndarray
    cosines: np.ndarray
    norms: np.ndarray


def nearest_neighbours(table: np.ndarray, allowed: np.ndarray, k: int) -> Neighbours:
    """Finds every token's neighbours, or reads them from the cache.

    Args:
        table: float `[V, D]`.
        allowed: bool `[V]`; which tokens may be neighbours. A zero row has no direction: it neither
            is nor has a neighbour.
        k: How many neighbours, 1 or more.

    Returns:
        The neighbours, exact but for the rounding of the cosines to float32; of equally near
        tokens, the lowest come first.
    """
    table = np.ascontiguousarray(table, np.float32)
    name = _cache_name(table, allowed, k)
    cached = _cached(name, (len(table), k))
    if cached is not None:
        return cached
    _LOG.info(
        "Finding the %d nearest neighbours of %d tokens, once for this table: seconds to a minute.",
        *(k, len(table)),
    )
    found = find_neighbours(table, allowed, k)
    keep_arrays(name, found._asdict())
    return found


def find_neighbours(table: np.ndarray, allowed: np.ndarray, k: int) -> Neighbours:
    """Finds every token's neighbours, some rows of the table at a time; see `nearest_neighbours`.

    Args:
        table: float32 `[V, D]`.
        allowed: bool `[V]`.
        k: How many neighbours, 1 or more.

    Returns:
        The neighbours.
    """
    size, norms = len(table), np.linalg.norm(table, axis=1)
    ids, cosines = np.full([size, k], -1, np.int32), np.full([size, k], -np.inf, np.float32)
    candidates = np.flatnonzero(allowed & (norms > 0)).astype(np.int32)
    columns = unit_rows(table[candidates])
    # The token itself may be among those that are found, and is then left out.
    taken = min(k + 1 + _SPARE, len(candidates))
    for start in range(0, size if taken else 0, _ROWS_AT_ONCE):
        rows = np.arange(start, min(start + _ROWS_AT_ONCE, size))
        similarity = tf.matmul(unit_rows(table[rows]), columns, transpose_b=True)
        near = candidates[tf.math.top_k(similarity, taken).indices.numpy()]
        ordered, values = _in_order(table, rows, near)
        count = min(k, taken)
        ids[rows, :count] = np.where(np.isfinite(values), ordered, -1)[:, :count]
        cosines[rows, :count] = values[:, :count]
    return Neighbours(ids, cosines, norms.astype(np.float32))


def _in_order(
    table: np.ndarray, rows: np.ndarray, near: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Orders what was found for each row `[N, K]` by its cosine in float64; the row itself last."""
    own, others = _unit(table[rows]), _unit(table[near])
    cosines = np.einsum("nd,nkd->nk", own, others)
    cosines[(near == rows[:, np.newaxis]) | ~own.any(axis=-1, keepdims=True)] = -np.inf
    order = np.lexsort((near, -cosines), axis=-1)
    return np.take_along_axis(near, order, -1), np.take_along_axis(cosines, order, -1)


def _unit(rows: np.ndarray) -> np.ndarray:
    rows = rows.astype(np.float64)
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    return rows / np.where(norms > 0, norms, 1.0)


def _cache_name(table: np.ndarray, allowed: np.ndarray, k: int) -> str:
    content = hashlib.sha256(f"{_VERSION} {table.shape} {k} ".encode())
    content.update(table.tobytes())
    content.update(np.packbits(allowed).tobytes())
    return f"neighbours-{content.hexdigest()[:32]}"


def _cached(name: str, shape: tuple[int, int]) -> Neighbours | None:
    arrays = cached_arrays(name)
    if arrays is None or arrays.keys() != set(Neighbours._fields):
        return None
    found = Neighbours(**arrays)
    whole = found.ids.shape == found.cosines.shape == shape and found.norms.shape == shape[:1]
    return found if whole else None
