"""AugPro-Mix without the vocabulary: the nearest token of a mixture, proven from its parents.

Let `q = x e_a + y e_b` with `x, y >= 0`. The unit row of a token `w` times q, its score, is
`x |a| cos(a, w) + y |b| cos(b, w)`. Between the parents no search is needed. Every token that is
not among the k nearest of a parent has a smaller cosine to it than the k-th of them. So where a
parent, or a neighbour of one, lies above that bound, it is the nearest token of the whole
vocabulary. There are three tiers, each for the positions that the one before left open:

1. the better parent, against a bound from the tables of neighbours alone;
2. the parents and the nearest of their neighbours, against a bound on everybody else;
3. the full search.

The result is that of the full search. Which tier settled a position is given beside it.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfaugkd.compaction import solve_wanted
from tfaugkd.neighbours import Neighbours, nearest_neighbours
from tfaugkd.projection import nearest_among, unit_rows
from tfaugkd.replicas import on_each_replica

# Relative to x |a| + y |b|: more than float32 is wrong by in a product of a few thousand numbers.
_ROUNDING = 1e-5
_POSITIONS_AT_ONCE = 64
# Of the first tier, which takes most positions and little for each.
_PARENTS_AT_ONCE = 1024
# Of the last tier, to which one position in a thousand comes: more would pay for empty places.
_SEARCHED_AT_ONCE = 16
# Neighbours of each parent whose rows are read: more cost more than they settle.
_NEIGHBOURS_READ = 8


class Mixture(NamedTuple):
    """Which tokens were mixed, int32 `[N]`, and by how much, float32 `[N]` from 0 on."""

    own_ids: tf.Tensor
    other_ids: tf.Tensor
    own_share: tf.Tensor
    other_share: tf.Tensor


class Geometry(NamedTuple):
    """What is known of a frozen embedding table.

    `unit_table` is `[V, D]`, `norms` `[V]`, `candidates` bool `[V]`: the tokens that may be found,
    which are the producible ones with a direction. `neighbour_ids` and `neighbour_cosines`
    `[V, k]` are the candidates nearest to each, the nearest first; -1 and minus infinity where
    there are fewer.
    """

    unit_table: tf.Tensor
    norms: tf.Tensor
    candidates: tf.Tensor
    neighbour_ids: tf.Tensor
    neighbour_cosines: tf.Tensor


def geometry_of(
    table: tf.Tensor,
    producible: np.ndarray,
    neighbours: int = 16,
    find: Callable[[np.ndarray, np.ndarray, int], Neighbours] = nearest_neighbours,
) -> Geometry:
    """Gathers what must be known of a table that does not move.

    Args:
        table: `[V, D]`.
        producible: bool `[V]`; tokens that may be found. A zero row never is.
        neighbours: k, how many are known of each token.
        find: Finds them; `neighbours.nearest_neighbours` keeps them on disk.

    Returns:
        The geometry.
    """
    near = find(tf.convert_to_tensor(table).numpy(), producible, neighbours)
    candidates = producible & (near.norms > 0)
    parts = (unit_rows(table), near.norms, candidates, near.ids, near.cosines)
    return Geometry(*(on_each_replica(tf.convert_to_tensor(part)) for part in parts))


class Found(NamedTuple):
    """The nearest tokens, int32 `[N]`, and the tier that settled each: 1, 2 or 3; int32 `[N]`."""

    token_ids: tf.Tensor
    tier: tf.Tensor


class _Weighed(NamedTuple):
    """Both parents, and what their cosines weigh in a score: `x |a|` and `y |b|`; each `[N]`."""

    own_ids: tf.Tensor
    other_ids: tf.Tensor
    own_weight: tf.Tensor
    other_weight: tf.Tensor

    @property
    def margin(self) -> tf.Tensor:
        """By how much a score must lie above a bound."""
        return _ROUNDING * (self.own_weight + self.other_weight)

    def at(self, rows: tf.Tensor) -> "_Weighed":
        """Takes some of the positions."""
        return _Weighed(*(tf.gather(values, rows) for values in self))


def nearest_to_mixtures(mixture: Mixture, is_text: tf.Tensor, geometry: Geometry) -> Found:
    """Finds the token nearest to each mixture by cosine, exactly.

    Args:
        mixture: What is mixed at N positions.
        is_text: bool `[N]`; elsewhere nothing is searched for, and what is found means nothing.
        geometry: The table.

    Returns:
        The tokens and the tiers. Of equally near tokens the lowest is found; where two differ by
        less than float32 can tell, either.
    """
    geometry = Geometry(*(tf.convert_to_tensor(part) for part in geometry))
    # Only their ratio matters; what two tiny shares weigh would be rounded to nothing.
    larger = tf.maximum(mixture.own_share, mixture.other_share)
    own_share, other_share = (tf.math.divide_no_nan(part, larger) for part in mixture[2:])
    weighed = _Weighed(
        *mixture[:2],
        own_share * tf.gather(geometry.norms, mixture.own_ids),
        other_share * tf.gather(geometry.norms, mixture.other_ids),
    )

    def by_parents(rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return _best_of_parents(weighed.at(rows), geometry)

    def by_neighbours(rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return _best_of_neighbours(weighed.at(rows), geometry)

    def by_search(rows: tf.Tensor) -> tuple[tf.Tensor]:
        queries = _queries(weighed.at(rows), geometry)
        return (nearest_among(queries, geometry.unit_table, geometry.candidates),)

    at_once = min(is_text.shape[0], _PARENTS_AT_ONCE)
    tokens, settled = solve_wanted(by_parents, is_text, (mixture.own_ids, ~is_text), at_once)
    tier = tf.where(settled, 1, 2)
    tokens, settled = solve_wanted(by_neighbours, ~settled, (tokens, settled), _POSITIONS_AT_ONCE)
    tier = tf.where(settled, tier, 3)
    (tokens,) = solve_wanted(by_search, ~settled, (tokens,), _SEARCHED_AT_ONCE)
    return Found(tokens, tier)


def _best_of_parents(weighed: _Weighed, geometry: Geometry) -> tuple[tf.Tensor, tf.Tensor]:
    """Gives the better parent, and whether no token can be better."""
    tokens, score = _better_parent(weighed, geometry)
    return tokens, score > _bound_on_others(weighed, geometry) + weighed.margin


def _better_parent(weighed: _Weighed, geometry: Geometry) -> tuple[tf.Tensor, tf.Tensor]:
    """Gives the parent that scores more, and its score; minus infinity where none may be found."""
    own = tf.gather(geometry.unit_table, weighed.own_ids)
    other = tf.gather(geometry.unit_table, weighed.other_ids)
    # Rounding must not tell equal rows apart.
    equal = tf.reduce_all(own == other, axis=-1)
    cosine = tf.where(equal, 1.0, tf.reduce_sum(own * other, axis=-1))
    own_score = weighed.own_weight + weighed.other_weight * cosine
    other_score = weighed.own_weight * cosine + weighed.other_weight
    ids = tf.stack([weighed.own_ids, weighed.other_ids], axis=-1)
    scores = tf.stack([own_score, other_score], axis=-1)
    return _lowest_best(ids, tf.where(_may_be_found(ids, geometry), scores, float("-inf")))


def _bound_on_others(weighed: _Weighed, geometry: Geometry) -> tf.Tensor:
    """Bounds the score of every token but the parents, from the tables of neighbours: `[N]`."""
    own_ids, own_cosines = _neighbours(weighed.own_ids, geometry)
    other_ids, other_cosines = _neighbours(weighed.other_ids, geometry)
    same = own_ids[:, :, tf.newaxis] == other_ids[:, tf.newaxis, :]
    # A neighbour of one parent alone has at most the last listed cosine to the other.
    to_other = tf.where(same, other_cosines[:, tf.newaxis, :], other_cosines[:, tf.newaxis, -1:])
    to_own = tf.where(same, own_cosines[:, :, tf.newaxis], own_cosines[:, -1:, tf.newaxis])
    own_weight, other_weight = (
        weighed.own_weight[:, tf.newaxis],
        weighed.other_weight[:, tf.newaxis],
    )
    near_own = own_weight * own_cosines + other_weight * tf.reduce_max(to_other, axis=2)
    near_other = other_weight * other_cosines + own_weight * tf.reduce_max(to_own, axis=1)
    far = own_weight * own_cosines[:, -1:] + other_weight * other_cosines[:, -1:]
    parent = own_ids == weighed.other_ids[:, tf.newaxis]
    near_own = tf.where(parent | (own_ids < 0), float("-inf"), near_own)
    parent = other_ids == weighed.own_ids[:, tf.newaxis]
    near_other = tf.where(parent | (other_ids < 0), float("-inf"), near_other)
    return tf.reduce_max(tf.concat([near_own, near_other, far], axis=-1), axis=-1)


def _best_of_neighbours(weighed: _Weighed, geometry: Geometry) -> tuple[tf.Tensor, tf.Tensor]:
    """Gives the best of parents and nearest neighbours, and whether no token can be better."""
    own_ids, own_cosines = _neighbours(weighed.own_ids, geometry, _NEIGHBOURS_READ)
    other_ids, other_cosines = _neighbours(weighed.other_ids, geometry, _NEIGHBOURS_READ)
    parents = tf.stack([weighed.own_ids, weighed.other_ids], axis=-1)
    ids = tf.concat([parents, own_ids, other_ids], axis=-1)
    rows = tf.gather(geometry.unit_table, tf.maximum(ids, 0))
    # No product of matrices: a GPU would round its factors to TF32, and the proof would not hold.
    scores = tf.reduce_sum(rows * _queries(weighed, geometry)[:, tf.newaxis], axis=-1)
    scores = tf.where(_may_be_found(ids, geometry), scores, float("-inf"))
    tokens, score = _lowest_best(ids, scores)
    bound = weighed.own_weight * own_cosines[:, -1] + weighed.other_weight * other_cosines[:, -1]
    return tokens, score > bound + weighed.margin


def _queries(weighed: _Weighed, geometry: Geometry) -> tf.Tensor:
    """Gives the mixtures themselves, `[N, D]`."""
    own = tf.gather(geometry.unit_table, weighed.own_ids)
    other = tf.gather(geometry.unit_table, weighed.other_ids)
    return weighed.own_weight[:, tf.newaxis] * own + weighed.other_weight[:, tf.newaxis] * other


def _neighbours(
    ids: tf.Tensor, geometry: Geometry, count: int | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    near = tf.gather(geometry.neighbour_ids[:, :count], ids)
    # No cosine is below -1, and 0 times minus infinity would be no number.
    return near, tf.maximum(tf.gather(geometry.neighbour_cosines[:, :count], ids), -1.0)


def _may_be_found(ids: tf.Tensor, geometry: Geometry) -> tf.Tensor:
    return (ids >= 0) & tf.gather(geometry.candidates, tf.maximum(ids, 0))


def _lowest_best(ids: tf.Tensor, scores: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Gives the token of the highest score, the lowest of several; `[N, K]` each to `[N]` each."""
    best = tf.reduce_max(scores, axis=-1, keepdims=True)
    last = tf.int32.max
    tokens = tf.reduce_min(tf.where(scores == best, ids, last), axis=-1)
    return tokens, tf.squeeze(best, axis=-1)
