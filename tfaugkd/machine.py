"""On what a run was made: numbers of seconds mean nothing without it."""

import importlib.metadata
import os
import platform
from collections.abc import Sequence
from pathlib import Path

_LIBRARIES = ("tensorflow", "keras", "keras-hub", "numpy")


def describe_machine(libraries: Sequence[str] = _LIBRARIES) -> str:
    """Names the processor and the versions that a run depends on.

    Args:
        libraries: Names of installed packages; those that are not installed are left out.

    Returns:
        One line, as in "AMD EPYC, 2 cores; Python 3.11.9, tensorflow 2.21.0".
    """
    versions = [f"Python {platform.python_version()}"]
    for name in libraries:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    cores = "1 core" if _cores() == 1 else f"{_cores()} cores"
    return f"{_processor()}, {cores}; {', '.join(versions)}"


def _processor() -> str:
    # platform.processor() is empty or only "x86_64" on Linux.
    table = Path("/proc/cpuinfo")
    if table.exists():
        for line in table.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _cores() -> int:
    # In a container fewer cores may be allowed than there are.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
