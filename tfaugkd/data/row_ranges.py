"""Ranges of rows in a file that does not fit into memory, each of which is read by itself."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tfaugkd.data.formats import (
    PARSERS,
    UTF8_BOM,
    Rows,
    decode,
    ending_of,
    next_csv_row,
    opened,
)
from tfaugkd.errors import InputError


class Position(NamedTuple):
    """A place between two rows of a file: how many bytes and lines lie before it."""

    byte: int
    lines: int


@dataclass(frozen=True)
class RowRange:
    """Some rows of a file, one after the other.

    Args:
        path: The file.
        columns: Names of its columns.
        head: The bytes of its first row, which says how wide a row is, or what its keys are.
        head_lines: How many lines these are.
        begin: The place before the range.
        end: The place behind it.
        first_row: Zero-based number of its first row, not counting a header line.
    """

    path: Path
    columns: tuple[str, ...]
    head: bytes
    head_lines: int
    begin: Position
    end: Position
    first_row: int


def split_rows(
    path: str | Path,
    size: int,
    wanted: Sequence[str] = (),
    header: Sequence[str] | None = None,
) -> list[RowRange]:
    """Finds ranges of rows in one pass over a file, of which no more than a row is held.

    Args:
        path: CSV, TSV or JSONL file.
        size: Rows in a range; the last one may have fewer.
        wanted: With header: columns that a first row must name to be a header line all the same.
        header: Names of the columns, where the file has no header line.

    Returns:
        The ranges in order.

    Raises:
        InputError: If the file cannot be read, is not UTF-8, has an open quote, or has no rows.
    """
    file = Path(path).expanduser()
    with opened(file) as stream:
        ends = _row_ends(file, stream)
        behind_head = next(ends, Position(0, 0))
        with opened(file) as again:
            head = again.read(behind_head.byte)
        columns, is_row = _columns_of(file, head, wanted, header)
        begin = behind_head
        if is_row:
            ends = chain([behind_head], ends)
            begin = Position(len(head) - len(head.removeprefix(UTF8_BOM)), 0)
        marks = _every(size, begin, ends)
    if len(marks) == 1:
        raise InputError(f"{file} has no rows.")
    return [
        RowRange(file, columns, head, behind_head.lines, one, other, number * size)
        for number, (one, other) in enumerate(pairwise(marks))
    ]


def _every(size: int, begin: Position, ends: Iterator[Position]) -> list[Position]:
    """Takes every size-th of the places behind a row, and the last one."""
    marks, last = [begin], begin
    for number, last in enumerate(ends, start=1):
        if number % size == 0:
            marks.append(last)
    return marks if marks[-1] == last else [*marks, last]


def read_range(rows: RowRange) -> Rows:
    """Reads the rows of a range, as `tfaugkd.data.formats.read_rows` reads those of a file.

    Args:
        rows: The range.

    Yields:
        The names of the columns, then for each row the line on which it begins and its cells.

    Raises:
        InputError: If the file cannot be read or is shorter now, or a row is not in its format.
    """
    length = rows.end.byte - rows.begin.byte
    with opened(rows.path) as file:
        file.seek(rows.begin.byte)
        content = file.read(length)
    if len(content) < length:
        raise InputError(f"{rows.path} has become shorter while it was read; prepare it again.")
    ending = ending_of(rows.path)
    head = rows.head.rstrip(b"\r\n") + b"\n"
    text = decode(rows.path, head + content)
    yield 1, list(rows.columns)
    # A JSON object is parsed twice: for its keys and as a row.
    of_head = 2 if ending == ".jsonl" else 1
    parsed = PARSERS[ending](rows.path, text, rows.begin.lines - rows.head_lines + 1)
    yield from islice(parsed, of_head, None)


def _columns_of(
    path: Path, head: bytes, wanted: Sequence[str], header: Sequence[str] | None
) -> tuple[tuple[str, ...], bool]:
    """Gives the names of the columns, and whether the first row is one like the others."""
    ending = ending_of(path)
    _, cells = next(PARSERS[ending](path, decode(path, head)), (1, []))
    names = tuple(str(cell).strip() for cell in cells or ())
    if header is not None and not set(wanted) <= set(names):
        return tuple(header), True
    return names, ending == ".jsonl"


def _row_ends(path: Path, file: BinaryIO) -> Iterator[Position]:
    """Finds the place behind each row that is not blank, the header's included."""
    ending = ending_of(path)
    lines = _Lines(path, file, split_at_returns=ending == ".csv")
    if ending == ".csv":
        texts = iter(lines)
        reader = csv.reader(texts, strict=True)
        while (cells := next_csv_row(path, reader, lines.passed.lines + 1)) is not None:
            if cells:
                yield lines.passed
        return
    for text in lines:
        if text.rstrip("\r\n") if ending == ".tsv" else text.strip():
            yield lines.passed


class _Lines:
    """The lines of a file, and the place behind the last one that was read."""

    def __init__(self, path: Path, file: BinaryIO, split_at_returns: bool) -> None:
        self._path, self._file, self._split_at_returns = path, file, split_at_returns
        self.passed = Position(0, 0)

    def __iter__(self) -> Iterator[str]:
        for line in self._file:
            # CSV takes a lone return for the end of a line, too.
            for piece in line.splitlines(keepends=True) if self._split_at_returns else (line,):
                byte, lines = self.passed
                text = decode(self._path, piece, lines + 1)
                self.passed = Position(byte + len(piece), lines + 1)
                yield text
