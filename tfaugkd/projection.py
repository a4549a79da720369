"""Projection `p`: from embeddings back to tokens (AugPro, Equation 5 and Algorithm 2).

The algorithm prints an unnormalised product and `argmin`; Equation 5 and the text say what is
meant: the token of the vocabulary whose embedding has the largest cosine with the given one.
"""

import tensorflow as tf

from tfaugkd.compaction import solve_wanted

_MOST_AT_ONCE = 256
_LEAST_AT_ONCE = 8
# What a block's similarities may fill: 32 MB of float32.
_SIMILARITIES_AT_ONCE = 2**23


def unit_rows(table: tf.Tensor) -> tf.Tensor:
    """Scales rows to length 1: `[V, D]` to float32 `[V, D]`; a zero row stays zero."""
    return tf.math.l2_normalize(tf.cast(table, tf.float32), axis=-1)


def nearest_tokens(
    embeddings: tf.Tensor,
    unit_table: tf.Tensor,
    producible: tf.Tensor,
    wanted: tf.Tensor | None = None,
    recall: float = 1.0,
) -> tf.Tensor:
    """Finds the token nearest to each embedding by cosine, over the whole vocabulary.

    Args:
        embeddings: `[N, D]` with N known when the graph is made.
        unit_table: `[V, D]`, from `unit_rows`.
        producible: bool `[V]`; tokens that may be found. A zero row has no direction and is
            never found.
        wanted: bool `[N]`; where nothing is searched for, 0 is given. All if not given.
        recall: Share of the embeddings whose nearest token is found; the others get a near one.
            1 is exact. Below it, TPUs have a faster search (Chern et al., 2022); on CPUs it is
            exact all the same.

    Returns:
        int32 `[N]`; of several equally near tokens, the lowest. For a zero embedding, which has
        no nearest token, the lowest producible one.
    """
    has_direction = tf.reduce_any(unit_table != 0, axis=-1)
    return nearest_among(embeddings, unit_table, producible & has_direction, wanted, recall)


def nearest_among(
    embeddings: tf.Tensor,
    unit_table: tf.Tensor,
    candidates: tf.Tensor,
    wanted: tf.Tensor | None = None,
    recall: float = 1.0,
) -> tf.Tensor:
    """Finds the nearest token like `nearest_tokens`, where it is known which rows are not zero.

    The similarities are taken for a block of embeddings at a time, so that they never fill
    `N x V` floats, and only for those that are wanted.

    Args:
        embeddings: `[N, D]` with N known when the graph is made.
        unit_table: `[V, D]`, from `unit_rows`.
        candidates: bool `[V]`; tokens that may be found, none of them a zero row.
        wanted: See `nearest_tokens`.
        recall: See `nearest_tokens`.

    Returns:
        int32 `[N]`.
    """
    count, _ = embeddings.shape
    at_once = min(count, _queries_at_once(unit_table.shape[0]))
    penalty = tf.where(candidates, 0.0, float("-inf"))

    def search(queries: tf.Tensor) -> tf.Tensor:
        queries = tf.cast(queries, tf.float32)
        similarity = tf.matmul(queries, unit_table, transpose_b=True) + penalty
        return _largest(similarity, recall)

    if wanted is None and count == at_once:
        return search(embeddings)
    (found,) = solve_wanted(
        lambda positions: (search(tf.gather(embeddings, positions)),),
        tf.ones([count], tf.bool) if wanted is None else wanted,
        (tf.zeros([count], tf.int32),),
        at_once,
    )
    return found


def _queries_at_once(size: int) -> int:
    """Says how many embeddings are compared with a vocabulary of this size at once."""
    return min(_MOST_AT_ONCE, max(_LEAST_AT_ONCE, _SIMILARITIES_AT_ONCE // size))


def _largest(similarity: tf.Tensor, recall: float) -> tf.Tensor:
    """Gives the place of the largest in each row, `[N, V]` to int32 `[N]`."""
    if recall < 1:
        return tf.math.approx_max_k(similarity, 1, recall_target=recall)[1][:, 0]
    return tf.argmax(similarity, axis=-1, output_type=tf.int32)


def project(
    embeddings: tf.Tensor,
    token_ids: tf.Tensor,
    is_text: tf.Tensor,
    unit_table: tf.Tensor,
    producible: tf.Tensor,
    recall: float = 1.0,
) -> tf.Tensor:
    """Projects the text of a batch to tokens; everything else keeps the token it has.

    Args:
        embeddings: `[B, S, D]`.
        token_ids: int32 `[B, S]`; what stays where there is no text, or no direction to project.
        is_text: bool `[B, S]`; which positions are projected. The others cost nothing.
        unit_table: `[V, D]`, from `unit_rows`.
        producible: bool `[V]`.
        recall: See `nearest_tokens`.

    Returns:
        int32 `[B, S]`.
    """
    batch, length, width = embeddings.shape
    flat = tf.reshape(embeddings, [batch * length, width])
    wanted = is_text & tf.reduce_any(embeddings != 0, axis=-1)
    found = nearest_tokens(flat, unit_table, producible, tf.reshape(wanted, [-1]), recall)
    return tf.where(wanted, tf.reshape(found, [batch, length]), token_ids)
