"""What replicas share: equal parts of a batch, and the sum of their gradients.

A replica is one device's copy of the models. All replicas together see the batch that the user
asks for, each an equal part of it, and the sum of their gradients is the batch's own.
"""

from typing import Any

import tensorflow as tf

from tfaugkd.data.numbered_batches import NumberedBatches
from tfaugkd.errors import InputError
from tfaugkd.hosts import across_hosts, host_of

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


def replica_batches(dataset: Any, strategy: tf.distribute.Strategy) -> Any:
    """Gives each replica its rows of every batch, in order, whatever host it is on.

    On one host Keras does that. On several, `tf.data` would hand whole batches to the hosts in
    turn, so that no step would see the batch that one host sees.

    Args:
        dataset: A `tf.data.Dataset` of batches over all replicas, the same on all hosts.
        strategy: Says which replicas there are.

    Returns:
        What `keras.Model.fit` takes.

    Raises:
        InputError: There are several hosts, and the data end.
    """
    if not across_hosts(strategy):
        return dataset
    endless = tf.data.INFINITE_CARDINALITY
    known = isinstance(dataset, tf.data.Dataset) and int(dataset.cardinality()) == endless
    size = batch_size_of(dataset) if known else None
    if size is None:
        # TensorFlow would expect that one host has less than another, and forget the shapes.
        raise InputError(
            "On several hosts the data must be a tf.data.Dataset of batches of one size that does "
            "not end: add .repeat(), and say how many steps an epoch has."
        )
    host, hosts = host_of(strategy)
    rows = _rows_of_host(dataset, size // hosts, host, hosts)

    def parted(context: tf.distribute.InputContext) -> tf.data.Dataset:
        parts = rows.rebatch(size // context.num_replicas_in_sync, drop_remainder=True)
        return parts.apply(tf.data.experimental.assert_cardinality(endless))

    return strategy.distribute_datasets_from_function(parted)


def _rows_of_host(dataset: tf.data.Dataset, count: int, host: int, hosts: int) -> tf.data.Dataset:
    if isinstance(dataset, NumberedBatches):
        return dataset.of_host(host, hosts)
    own = slice(host * count, (host + 1) * count)

    def take(*batch: Any) -> Any:
        return tf.nest.map_structure(lambda values: values[own], batch)

    return dataset.map(take)


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
        # Where a host has one replica, a value is a plain tensor, and its device its destination.
        pairs = [(v, v.device if isinstance(v, tf.Tensor) else v) for v in values]
        return strategy.extended.batch_reduce_to(tf.distribute.ReduceOp.SUM, pairs)

    return context.merge_call(summed, args=tuple(tensors))
