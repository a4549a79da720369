"""By how much the memory of tensors grows while something runs."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import tensorflow as tf

Result = TypeVar("Result")

_TABLE = Path("/proc/meminfo")


def with_extra_memory(call: Callable[[], Result]) -> tuple[Result, int | None]:
    """Measures how far the memory of tensors rises above where it was while a call runs.

    It is TensorFlow's allocator that is asked: it keeps what it was given once, so that the size
    of the process tells nothing.

    Args:
        call: What runs. What it compiles or caches the first time is to be there already.

    Returns:
        What the call returns, and bytes: on the first GPU where there is one, else on the CPU.
        None where the allocator keeps no count, as on CPUs without oneDNN.
    """
    device = "GPU:0" if tf.config.list_physical_devices("GPU") else "CPU:0"
    memory = tf.config.experimental
    try:
        memory.reset_memory_stats(device)
    except ValueError:
        return call(), None
    before = memory.get_memory_info(device)["current"]
    result = call()
    return result, memory.get_memory_info(device)["peak"] - before


def available_memory() -> int | None:
    """Tells how many bytes of main memory are free for the taking; None where no one says."""
    if not _TABLE.exists():
        return None
    sizes = dict(line.split(":") for line in _TABLE.read_text().splitlines())
    return int(sizes["MemAvailable"].removesuffix("kB")) * 1024
