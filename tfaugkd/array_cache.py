"""Arrays that take long to compute, kept on disk from one run to the next."""

import logging
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfaugkd.folders import cache_folder, replacing

_LOG = logging.getLogger("tfaugkd")
_DAMAGED = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)


def cached_arrays(name: str) -> dict[str, np.ndarray] | None:
    """Reads arrays back.

    Args:
        name: What they were kept under; it says all that they depend on.

    Returns:
        The arrays by name; None where there are none, or where the file is damaged, with a warning.
    """
    path = _path_of(name)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays.files}
    except FileNotFoundError:
        return None
    except _DAMAGED:
        _LOG.warning("%s is damaged; what it held is computed anew.", path)
        return None


def keep_arrays(name: str, arrays: Mapping[str, Any]) -> None:
    """Keeps arrays for later runs; a cache that cannot be written costs time alone.

    Args:
        name: As for `cached_arrays`.
        arrays: The arrays by name; no objects.
    """
    path = _path_of(name)
    try:
        with replacing(path) as temporary:
            np.savez(temporary, **arrays)
    except OSError as error:
        _LOG.warning("%s cannot be written (%s); the next run computes it again.", path, error)


def _path_of(name: str) -> Path:
    return cache_folder() / f"{name}.npz"
