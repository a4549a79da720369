"""What becomes of rows that cannot be used: the first one is an error, or all are left out."""

import json
import logging
from pathlib import Path
from typing import Any, NamedTuple

from tfaugkd.errors import InputError
from tfaugkd.folders import write_text
from tfaugkd.plain_json import plain

_LOG = logging.getLogger("tfaugkd")


class Rejected(NamedTuple):
    """A row that was left out.

    Attributes:
        line: The 1-based line on which it begins.
        reason: Why, in one sentence.
        row: Its cells; or its text, where that could not be taken apart.
    """

    line: int
    reason: str
    row: Any


class BadRows:
    """Stops at the first bad row of a file, or leaves them all out and counts them.

    Args:
        skip: Whether they are left out.

    Attributes:
        rejected: Those that were left out.
    """

    def __init__(self, skip: bool = False) -> None:
        self.skip = skip
        self.rejected: list[Rejected] = []

    def refuse(self, error: InputError, line: int, row: Any) -> None:
        """Takes a bad row.

        Args:
            error: What is wrong with it.
            line: The 1-based line on which it begins.
            row: Its cells or its text.

        Raises:
            InputError: The error, unless bad rows are left out.
        """
        if not self.skip:
            raise error
        self.rejected.append(Rejected(line, str(error), row))

    def report(self, path: Path, kept: int, folder: str | Path | None) -> None:
        """Says how many rows of a file were left out, and writes them down.

        Args:
            path: The file.
            kept: How many rows of it are used.
            folder: Where to write a file of the same name, with .jsonl behind it, that holds the
                line, the reason and the row of each; None writes none.
        """
        if not self.rejected:
            return
        rejected = sorted(self.rejected, key=lambda each: each.line)
        written = ""
        if folder is not None:
            target = Path(folder) / f"{path.name}.jsonl"
            write_text(target, "".join(json.dumps(plain(each)) + "\n" for each in rejected))
            written = f"; all are in {target}"
        count = len(rejected)
        _LOG.warning(
            "Left out %d of %d rows of %s; the first: %s%s",
            count, count + kept, path, rejected[0].reason, written,
        )  # fmt: skip
