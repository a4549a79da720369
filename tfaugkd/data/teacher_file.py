"""A file of probabilities that stands for the teacher: what an API or an ensemble answered."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tfaugkd.data.examples import Examples
from tfaugkd.data.tables import Columns, read_columns
from tfaugkd.errors import InputError

_ID = "id"
_SCORES = ("score", "prediction")
# `tfaugkd predict` writes six digits.
_SMALLEST = 1e-6
_ROUNDING = 0.02


def read_teacher_logits(path: str | Path, examples: Examples) -> np.ndarray:
    """Reads a teacher's answers to the texts of a split, and turns them into logits.

    Args:
        path: CSV, TSV or JSONL file with a column `id` and one of probabilities for each class,
            named LABEL or probability_LABEL; for regression a column `score` or `prediction`.
            Rows for other ids are left alone.
        examples: N texts, whose ids and label names say which row and column is which.

    Returns:
        float32 `[N, C]`: logits whose softmax are the probabilities, or scores `[N, 1]`.

    Raises:
        InputError: The file cannot be read, lacks a column or an example, or has an id twice, a
            value that is no probability, or a row of probabilities that do not add up to 1.
    """
    names = examples.label_names
    columns = _read(path, names)
    rows = _rows_by_id(columns)
    missing = [name for name in examples.ids if name not in rows]
    if missing:
        raise InputError(
            f"{path} has no row for {len(missing)} of the {len(examples)} training examples; the "
            f"first of them has the id {missing[0]!r}."
        )
    values = _values(columns, probabilities=bool(names))
    values = values[[rows[name] for name in examples.ids]]
    return logits_of(values) if names else values.astype(np.float32)


def logits_of(probabilities: np.ndarray) -> np.ndarray:
    """Gives logits with mean 0 over the classes, which probabilities leave open.

    Args:
        probabilities: `[N, C]`; rows that add up to 1, but for rounding. A smaller one than 1e-6,
            a zero above all, counts as 1e-6.

    Returns:
        float32 `[N, C]`.
    """
    clipped = np.maximum(probabilities.astype(np.float64), _SMALLEST)
    logits = np.log(clipped / clipped.sum(axis=1, keepdims=True))
    return (logits - logits.mean(axis=1, keepdims=True)).astype(np.float32)


def _read(path: str | Path, names: Sequence[str]) -> Columns:
    """Reads the ids and, of the spellings that the columns may have, the first that is complete."""
    spellings = [[f"probability_{name}" for name in names], list(names)]
    if not names:
        spellings = [[name] for name in _SCORES]
    found = read_columns(path, [_ID], [name for names in spellings for name in names]).values
    for spelling in spellings:
        if all(name in found for name in spelling):
            return read_columns(path, [_ID, *spelling])
    lacking = next(name for name in spellings[-1] if name not in found or not names)
    expected = f"{lacking!r} (or 'probability_{lacking}')" if names else "'score' (or 'prediction')"
    raise InputError(f"{path} has no column {expected}.")


def _rows_by_id(columns: Columns) -> dict[str, int]:
    rows: dict[str, int] = {}
    for row, (name, line) in enumerate(zip(columns.values[_ID], columns.lines, strict=True)):
        if rows.setdefault(name.strip(), row) != row:
            raise InputError(f"{columns.path}, line {line}: the id {name!r} stands there twice.")
    return rows


def _values(columns: Columns, probabilities: bool) -> np.ndarray:
    names = [name for name in columns.values if name != _ID]
    table = [
        [_number(columns, name, row, probabilities) for name in names]
        for row in range(len(columns.lines))
    ]
    values = np.array(table)
    sums = values.sum(axis=1)
    if probabilities and np.abs(sums - 1).max() > _ROUNDING:
        row = int(np.abs(sums - 1).argmax())
        raise InputError(
            f"{columns.path}, line {columns.lines[row]}: the probabilities add up to "
            f"{sums[row]:.4g}, but must to 1."
        )
    return values


def _number(columns: Columns, name: str, row: int, probability: bool) -> float:
    cell = columns.values[name][row]
    try:
        number = float(cell)
    except ValueError:
        number = np.nan
    if np.isfinite(number) and (not probability or 0 <= number <= 1):
        return number
    allowed = "a probability from 0 to 1" if probability else "a finite number"
    raise InputError(
        f"{columns.path}, line {columns.lines[row]}: {name!r} is {cell!r}, but must be {allowed}."
    )
