"""Checkpoints on disk: one file each, whole or not there, and read back to the last bit."""

import hashlib
import io
import json
import logging
import os
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfaugkd.errors import InputError
from tfaugkd.fingerprint import first_difference
from tfaugkd.folders import remove, remove_halves, replacing

_LOG = logging.getLogger("tfaugkd")
_PREFIX, _ENDING = "batch_", ".npz"
_ARRAY, _DTYPE = "array", "dtype"
_DAMAGE = (zipfile.BadZipFile, zlib.error, ValueError, KeyError, IndexError, TypeError, EOFError)


def write_checkpoint(folder: str | Path, batches: int, state: Mapping[str, Any], keep: int) -> Path:
    """Writes a checkpoint beside the others under a temporary name, then gives it its own.

    Args:
        folder: Folder of a run's checkpoints; made if needed.
        batches: Batches that the run has drawn; names the file.
        state: Mappings with text as keys, lists, scalars, text, None and arrays.
        keep: How many checkpoints stay, this one included; 1 or more.

    Returns:
        The file.

    Raises:
        InputError: The state holds something else; the message says where.
    """
    arrays: list[np.ndarray] = []
    text = json.dumps(_without_arrays(state, arrays, ""))
    parts: dict[str, Any] = {f"{_ARRAY}_{n}": array for n, array in enumerate(arrays)}
    parts["state"] = np.frombuffer(text.encode(), np.uint8)
    path = Path(folder) / f"{_PREFIX}{batches:012d}{_ENDING}"
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, digest=_digest(parts), **parts)
        file.flush()
        os.fsync(file.fileno())  # A machine that is preempted may lose what is not on disk.
    for old in _newest_first(folder)[keep:]:
        remove(old)
    return path


def read_newest_checkpoint(folder: str | Path) -> dict[str, Any] | None:
    """Reads the newest checkpoint of a run; one that is damaged is removed, and said to be so.

    Args:
        folder: Folder of a run's checkpoints; may not exist.

    Returns:
        The state, equal to what was written, with lists in place of tuples; None where there is
        no checkpoint that can be read.

    Raises:
        InputError: The disk does not give a file.
    """
    for path in _newest_first(folder):
        try:
            return _read(path)
        except OSError as error:
            raise InputError(f"The checkpoint {path} cannot be read: {error}.") from error
        except _DAMAGE as error:
            _LOG.warning(
                "The checkpoint %s is damaged (%s): the one before it is taken, if there is one.",
                *(path, error),
            )
            remove(path)
    return None


def read_checkpoint_of(folder: str | Path, made_from: dict[str, Any]) -> dict[str, Any] | None:
    """Reads the newest checkpoint of a run, of which no other process writes any meanwhile.

    Args:
        folder: Folder of the run's checkpoints; may not exist.
        made_from: What the run is made from; the checkpoint has the same under this name.

    Returns:
        The state; None where there is none.

    Raises:
        InputError: The checkpoint is of a run that was made from something else.
    """
    remove_halves(folder)
    found = read_newest_checkpoint(folder)
    if found and (difference := first_difference(found["made_from"], made_from)):
        raise InputError(
            f"{str(folder)!r} holds checkpoints of a run with {difference}; set that back to go on "
            "with it, or name another folder."
        )
    return found


def newest_bytes(folder: str | Path) -> bytes:
    """Gives the newest checkpoint of a run as it is on disk; nothing where there is none."""
    newest = _newest_first(folder)[:1]
    return newest[0].read_bytes() if newest else b""


def state_of(content: bytes) -> dict[str, Any] | None:
    """Reads a checkpoint from what `newest_bytes` gave, on this host or on another."""
    return _read(io.BytesIO(content)) if content else None


def _newest_first(folder: str | Path) -> list[Path]:
    return sorted(Path(folder).glob(f"{_PREFIX}*{_ENDING}"), reverse=True)


def _read(source: Path | io.BytesIO) -> dict[str, Any]:
    with np.load(source, allow_pickle=False) as file:
        parts = {name: file[name] for name in file.files}
    if not np.array_equal(parts.pop("digest"), _digest(parts)):
        raise ValueError("its content is not what was written")
    state = _with_arrays(json.loads(parts["state"].tobytes()), parts)
    assert isinstance(state, dict), "a mapping was written"
    return state


def _digest(parts: Mapping[str, np.ndarray]) -> np.ndarray:
    digest = hashlib.sha256()
    for name, array in sorted(parts.items()):
        digest.update(f"{name} {array.dtype.itemsize} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return np.frombuffer(digest.digest(), np.uint8)


def _without_arrays(value: object, arrays: list[np.ndarray], key: str) -> object:
    """Puts the arrays of a tree into a list, and their places in it where they stood."""
    if isinstance(value, np.ndarray) and value.dtype != object:
        arrays.append(value)
        return {_ARRAY: len(arrays) - 1, _DTYPE: value.dtype.name}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        inner = {name: _without_arrays(value[name], arrays, f"{key}.{name}") for name in value}
        return {"map": inner}
    if isinstance(value, list | tuple):
        return [_without_arrays(part, arrays, f"{key}[{n}]") for n, part in enumerate(value)]
    if value is None or isinstance(value, str | int | float):
        return value
    raise InputError(
        f"{key.removeprefix('.')} is {value!r}, which a checkpoint cannot hold; it holds mappings "
        "with text as keys, lists, numbers, text, None and arrays."
    )


def _with_arrays(value: Any, parts: Mapping[str, np.ndarray]) -> Any:
    if isinstance(value, list):
        return [_with_arrays(part, parts) for part in value]
    if not isinstance(value, dict):
        return value
    if "map" in value:
        return {name: _with_arrays(part, parts) for name, part in value["map"].items()}
    array = parts[f"{_ARRAY}_{value[_ARRAY]}"]
    # NumPy's format forgets what bfloat16 was.
    return array.view(np.dtype(value[_DTYPE])) if array.dtype.kind == "V" else array
