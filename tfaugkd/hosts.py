"""Several hosts, each with a process of its own: who is who, and what they tell each other.

All hosts run the same program. What is told is added up as whole numbers, to which all but one give
nothing: so bytes arrive as they were sent, over whatever the replicas are connected by.
"""

from typing import Any

import numpy as np
import tensorflow as tf

# Below what one message of gRPC may hold, in numbers of 4 bytes.
_PIECE = 1 << 24


def across_hosts(strategy: Any) -> bool:
    """Tells whether the replicas of a strategy are on several hosts; None has no replicas."""
    several = isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
    return several and len(strategy.cluster_resolver.cluster_spec().as_dict()) > 0


def host_of(strategy: Any) -> tuple[int, int]:
    """Tells which host this process is on.

    Args:
        strategy: Where the models are.

    Returns:
        Its number, from 0, and how many hosts there are.
    """
    if not across_hosts(strategy):
        return 0, 1
    resolver = strategy.cluster_resolver
    jobs = resolver.cluster_spec().as_dict()
    chiefs = len(jobs.get("chief", []))
    before = chiefs if resolver.task_type == "worker" else 0
    return before + resolver.task_id, chiefs + len(jobs.get("worker", []))


def is_chief(strategy: Any) -> bool:
    """Tells whether this process is the one that writes: the first host's."""
    return host_of(strategy)[0] == 0


def greatest(strategy: Any, *values: int) -> list[int]:
    """Gives the greatest of the numbers that the hosts have; each waits for all others here.

    Args:
        strategy: Where the models are.
        *values: This host's.

    Returns:
        The greatest of all first numbers, of all second ones, and so on: the same on each host.
    """
    return of_each_host(strategy, np.array(values, np.int32)).max(axis=0).tolist()


def of_each_host(strategy: Any, own: np.ndarray) -> np.ndarray:
    """Gives every host's array to each of them.

    Args:
        strategy: Where the models are.
        own: This host's array, of the same shape and type as the others', of 4 or 8 bytes each.

    Returns:
        `[hosts, ...]`, to the last bit as they were given.
    """
    number, count = host_of(strategy)
    if count == 1:
        return own[np.newaxis]
    numbers = np.ascontiguousarray(own).reshape(-1).view(np.int32)
    rows = np.zeros([count, numbers.size], np.int32)
    rows[number] = numbers
    return _added(strategy, rows).view(own.dtype).reshape([count, *own.shape])


def from_chief(strategy: Any, content: bytes) -> bytes:
    """Gives each host the bytes that the first one has.

    Args:
        strategy: Where the models are.
        content: The first host's; what the others give is not read.

    Returns:
        The first host's.
    """
    if not across_hosts(strategy):
        return content
    length = int(of_each_host(strategy, np.array([len(content)], np.int32))[0, 0])
    padded = np.zeros(-(-length // 4) * 4, np.uint8)
    if is_chief(strategy):
        padded[:length] = np.frombuffer(content, np.uint8)
    numbers = padded.view(np.int32)
    pieces = [
        _added(strategy, numbers[begin : begin + _PIECE])
        for begin in range(0, len(numbers), _PIECE)
    ]
    return b"".join(piece.tobytes() for piece in pieces)[:length]


def _added(strategy: Any, numbers: np.ndarray) -> np.ndarray:
    """Adds up what all hosts have."""
    replicas = strategy.num_replicas_in_sync // host_of(strategy)[1]

    def once(context: tf.distribute.experimental.ValueContext) -> tf.Tensor:
        first = context.replica_id_in_sync_group % replicas == 0
        return tf.constant(numbers if first else np.zeros_like(numbers))

    parts = strategy.experimental_distribute_values_from_function(once)
    return strategy.reduce("SUM", parts, axis=None).numpy()
