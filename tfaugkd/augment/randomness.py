"""Random whole numbers inside the step, each example's from a seed of its own.

So an example is augmented alike on any number of replicas, wherever it stands in the batch. Of
whole numbers Philox gives the same with and without XLA, of fractions it does not.
"""

import tensorflow as tf

_LARGEST = 2**31 - 1


def example_seeds(seed: tf.Tensor, batch_size: int) -> tf.Tensor:
    """Draws a seed for each example, in the input pipeline.

    Args:
        seed: int `[2]`.
        batch_size: B.

    Returns:
        int32 `[B, 2]`.
    """
    return tf.random.stateless_uniform(
        [batch_size, 2], seed, minval=None, maxval=None, dtype=tf.int32
    )


def random_numbers(seeds: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    """Draws whole numbers, of which all are equally likely.

    Args:
        seeds: int32 `[B, 2]`.
        shape: Of one example's numbers.

    Returns:
        int32 `[B, *shape]`, negative ones among them.
    """

    def numbers(seed: tf.Tensor) -> tf.Tensor:
        return tf.random.stateless_uniform(
            shape, seed, minval=None, maxval=None, dtype=tf.int32, alg="philox"
        )

    return tf.map_fn(numbers, seeds, fn_output_signature=tf.int32)


def uniform(numbers: tf.Tensor) -> tf.Tensor:
    """Turns random whole numbers into fractions: float32 from 0 to below 1, of the same shape."""
    # Of the 31 bits float32 holds 24.
    bits = tf.bitwise.right_shift(tf.bitwise.bitwise_and(numbers, _LARGEST), 7)
    return tf.cast(bits, tf.float32) * 2.0**-24


def below(numbers: tf.Tensor, limits: tf.Tensor | int) -> tf.Tensor:
    """Turns random whole numbers into ones from 0 to `limits` - 1, all as likely to 1 in 10^4.

    Args:
        numbers: int32, from `random_numbers`.
        limits: int32 that broadcasts to the same shape; below 1 counts as 1.

    Returns:
        int32 of that shape.
    """
    return tf.bitwise.bitwise_and(numbers, _LARGEST) % tf.maximum(limits, 1)
