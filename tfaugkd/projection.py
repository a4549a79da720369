"""Projection `p`: from embeddings back to tokens (AugPro, Equation 5 and Algorithm 2).

The algorithm prints an unnormalised product and `argmin`; Equation 5 and the text say what is
meant: the token of the vocabulary whose embedding has the largest cosine with the given one.
"""

import tensorflow as tf

_QUERIES_AT_ONCE = 256


def unit_rows(table: tf.Tensor) -> tf.Tensor:
    """Scales rows to length 1: `[V, D]` to float32 `[V, D]`; a zero row stays zero."""
    return tf.math.l2_normalize(tf.cast(table, tf.float32), axis=-1)


def nearest_tokens(
    embeddings: tf.Tensor, unit_table: tf.Tensor, producible: tf.Tensor
) -> tf.Tensor:
    """Finds the token nearest to each embedding by cosine, exactly, over the whole vocabulary.

    The similarities are taken for a block of embeddings at a time, so that they never fill
    `N x V` floats.

    Args:
        embeddings: `[N, D]` with N known when the graph is made.
        unit_table: `[V, D]`, from `unit_rows`.
        producible: bool `[V]`; tokens that may be found. A zero row has no direction and is
            never found.

    Returns:
        int32 `[N]`; of several equally near tokens, the lowest. For a zero embedding, which has
        no nearest token, the lowest producible one.
    """
    count, width = embeddings.shape
    at_once = min(count, _QUERIES_AT_ONCE)
    blocks = -(-count // at_once)
    padding = [[0, blocks * at_once - count], [0, 0]]
    queries = tf.reshape(tf.pad(tf.cast(embeddings, tf.float32), padding), [blocks, at_once, width])
    has_direction = tf.reduce_any(unit_table != 0, axis=-1)
    penalty = tf.where(producible & has_direction, 0.0, float("-inf"))

    def nearest(block: tf.Tensor) -> tf.Tensor:
        similarity = tf.matmul(block, unit_table, transpose_b=True) + penalty
        return tf.argmax(similarity, axis=-1, output_type=tf.int32)

    found = tf.map_fn(nearest, queries, fn_output_signature=tf.int32)
    return tf.reshape(found, [-1])[:count]


def project(
    embeddings: tf.Tensor,
    token_ids: tf.Tensor,
    is_text: tf.Tensor,
    unit_table: tf.Tensor,
    producible: tf.Tensor,
) -> tf.Tensor:
    """Projects the text of a batch to tokens; everything else keeps the token it has.

    Args:
        embeddings: `[B, S, D]`.
        token_ids: int32 `[B, S]`; what stays where there is no text, or no direction to project.
        is_text: bool `[B, S]`; which positions are projected.
        unit_table: `[V, D]`, from `unit_rows`.
        producible: bool `[V]`.

    Returns:
        int32 `[B, S]`.
    """
    batch, length, width = embeddings.shape
    flat = tf.reshape(embeddings, [batch * length, width])
    nearest = tf.reshape(nearest_tokens(flat, unit_table, producible), [batch, length])
    has_direction = tf.reduce_any(embeddings != 0, axis=-1)
    return tf.where(is_text & has_direction, nearest, token_ids)
