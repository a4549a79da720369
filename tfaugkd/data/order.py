"""The order in which texts are seen: a pure function of the seed and the place in the stream."""

import tensorflow as tf

# TensorFlow's default of 4 rounds leaves the orders of two epochs correlated.
_SHUFFLE_ROUNDS = 16


def shuffled_indices(seed: int, numbers: tf.Tensor, count: int) -> tf.Tensor:
    """Gives the example at each place of an endless stream, every epoch in another order.

    Args:
        seed: Of the whole stream.
        numbers: int64 `[B]`; places in the stream, from 0.
        count: N, the number of examples.

    Returns:
        int64 `[B]`; each from 0 to N - 1, every one once in N places that begin at a multiple of N.
    """
    epochs = numbers // count
    seeds = tf.stack(
        [tf.fill(tf.shape(epochs), tf.constant(seed, tf.int64)), epochs, epochs * 0], 1
    )
    return tf.raw_ops.RandomIndexShuffle(
        index=numbers % count,
        seed=seeds,
        max_index=tf.fill(tf.shape(epochs), tf.constant(count - 1, tf.int64)),
        rounds=_SHUFFLE_ROUNDS,
    )


def indices_by_length(
    seed: int, number: tf.Tensor, batch_size: int, lengths: tf.Tensor, window: int
) -> tf.Tensor:
    """Gives the examples of a batch, which are about equally long where `window` is above 1.

    Each `window` batches hold the examples that they would hold without this; sorted by length,
    cut into batches, and these in random order. So batch n remains a function of (seed, n).

    Args:
        seed: Of the whole stream.
        number: int64; the batch's number, from 0.
        batch_size: B.
        lengths: int `[N]`; the number of tokens of each example.
        window: How many batches share their examples; 1 leaves them as they come.

    Returns:
        int64 `[B]`; in random order, so that neighbours are no closer in length than others.
    """
    if window == 1:
        within = tf.range(batch_size, dtype=tf.int64)
        return shuffled_indices(seed, number * batch_size + within, lengths.shape[0])
    group, size = number // window, window * batch_size
    places = group * size + tf.range(size, dtype=tf.int64)
    found = shuffled_indices(seed, places, lengths.shape[0])
    by_length = tf.gather(found, tf.argsort(tf.gather(lengths, found), stable=True))
    batch = _permuted([seed, group, 1], tf.reshape(number % window, [1]), window)
    order = _permuted([seed, number, 2], tf.range(batch_size, dtype=tf.int64), batch_size)
    return tf.gather(tf.reshape(by_length, [window, batch_size])[batch[0]], order)


def _permuted(seed: list, indices: tf.Tensor, count: int) -> tf.Tensor:
    """Gives what takes the place of indices `[K]` below `count` in a random order."""
    parts = [tf.cast(part, tf.int64) for part in seed]
    return tf.raw_ops.RandomIndexShuffle(
        index=indices,
        seed=tf.tile(tf.stack(parts)[tf.newaxis], [indices.shape[0], 1]),
        max_index=tf.fill(tf.shape(indices), tf.constant(count - 1, tf.int64)),
        rounds=_SHUFFLE_ROUNDS,
    )
