"""Where a job computes: on one device, all GPUs of a host, a TPU, or several hosts."""

import functools
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import keras
import tensorflow as tf

from tfaugkd.config import Strategy
from tfaugkd.errors import InputError, unknown_name
from tfaugkd.multiworker import build_multiworker, together
from tfaugkd.replicas import check_batch_size
from tfaugkd.train_config import TrainConfig

_LOG = logging.getLogger("tfaugkd")


def computes(job: Callable[[Any], None]) -> Callable[[Any], None]:
    """Runs a job where its configuration says, and with its precision.

    Args:
        job: Takes a configuration with `strategy`, `precision` and `output`.

    Returns:
        The job.
    """

    @functools.wraps(job)
    def run(config: Any) -> None:
        strategy = build_strategy(config.strategy)
        _check_batches(config, strategy)
        if strategy.num_replicas_in_sync > 1:
            _LOG.info("%d replicas: %s.", strategy.num_replicas_in_sync, type(strategy).__name__)
        with (
            in_precision(config.precision),
            strategy.scope(),
            together(config, strategy) as own,
        ):
            job(own)

    return run


def _check_batches(config: Any, strategy: tf.distribute.Strategy) -> None:
    for key in fields(config):
        part = getattr(config, key.name)
        if isinstance(part, TrainConfig):
            name, replicas = f"{key.name}.batch_size", strategy.num_replicas_in_sync
            check_batch_size(name, part.batch_size, replicas)


def build_strategy(name: str) -> tf.distribute.Strategy:
    """Finds the devices to compute on.

    Args:
        name: "none": one device; "mirrored": all GPUs of this host, or all logical CPU devices
            where there is none; "tpu": a TPU, the one in TPU_NAME or this host's own;
            "multiworker": the hosts in TF_CONFIG; "auto": a TPU if one answers, else all GPUs,
            else the CPU.

    Returns:
        The strategy; TensorFlow's default one where there is one device.

    Raises:
        InputError: No such strategy; there is no TPU, or TF_CONFIG names no hosts.
    """
    if name == "auto":
        strategy = _tpu_strategy() if _has_tpu() else _mirrored_strategy("GPU")
    elif name == "mirrored":
        gpus = tf.config.list_logical_devices("GPU")
        strategy = _mirrored_strategy("GPU" if gpus else "CPU")
    elif name == "tpu":
        strategy = _require_tpu()
    elif name == "multiworker":
        strategy = build_multiworker()
    elif name == "none":
        strategy = None
    else:
        raise unknown_name("strategy", name, get_args(Strategy))
    return strategy or tf.distribute.get_strategy()


@functools.cache
def _mirrored_strategy(kind: str) -> tf.distribute.Strategy | None:
    # Once for a process: TensorFlow takes what two of them sum for one and the same.
    devices = [device.name for device in tf.config.list_logical_devices(kind)]
    if len(devices) < 2:
        return None
    ops = tf.distribute.ReductionToOneDevice() if kind == "CPU" else None
    return tf.distribute.MirroredStrategy(devices, cross_device_ops=ops)


def _has_tpu() -> bool:
    """Tells whether it is worth asking: the answer may take minutes."""
    devices = [*Path("/dev").glob("accel[0-9]*"), *Path("/dev/vfio").glob("[0-9]*")]
    return bool(os.environ.get("TPU_NAME") or devices)


def _tpu_strategy() -> tf.distribute.Strategy | None:
    """Connects to the TPU, if it answers."""
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(
            tpu=os.environ.get("TPU_NAME", "local")
        )
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, tf.errors.OpError) as error:
        _LOG.info("No TPU answers (%s).", str(error).splitlines()[0])
        return None
    return tf.distribute.TPUStrategy(resolver)


def _require_tpu() -> tf.distribute.Strategy:
    strategy = _tpu_strategy()
    if strategy is None:
        raise InputError(
            "strategy is 'tpu', but no TPU answers: install tensorflow-tpu on the TPU's own host, "
            "or name the TPU in TPU_NAME; or set strategy to 'auto'."
        )
    return strategy


@contextmanager
def in_precision(name: str) -> Iterator[None]:
    """Builds and loads models with a precision: "float32", "mixed_bfloat16" or "mixed_float16"."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
