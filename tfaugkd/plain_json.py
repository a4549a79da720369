"""JSON that every reader understands."""

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfaugkd.errors import InputError
from tfaugkd.folders import write_text


def write_json(path: str | Path, value: object) -> None:
    """Writes a value as JSON, whole or not at all.

    Args:
        path: The file; replaced if it exists.
        value: Dataclasses, mappings, lists and scalars. A nan or an infinity, which JSON does not
            have, is written as null.
    """
    text = json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def plain(value: object) -> object:
    """Turns a value into what JSON holds, so that it equals itself after it was read back.

    Args:
        value: As for `write_json`.

    Returns:
        Mappings, lists and scalars; None for a nan or an infinity.
    """
    if dataclasses.is_dataclass(value):
        fields = dataclasses.fields(value)
        return {field.name: plain(getattr(value, field.name)) for field in fields}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_json(path: str | Path, what: str) -> dict[str, Any]:
    """Reads a JSON file that holds an object.

    Args:
        path: The file.
        what: What it should be, for the message, as in "the config of a model".

    Returns:
        The object's keys and values.

    Raises:
        InputError: It cannot be read, or holds something else.
    """
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path} cannot be read as {what}: {error}.") from error
    if not isinstance(value, dict):
        raise InputError(f"{path} cannot be read as {what}: it is not an object like {{...}}.")
    return value
