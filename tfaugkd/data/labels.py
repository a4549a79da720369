"""Labels as files spell them, turned into class indices or scores."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tfaugkd.errors import InputError

# Beyond it a score would turn infinite in float32.
_LARGEST = float(np.finfo(np.float32).max)


def encode_labels(
    labels: Sequence[str], label_names: Sequence[str], path: Path, lines: Sequence[int]
) -> np.ndarray:
    """Maps labels to indices by name, or reads them as scores where there are no names.

    Args:
        labels: The N labels: names of classes, or indices from 0 to C - 1 (unless the names are
            numbers themselves); numbers for regression.
        label_names: The C names in order; empty for regression.
        path: The file, for messages.
        lines: The 1-based line of each label, for messages.

    Returns:
        int32 `[N]` indices, or float32 `[N]` scores for regression.

    Raises:
        InputError: If a label is not in the list, or a score is not a finite number.
    """
    places = _places_of(label_names)
    encoded: list[float] = []
    for label, line in zip(labels, lines, strict=True):
        value = places.get(label.strip()) if label_names else _score(label)
        if value is None:
            raise InputError(
                f"{path}, line {line}: the label {label!r} is not {_allowed(label_names)}."
            )
        encoded.append(value)
    return np.array(encoded, dtype=np.int32 if label_names else np.float32)


def distinct_labels(labels: Sequence[str], path: Path, column: str) -> tuple[str, ...]:
    """Lists the classes that a file holds.

    Args:
        labels: The file's labels.
        path: The file, for messages.
        column: The column of the labels, for messages.

    Returns:
        The distinct labels in order; whole numbers are ordered by value.

    Raises:
        InputError: If there is only one, or if they look like scores.
    """
    distinct = sorted({label.strip() for label in labels})
    if len(distinct) < 2:
        raise InputError(f"{path} has only one label in {column!r}: {distinct[0]!r}.")
    scores = [_score(label) for label in distinct]
    if all(score is not None for score in scores):
        if any(score != int(score) for score in scores if score is not None):
            raise InputError(
                f"{column!r} of {path} holds scores; set data.label_names to [] for regression."
            )
        distinct.sort(key=float)
    return tuple(distinct)


def _places_of(label_names: Sequence[str]) -> dict[str, int]:
    by_name = {name: place for place, name in enumerate(label_names)}
    # Among names like "1" and "2" a number is a name, never an index.
    if any(_score(name) is not None for name in label_names):
        return by_name
    return {str(place): place for place in range(len(label_names))} | by_name


def _score(label: str) -> float | None:
    try:
        score = float(label)
    except ValueError:
        return None
    return score if abs(score) <= _LARGEST else None


def _allowed(label_names: Sequence[str]) -> str:
    if not label_names:
        return "a finite number"
    indices = "" if len(_places_of(label_names)) == len(label_names) else " (or its index from 0)"
    return f"one of: {', '.join(label_names)}{indices}"
