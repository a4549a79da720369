"""Named columns out of a file's rows, and examples out of columns."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from tfaugkd.data.bad_rows import BadRows
from tfaugkd.data.examples import Examples
from tfaugkd.data.formats import Rows, read_rows
from tfaugkd.data.labels import encode_labels
from tfaugkd.data.tasks import Task
from tfaugkd.errors import InputError, unknown_name


@dataclass(frozen=True)
class Columns:
    """Some columns of a file.

    Args:
        path: The file, for messages.
        values: For each column its N cells; none of them is blank, unless such rows are kept.
        lines: The 1-based line on which each row begins.
        rows: The zero-based number of each row, counting those that were dropped.
        dropped: Lines of the rows that were dropped, because one of the columns was blank there.
    """

    path: Path
    values: dict[str, list[str]]
    lines: list[int]
    rows: list[int]
    dropped: list[int]

    def take(self, places: Sequence[int]) -> "Columns":
        """Picks rows by their place among those that are here."""
        return replace(
            self,
            values={name: [cells[at] for at in places] for name, cells in self.values.items()},
            lines=[self.lines[at] for at in places],
            rows=[self.rows[at] for at in places],
        )


def read_columns(
    path: str | Path,
    wanted: Sequence[str],
    optional: Sequence[str] = (),
    header: Sequence[str] | None = None,
    bad_rows: BadRows | None = None,
) -> Columns:
    """Reads columns by name from a CSV, TSV or JSONL file.

    Args:
        path: The file; its ending says how it is laid out.
        wanted: Columns that must be there.
        optional: Columns that are read if they are there.
        header: Names of the columns, where the file has no header line.
        bad_rows: What becomes of rows that cannot be used; by default the first is an error.

    Returns:
        The columns.

    Raises:
        InputError: If the file cannot be read, lacks a column, has a blank cell in one, or has no
            rows.
    """
    rows = read_rows(path, bad_rows)
    file = Path(path).expanduser()
    return select_columns(file, rows, wanted, optional, header, bad_rows=bad_rows)


def select_columns(
    path: Path,
    rows: Rows,
    wanted: Sequence[str],
    optional: Sequence[str] = (),
    header: Sequence[str] | None = None,
    blank: Literal["refuse", "drop", "keep"] = "refuse",
    bad_rows: BadRows | None = None,
) -> Columns:
    """Picks columns out of parsed rows.

    Args:
        path: The file, for messages.
        rows: Line and cells of each row, the header first.
        wanted: Columns that must be there.
        optional: Columns that are read if they are there.
        header: Names of the columns if the first row does not hold those wanted, and so is no
            header.
        blank: What becomes of rows that are cut short or blank in one of the columns: they are an
            error, left out, or kept as they are.
        bad_rows: What becomes of rows that are an error; by default the first is raised.

    Returns:
        The columns.

    Raises:
        InputError: If a column or a cell is missing, or no row is left.
    """
    names, rows = _split_header(path, rows, wanted, header)
    places = _places(path, names, wanted, optional)
    columns = Columns(path, {name: [] for name in places}, [], [], [])
    bad_rows = bad_rows or BadRows()
    for number, (line, cells) in enumerate(rows):
        if cells is None:
            continue  # It is counted, so that ids stay the rows of the file.
        try:
            picked = _picked(path, line, cells, places)
            empty = next((name for name, cell in picked.items() if not cell.strip()), None)
            if empty is not None and blank == "refuse":
                raise InputError(f"{path}, line {line}: the column {empty!r} is empty.")
        except InputError as error:
            bad_rows.refuse(error, line, cells)
            continue
        if empty is None or blank == "keep":
            _append(columns, number, line, picked)
        else:
            columns.dropped.append(line)
    if not columns.rows:
        raise InputError(f"{path} has no rows.")
    return columns


def _split_header(
    path: Path, rows: Rows, wanted: Sequence[str], header: Sequence[str] | None
) -> tuple[list[str], Rows]:
    first = next((row for row in rows if row[1] is not None), None)
    if first is None or first[1] is None:
        raise InputError(f"{path} has no rows.")
    names = [name.strip() for name in first[1]]
    if header is not None and not set(wanted) <= set(names):
        return list(header), itertools.chain([first], rows)
    return names, rows


def _picked(path: Path, line: int, cells: list, places: dict[str, int]) -> dict[str, str]:
    return {
        name: _cell_text(path, line, name, cells[place]) if place < len(cells) else ""
        for name, place in places.items()
    }


def _append(columns: Columns, number: int, line: int, picked: dict[str, str]) -> None:
    columns.rows.append(number)
    columns.lines.append(line)
    for name, cell in picked.items():
        columns.values[name].append(cell)


def _places(
    path: Path, names: Sequence[str], wanted: Sequence[str], optional: Sequence[str]
) -> dict[str, int]:
    for name in wanted:
        if name not in names:
            raise unknown_name(f"column of {path}", name, names)
    found = [*wanted, *(name for name in optional if name in names)]
    return {name: names.index(name) for name in found}


def _cell_text(path: Path, line: int, name: str, value: object) -> str:
    if isinstance(value, str):
        # "\ud83d" alone, half of an emoji that was cut, is JSON but not text.
        if not value.isascii() and not _is_unicode(value):
            raise InputError(
                f"{path}, line {line}: {name!r} is not UTF-8, or holds half of a surrogate pair."
            )
        return value
    if value is None:
        return ""
    if isinstance(value, dict | list):
        raise InputError(f"{path}, line {line}: {name!r} is neither a text nor a number.")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def examples_of(columns: Columns, task: Task) -> Examples:
    """Turns a task's columns into examples.

    Args:
        columns: The task's texts, and its labels unless they are withheld.
        task: The task.

    Returns:
        The examples, in the order of the file.

    Raises:
        InputError: If a label is not one of the task's.
    """
    labels = columns.values.get(task.label)
    return Examples(
        text_a=columns.values[task.text_a],
        text_b=None if task.text_b is None else columns.values[task.text_b],
        labels=None
        if labels is None
        else encode_labels(labels, task.label_names, columns.path, columns.lines),
        ids=[str(row) for row in columns.rows],
        label_names=task.label_names,
    )
