"""Files of the user's own: CSV, TSV and JSONL, read for training and written for predictions."""

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tfaugkd.data.bad_rows import BadRows
from tfaugkd.data.examples import Examples
from tfaugkd.data.formats import ending_of
from tfaugkd.data.labels import distinct_labels, encode_labels
from tfaugkd.data.tables import Columns, examples_of, read_columns
from tfaugkd.data.tasks import Task
from tfaugkd.errors import InputError


def read_texts(
    path: str | Path,
    text_a: str,
    text_b: str | None = None,
    header: Sequence[str] | None = None,
    bad_rows: BadRows | None = None,
) -> Examples:
    """Reads texts that have no labels.

    Args:
        path: CSV, TSV or JSONL file.
        text_a: Name of the column with the text.
        text_b: Name of the column with the second text of a pair, if there is one.
        header: Names of the columns, where the file has no header line.
        bad_rows: What becomes of rows that cannot be used; by default the first is an error.

    Returns:
        One example for each row, without labels.

    Raises:
        InputError: If the file cannot be read, lacks a column, has a row without a text, or has no
            rows.
    """
    task = Task(name="texts", text_a=text_a, text_b=text_b)
    return examples_of(read_columns(path, task.texts, header=header, bad_rows=bad_rows), task)


def read_labelled(
    path: str | Path,
    task: Task,
    labels_required: bool = True,
    header: Sequence[str] | None = None,
    bad_rows: BadRows | None = None,
) -> Examples:
    """Reads the texts and labels of a task.

    Args:
        path: CSV, TSV or JSONL file.
        task: The task, which names the columns and the labels.
        labels_required: Whether a file without the column of the labels is an error; else its
            examples have no labels.
        header: Names of the columns, where the file has no header line.
        bad_rows: What becomes of rows that cannot be used; by default the first is an error.

    Returns:
        One example for each row.

    Raises:
        InputError: If the file cannot be read, lacks a column, has no rows, or has a row without a
            text or with a label that is not the task's.
    """
    wanted, optional = [*task.texts], [task.label]
    if labels_required:
        wanted, optional = wanted + optional, []
    columns = read_columns(path, wanted, optional, header, bad_rows)
    if bad_rows is not None and bad_rows.skip and task.label in columns.values:
        columns = _with_right_labels(columns, task, bad_rows)
    return examples_of(columns, task)


def _with_right_labels(columns: Columns, task: Task, bad_rows: BadRows) -> Columns:
    """Leaves out the rows whose label is not the task's."""
    kept = []
    for place, (label, line) in enumerate(
        zip(columns.values[task.label], columns.lines, strict=True)
    ):
        try:
            encode_labels([label], task.label_names, columns.path, [line])
            kept.append(place)
        except InputError as error:
            row = [cells[place] for cells in columns.values.values()]
            bad_rows.refuse(error, line, row)
    if not kept:
        raise InputError(f"{columns.path} has no rows with a label that is the task's.")
    return columns.take(kept)


def read_label_names(
    path: str | Path,
    label: str,
    header: Sequence[str] | None = None,
    bad_rows: BadRows | None = None,
) -> tuple[str, ...]:
    """Lists the classes that a training file holds.

    Args:
        path: CSV, TSV or JSONL file.
        label: Name of the column with the label.
        header: Names of the columns, where the file has no header line.
        bad_rows: What becomes of rows that cannot be used; by default the first is an error.

    Returns:
        The distinct labels in order.

    Raises:
        InputError: If the file cannot be read or lacks the column, if it has only one label, or if
            its labels look like scores.
    """
    columns = read_columns(path, [label], header=header, bad_rows=bad_rows)
    return distinct_labels(columns.values[label], columns.path, label)


def write_rows(path: str | Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Writes rows to a file, which is either whole or, after a failure, as it was before.

    Args:
        path: CSV, TSV or JSONL file; its folder is made if there is none. A TSV cell cannot hold
            tabs and line ends: they are written as spaces.
        rows: Rows with the same keys; those of the first are the columns.

    Raises:
        InputError: If the path ends otherwise or cannot be written.
    """
    file = Path(path).expanduser()
    text = _FORMATTERS[ending_of(file)](rows)
    # Beside the file, because a file can only be moved in one step within a file system.
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8", newline="")
        os.replace(part, file)
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        with suppress(OSError):
            part.unlink()


def _csv_text(rows: Sequence[Mapping[str, object]]) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, fieldnames=list(rows[0]) if rows else [], lineterminator="\n")
    if rows:
        writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _tsv_text(rows: Sequence[Mapping[str, object]]) -> str:
    names = list(rows[0]) if rows else []
    table: list[list[object]] = [[row[name] for name in names] for row in rows]
    if rows:
        table.insert(0, [*names])
    return "".join("\t".join(_tsv_cell(cell) for cell in cells) + "\n" for cells in table)


def _tsv_cell(value: object) -> str:
    return str(value).replace("\t", " ").replace("\r\n", " ").replace("\n", " ").replace("\r", " ")


def _jsonl_text(rows: Sequence[Mapping[str, object]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


_FORMATTERS = {".csv": _csv_text, ".tsv": _tsv_text, ".jsonl": _jsonl_text}
