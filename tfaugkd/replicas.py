"""What replicas share: equal parts of a batch, and the sum of their gradients.

A replica is one device's copy of the models. All replicas together see the batch that the user
asks for, each an equal part of it, and the sum of their gradients is the batch's own.
"""

from typing import Any

import tensorflow as tf

from tfaugkd.errors import InputError

BLOCK = 8


def check_batch_size(key: str, batch_size: int, replicas: int, block: int = BLOCK) -> None:
    """Refuses a batch that does not part into equal ones for the replicas.

    Args:
        key: What the user calls the batch size.
        batch_size: B, over all replicas.
        replicas: How many there are.
        block: What a replica's batch must be a multiple of: 8, as examples are mixed inside blocks
            of 8, or 1 where nothing is.

    Raises:
        InputError: It does not; the message names the nearest sizes that do.
    """
    whole = block * replicas
    if batch_size % whole:
        below, above = batch_size // whole * whole, -(-batch_size // whole) * whole
        nearest = f"{below} or {above}" if below else f"{above}"
        each = f", {block} each" if block > 1 else ""
        raise InputError(
            f"{key} is {batch_size}, but must be a multiple of {whole} for {replicas} "
            f"replica{'s' if replicas > 1 else ''}{each}; the nearest is {nearest}."
        )


def batch_size_of(dataset: tf.data.Dataset) -> int | None:
    """Gives the batch size of a dataset, or None where it is not static."""
    return tf.nest.flatten(dataset.element_spec)[0].shape[0]


def on_each_replica(value: tf.Tensor) -> tf.Tensor | tf.Variable:
    """Keeps a large constant where it is read: one that is not on a device is sent there each step.

    Args:
        value: The constant.

    Returns:
        Under a strategy a variable, of which each replica has a copy; else the value itself.
    """
    return tf.Variable(value, trainable=False) if tf.distribute.has_strategy() else value


def summed_over_replicas(tensors: list[tf.Tensor]) -> list[tf.Tensor]:
    """Adds up what the replicas hold, place by place.

    `ReplicaContext.all_reduce` does so too, but TensorFlow never forgets the gradient of that sum,
    and with it the graph: the weights and slots of every model that a process trains would stay in
    memory.

    Args:
        tensors: The replica's own, of the same shapes on all replicas.

    Returns:
        The sums, which are the same on all replicas.
    """
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync == 1:
        return tensors

    def summed(strategy: tf.distribute.Strategy, *values: Any) -> list[Any]:
        pairs = [(value, value) for value in values]
        return strategy.extended.batch_reduce_to(tf.distribute.ReduceOp.SUM, pairs)

    return context.merge_call(summed, args=tuple(tensors))
