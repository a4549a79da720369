"""Text that a spreadsheet would run as a formula when it opens a table."""

import unicodedata
from collections.abc import Mapping, Sequence

# What a formula begins with, as OWASP lists it under CSV injection.
_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n")


def without_formulas(rows: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    """Puts an apostrophe before each text that begins as a formula does.

    Args:
        rows: Rows of a table.

    Returns:
        The rows; numbers, and texts that are numbers, are as they were.
    """
    return [{name: _quoted(cell) for name, cell in row.items()} for row in rows]


def _quoted(cell: object) -> object:
    if not isinstance(cell, str) or _is_number(cell):
        return cell
    # A sign of full width is read as the usual one.
    first = unicodedata.normalize("NFKC", cell[:1])
    return f"'{cell}" if first in _BEGINNINGS else cell


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
