"""What a token may be replaced with: a table made once, before training, from which steps draw."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfaugkd.augment.randomness import below
from tfaugkd.errors import InputError


class Candidates(NamedTuple):
    """The tokens that may stand for each token.

    `ids` is int32 `[V, K]`, of which the first `counts` (int32 `[V]`) in a row are meant. Both are
    tensors, not arrays, so that a compiled step reads them instead of having them written into it.
    """

    ids: tf.Tensor
    counts: tf.Tensor

    def draw(self, token_ids: tf.Tensor, numbers: tf.Tensor) -> tf.Tensor:
        """Draws a candidate for each token, all as likely.

        Args:
            token_ids: int32 `[B, S]`.
            numbers: int32 `[B, S]`; random ones.

        Returns:
            int32 `[B, S]`; of no meaning for a token that has no candidate.
        """
        place = below(numbers, tf.gather(self.counts, token_ids))
        return tf.gather_nd(self.ids, tf.stack([token_ids, place], axis=-1))

    def exist(self, token_ids: tf.Tensor) -> tf.Tensor:
        """Tells which tokens have a candidate: int32 `[B, S]` to bool `[B, S]`."""
        return tf.gather(self.counts, token_ids) > 0


def candidates_of(lists: Mapping[int, Sequence[int]], size: int) -> Candidates:
    """Makes a table of lists that differ in length.

    Args:
        lists: For a token, those that may stand for it.
        size: V.

    Returns:
        The table.
    """
    longest = max((len(ids) for ids in lists.values()), default=0)
    table = np.zeros([size, max(1, longest)], np.int32)
    counts = np.zeros(size, np.int32)
    for token, ids in lists.items():
        table[token, : len(ids)] = ids
        counts[token] = len(ids)
    return Candidates(tf.constant(table), tf.constant(counts))


def with_candidates(method: Any, candidates: Candidates) -> Any:
    """Gives a copy of a method whose field `candidates` is set; it is no option of the method."""
    made = copy.copy(method)
    object.__setattr__(made, "candidates", candidates)
    return made


def prepared_candidates(name: str, candidates: Candidates | None) -> Candidates:
    """Gives a method's table.

    Args:
        name: The method's name.
        candidates: Its table, if it has been made.

    Returns:
        The table.

    Raises:
        InputError: It has not been made.
    """
    if candidates is None:
        raise InputError(
            f"{name} has no table to draw from yet: call it through a Distiller, or as the method "
            "that its prepared(teacher) gives."
        )
    return candidates
