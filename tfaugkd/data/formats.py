"""CSV, TSV and JSONL as rows of cells, each with the line on which it begins."""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from tfaugkd.data.bad_rows import BadRows
from tfaugkd.errors import InputError

UTF8_BOM = b"\xef\xbb\xbf"
# The module csv refuses cells above 131,072 characters unless told otherwise; long documents exist.
_LONGEST_CELL = 2**31 - 1

# The first row is the header. A cell is text, or whatever a JSON value can be. A row that was left
# out, because it is not in the file's format, has None in place of its cells.
Rows = Iterator[tuple[int, list[Any] | None]]


def read_rows(path: str | Path, bad_rows: BadRows | None = None) -> Rows:
    """Reads a file whose ending says how it is laid out.

    Args:
        path: CSV (quoted as Excel does), TSV (no quoting: a cell ends at a tab) or JSONL file, in
            UTF-8.
        bad_rows: What becomes of rows that cannot be used; by default the first is an error.

    Returns:
        For each row the 1-based line on which it begins, and its cells; the header is the first.

    Raises:
        InputError: If the ending is another one or the file cannot be read; while iterating, if a
            row is not in the file's format.
    """
    file = Path(path).expanduser()
    parse = PARSERS[ending_of(file)]
    skip = bad_rows is not None and bad_rows.skip
    return parse(file, decode(file, read_bytes(file), escape=skip), bad_rows=bad_rows)


def ending_of(path: str | Path) -> str:
    """Tells a file's format from its ending.

    Args:
        path: A file, existing or not.

    Returns:
        ".csv", ".tsv" or ".jsonl".

    Raises:
        InputError: If it ends otherwise.
    """
    ending = Path(path).suffix.lower()
    if ending not in PARSERS:
        raise InputError(f"{path} must end in one of: {', '.join(PARSERS)}.")
    return ending


def read_bytes(path: Path) -> bytes:
    """Reads a file whole.

    Args:
        path: The file.

    Returns:
        Its bytes.

    Raises:
        InputError: If it is not there or cannot be read.
    """
    with opened(path) as file:
        return file.read()


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Opens a file to read its bytes, a few at a time.

    Args:
        path: The file.

    Yields:
        The open file.

    Raises:
        InputError: If it is not there or cannot be read.
    """
    try:
        with path.open("rb") as file:
            yield file
    except FileNotFoundError:
        raise InputError(f"There is no file {path}.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error


def decode(path: Path, content: bytes, first_line: int = 1, escape: bool = False) -> str:
    """Decodes UTF-8, with or without a byte order mark.

    Args:
        path: The file, for the message.
        content: Its bytes.
        first_line: The number of the first line among them in the file.
        escape: Whether bytes that are not UTF-8 become surrogates, which no text has, so that
            they are found in their cells.

    Returns:
        Its text.

    Raises:
        InputError: If it is not UTF-8; names the first line that is not.
    """
    content = content.removeprefix(UTF8_BOM)
    try:
        return content.decode("utf-8", "surrogateescape" if escape else "strict")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + first_line
        raise InputError(f"{path}, line {line} is not UTF-8; save the file as UTF-8.") from error


def tsv_rows(path: Path, text: str, first_line: int = 1, bad_rows: BadRows | None = None) -> Rows:
    """Splits TSV in GLUE's layout: quotes are letters like any other.

    Args:
        path: The file; not looked at, as nothing here can be wrong.
        text: Its text.
        first_line: The number of the text's first line in the file.
        bad_rows: Not looked at either.

    Yields:
        The line and the cells of each row that is not blank.
    """
    # Not str.splitlines, which also cuts at characters that stand inside GLUE's texts.
    for line, row in enumerate(text.split("\n"), start=first_line):
        row = row.rstrip("\r")
        if row:
            yield line, row.split("\t")


def csv_rows(path: Path, text: str, first_line: int = 1, bad_rows: BadRows | None = None) -> Rows:
    """Parses CSV.

    Args:
        path: The file, for messages.
        text: Its text.
        first_line: The number of the text's first line in the file.
        bad_rows: Takes rows with a quote that is not closed, or more cells than the header.

    Yields:
        The line on which each row begins, and its cells.

    Raises:
        InputError: If a quote is not closed, or a row has more cells than the header.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    bad_rows = bad_rows or BadRows()
    line, width = first_line, 0
    lines: list[str] = []
    while True:
        try:
            cells = next_csv_row(path, reader, line)
        except InputError as error:
            lines = lines or list(io.StringIO(text, newline=""))
            raw = lines[line - first_line : reader.line_num]
            bad_rows.refuse(error, line, "".join(raw))
            yield line, None
            line = reader.line_num + first_line
            continue
        if cells is None:
            return
        width = width or len(cells)
        if any(cells[width:]):
            bad_rows.refuse(_too_wide(path, line, cells, width), line, cells)
            yield line, None
        elif cells:
            yield line, cells
        line = reader.line_num + first_line


def _too_wide(path: Path, line: int, cells: list[str], width: int) -> InputError:
    return InputError(
        f"{path}, line {line} has {len(cells)} cells, but the header has {width}; a text "
        "that holds a comma must stand between double quotes."
    )


def next_csv_row(path: Path, reader: Any, line: int) -> list[str] | None:
    """Reads one row of CSV, however long its cells.

    Args:
        path: The file, for messages.
        reader: A strict `csv.reader`.
        line: The line on which the row begins, for messages.

    Returns:
        The cells; None behind the last row.

    Raises:
        InputError: If a quote is not closed, or something stands behind one that is.
    """
    # The limit belongs to the process, so it is raised only for the time of one row.
    limit = csv.field_size_limit(_LONGEST_CELL)
    try:
        return next(reader, None)
    except csv.Error as error:
        raise InputError(f"{path}, line {line} is not valid CSV: {error}.") from error
    finally:
        csv.field_size_limit(limit)


def jsonl_rows(path: Path, text: str, first_line: int = 1, bad_rows: BadRows | None = None) -> Rows:
    """Parses JSONL; the first object's keys are the columns.

    Args:
        path: The file, for messages.
        text: Its text.
        first_line: The number of the text's first line in the file.
        bad_rows: Takes lines that are not a JSON object.

    Yields:
        The line and the values of each object; None where a key is missing.

    Raises:
        InputError: If a line is not a JSON object.
    """
    bad_rows = bad_rows or BadRows()
    names: list[str] = []
    for line, row in enumerate(text.split("\n"), start=first_line):
        if not row.strip():
            continue
        try:
            record = _json_object(path, line, row)
        except InputError as error:
            bad_rows.refuse(error, line, row)
            yield line, None
            continue
        if not names:
            names = list(record)
            yield line, names
        yield line, [record.get(name) for name in names]


def _json_object(path: Path, line: int, row: str) -> dict[str, Any]:
    try:
        record = json.loads(row)
    # A number of thousands of digits is a ValueError of its own.
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}, line {line} is not valid JSON ({error}).") from error
    if not isinstance(record, dict):
        raise InputError(f"{path}, line {line} is not a JSON object like {{...}}.")
    return record


PARSERS = {".csv": csv_rows, ".tsv": tsv_rows, ".jsonl": jsonl_rows}
