"""Dropout whose masks cost next to nothing, and differ between replicas.

Keras draws a mask with Threefry, 13 to 20 rounds an element; on a CPU that takes as long as the
matrix products beside it. A mask needs no cryptography: here a hash of each element's number is
compared with the rate. Only the hash's key is drawn, once a call, from the layer's own seed.
"""

from typing import Any

import keras
import tensorflow as tf

_GOLDEN_RATIO = 0x9E3779B9


class HashDropout(keras.layers.Dropout):
    """Keras' `Dropout` with other random numbers; rate, scale, seed and state are the same.

    Replicas of a strategy, whose seeds are equal, draw different masks.
    """

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Sets elements to zero at random and scales the others up, where `training`."""
        if not training or self.rate == 0:
            return inputs
        if self.noise_shape is not None or None in inputs.shape:
            return super().call(inputs, training=training)
        if self.rate == 1:
            return tf.zeros_like(inputs)
        key = tf.random.stateless_uniform(
            [2], self.seed_generator.next(), minval=None, maxval=None, dtype=tf.uint32, alg="philox"
        )
        keep = random_bits(key, inputs.shape) >= tf.constant(round(self.rate * 2**32), tf.uint32)
        scaled = inputs * tf.cast(1 / (1 - self.rate), inputs.dtype)
        return tf.where(keep, scaled, tf.zeros_like(inputs))


def use_hash_dropout(model: keras.Model) -> None:
    """Makes a model's `Dropout` layers draw their masks by a hash; what is saved stays the same.

    Args:
        model: The model, which may have been built already.
    """
    for layer in model._flatten_layers():
        # Subclasses have a meaning of their own.
        if type(layer) is keras.layers.Dropout:
            # KerasHub builds the layers itself, and offers no way to give it others.
            layer.__class__ = HashDropout


def random_bits(key: tf.Tensor, shape: Any) -> tf.Tensor:
    """Hashes the number of each element, so that all bits are random.

    Args:
        key: uint32 `[2]`; another key gives other bits.
        shape: Of the result, static.

    Returns:
        uint32 of that shape.
    """
    numbers = tf.cast(tf.reshape(tf.range(tf.TensorShape(shape).num_elements()), shape), tf.uint32)
    replica = tf.cast(_replica(), tf.uint32) * tf.constant(_GOLDEN_RATIO, tf.uint32)
    once = _mixed(tf.bitwise.bitwise_xor(numbers, key[0] + replica))
    return _mixed(once + key[1])


def _mixed(bits: tf.Tensor) -> tf.Tensor:
    """Spreads each bit over all: an integer hash whose constants Wellons searched ("lowbias32")."""
    right, xor = tf.bitwise.right_shift, tf.bitwise.bitwise_xor
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        shifted = right(bits, tf.constant(shift, tf.uint32))
        bits = xor(bits, shifted) * tf.constant(factor, tf.uint32)
    return xor(bits, right(bits, tf.constant(16, tf.uint32)))


def _replica() -> Any:
    context = tf.distribute.get_replica_context()
    return 0 if context is None else context.replica_id_in_sync_group
