"""Tables of finished cells, and how they are printed on the terminal."""

import textwrap
from collections.abc import Collection
from typing import Literal, NamedTuple

import rich.box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

MISSING = "-"

# Wide enough for a log file or a pipe, which have no width of their own.
_WIDTH_WITHOUT_TERMINAL = 120
_NARROWEST_TITLE = 9  # Characters; a narrower title would be a tower of words.


class Cells(NamedTuple):
    """A table: its title, the titles of its columns, and its lines, each with a cell a column.

    The first column names what a line is about. A cell may have several lines.
    """

    title: str
    columns: list[str]
    lines: list[list[str]]


def default_console() -> Console:
    """Gives the console for standard output, 120 columns wide if it is no terminal."""
    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH_WITHOUT_TERMINAL)


def print_cells(cells: Cells, console: Console | None = None, bold: Collection[str] = ()) -> None:
    """Prints a table on the terminal.

    Args:
        cells: The table.
        console: Where to print; standard output if not given.
        bold: First cells of the lines that stand out.
    """
    table = Table(title=escape(cells.title), box=rich.box.SIMPLE_HEAD, title_justify="left")
    for number, title in enumerate(cells.columns):
        # Titles wrap, and the names of the lines where they must; a number or an interval never.
        shown = "\n".join(line[number] for line in cells.lines).splitlines()
        width = max(_NARROWEST_TITLE, *map(len, shown + title.split()))
        heading = "\n".join(textwrap.wrap(title, width))
        side: Literal["left", "right"] = "right" if number else "left"
        table.add_column(escape(heading), justify=side, no_wrap=number > 0, overflow="fold")
    for line in cells.lines:
        table.add_row(*map(escape, line), style="bold" if line[0] in bold else None)
    (console or default_console()).print(table)
