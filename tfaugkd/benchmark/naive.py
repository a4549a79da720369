"""What the benchmark measures against: projection as one product with the whole vocabulary."""

import tensorflow as tf


def naive_nearest(embeddings: tf.Tensor, unit_table: tf.Tensor, producible: tf.Tensor) -> tf.Tensor:
    """Finds the token nearest to each embedding, with all `N x V` similarities in memory at once.

    Args:
        embeddings: `[N, D]`.
        unit_table: `[V, D]`, from `projection.unit_rows`.
        producible: bool `[V]`; tokens that may be found.

    Returns:
        int32 `[N]`.
    """
    similarity = tf.matmul(embeddings, unit_table, transpose_b=True)
    may_be_found = producible & tf.reduce_any(unit_table != 0, axis=-1)
    similarity = tf.where(may_be_found, similarity, float("-inf"))
    return tf.argmax(similarity, axis=-1, output_type=tf.int32)


def naive_project(
    embeddings: tf.Tensor,
    token_ids: tf.Tensor,
    is_text: tf.Tensor,
    unit_table: tf.Tensor,
    producible: tf.Tensor,
) -> tf.Tensor:
    """Does what `projection.project` does, for all positions and all at once."""
    flat = tf.reshape(embeddings, [-1, embeddings.shape[-1]])
    found = tf.reshape(naive_nearest(flat, unit_table, producible), token_ids.shape)
    has_direction = tf.reduce_any(embeddings != 0, axis=-1)
    return tf.where(is_text & has_direction, found, token_ids)
