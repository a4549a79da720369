"""By how much memory grows while something runs."""

import ctypes
import gc
import sys
from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def extra_memory(call: Callable[[], object]) -> int | None:
    """Measures how far memory rises above where it was while a call runs.

    Args:
        call: What runs. What it compiles or caches the first time is to be there already.

    Returns:
        Bytes: of the first GPU where there is one, else of the process. None where the system does
        not tell, which on CPUs only Linux does.
    """
    if tf.config.list_physical_devices("GPU"):
        return _on_gpu(call)
    if not _forget_peak():
        return None
    before = _kilobytes("VmRSS")
    call()
    return max(0, _kilobytes("VmHWM") - before) * 1024


def available_memory() -> int | None:
    """Tells how many bytes of memory are free for the taking; None where the system does not."""
    table = Path("/proc/meminfo")
    if not table.exists():
        return None
    return _kilobytes("MemAvailable", table) * 1024


def _on_gpu(call: Callable[[], object]) -> int:
    tf.config.experimental.reset_memory_stats("GPU:0")
    before = tf.config.experimental.get_memory_info("GPU:0")["current"]
    call()
    return tf.config.experimental.get_memory_info("GPU:0")["peak"] - before


def _forget_peak() -> bool:
    """Gives freed memory back to the system, and lets the kernel count the peak from here on."""
    gc.collect()
    if sys.platform != "linux":
        return False
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    try:
        _CLEAR.write_text("5")
    except OSError:
        return False
    return True


def _kilobytes(name: str, table: Path = _STATUS) -> int:
    for line in table.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise RuntimeError(f"{table} has no {name}.")
