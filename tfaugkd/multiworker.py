"""A job on several hosts: the same command on each of them, and one result."""

import io
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from tempfile import TemporaryDirectory
from typing import Any

import tensorflow as tf

from tfaugkd.errors import InputError
from tfaugkd.hosts import across_hosts, greatest, host_of, is_chief

_LOG = logging.getLogger("tfaugkd")
_EXAMPLE = (
    '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}'
)
# What is heard of a host that is not there any more.
_LOST = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.UnavailableError,
)
_ABORTED = "Collective ops is aborted"


def build_multiworker() -> tf.distribute.Strategy:
    """Connects to the other hosts, and waits for those that are not there yet.

    Returns:
        The strategy.

    Raises:
        InputError: The variable TF_CONFIG does not say which hosts there are, or the connection
            fails.
    """
    task, addresses = _read_tf_config()
    _LOG.info("Waiting for all %d hosts: %s.", len(addresses), ", ".join(addresses))
    try:
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
    except tf.errors.OpError as error:
        raise InputError(
            f"The hosts of TF_CONFIG did not come together: is {task} this host's own, are all "
            f"addresses right, and the ports free and open? ({str(error).splitlines()[0]})"
        ) from error
    _LOG.info("This is host %d of %d, counted from 0.", *host_of(strategy))
    return strategy


def _read_tf_config() -> tuple[str, list[str]]:
    """Gives this host's address, and all hosts'."""
    text = os.environ.get("TF_CONFIG", "")
    try:
        told = json.loads(text)
        jobs, kind, number = told["cluster"], told["task"]["type"], told["task"]["index"]
        addresses = [*jobs.get("chief", []), *jobs.get("worker", [])]
        task = jobs[kind][number]
        known = kind in ("chief", "worker") and number >= 0
        known = known and all(isinstance(each, str) and ":" in each for each in addresses)
    except (ValueError, LookupError, TypeError, AttributeError):
        known = False
    if not known:
        raise InputError(
            f"strategy is 'multiworker', but TF_CONFIG is {text!r}; on each host it must be JSON "
            f"like {_EXAMPLE}, with the index of that host."
        )
    return task, addresses


@contextmanager
def together(config: Any, strategy: tf.distribute.Strategy) -> Iterator[Any]:
    """Runs a job on all hosts: the first writes its output, and none leaves before the others.

    Args:
        config: The job's configuration, a dataclass with `output`.
        strategy: Where the job computes.

    Yields:
        The configuration for this host. What another than the first would write goes to a folder
        that is removed, and what it would print nowhere.

    Raises:
        InputError: Another host is lost.
    """
    if not across_hosts(strategy):
        yield config
        return
    try:
        if is_chief(strategy):
            yield config
        else:
            with TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
                yield replace(config, output=f"{folder}/output")
        # A host that leaves early looks like one that is lost.
        greatest(strategy, 0)
    except tf.errors.OpError as error:
        if not isinstance(error, _LOST) and _ABORTED not in str(error):
            raise
        raise InputError(
            "Another host was lost, or gave up: see what it says there. The same command, given on "
            "all hosts again, goes on from the newest checkpoint."
        ) from error
