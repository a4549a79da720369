"""The tables and figures of the papers as data: what each prints, and which configs make its rows.

For each paper there are two files in `printed`: a CSV file with every number, one a line, and a
YAML file that says which config of `configs/` each row is run by.
"""

import csv
import io
from dataclasses import dataclass, field, fields, replace
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from tfaugkd.errors import InputError, unknown_name

PAPERS = ("augpro", "da_for_kd", "mixkd", "ad2")


@dataclass(frozen=True)
class Printed:
    """A number as a paper prints it.

    Args:
        row: The row, as printed.
        column: The column, where columns are other experiments; empty where they are tasks.
        task: The task; empty where the paper does not say.
        split: The split that was scored; empty where nothing was scored.
        metric: accuracy, f1, matthews_correlation, pearson or spearmanr, times 100; or the name of
            another quantity, in its own unit.
        value: The number.
        spread: Its standard deviation over seeds, where that is printed.
        printed: The heading or place, and the whole cell as it stands in the paper.
    """

    row: str
    column: str
    task: str
    split: str
    metric: str
    value: float
    spread: float | None
    printed: str


@dataclass(frozen=True)
class Cell:
    """Which experiment a cell is: a config, and what is changed in it.

    Args:
        config: Name of the YAML file in the paper's folder of configs.
        method: Name of the method in it, where it is a comparison.
        share: Share of the training data that the student has; the config's own if not given.
        teacher_share: The same for the teacher.
        scale: "paper" where the experiment has no counterpart at another scale.
        makes: Name of the config that writes the file of variants which this one reads.
        copies: Variants of each text in that file.
        reason: Why there is none of ours.
    """

    config: str = ""
    method: str | None = None
    share: float | None = None
    teacher_share: float | None = None
    scale: str | None = None
    makes: str | None = None
    copies: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class Exhibit:
    """A table or a figure of a paper.

    Args:
        name: Its name on the command line, as in augpro.table1.
        title: Its title, for people.
        source: The paper.
        tasks: The tasks that it is about, in the paper's order.
        rows: What each row says of its experiments.
        columns: The same for columns, where these are no tasks.
        cell: The same for every cell.
        baseline: The rows, or columns, that others are compared with: the first that is there.
        metrics: What is measured, where that is no score.
        plot: bars, curves (over the columns), steps (over training) or latent_space.
        x: What the columns are, for the axis of a curve.
        log: Whether that axis is logarithmic.
        note: What a reader should know.
        teacher: Name of the config of the teacher.
        printed: The paper's numbers.
    """

    name: str
    title: str
    source: str
    tasks: list[str]
    rows: dict[str, dict[str, Any]]
    columns: dict[str, dict[str, Any]] = field(default_factory=lambda: {"": {}})
    cell: dict[str, Any] = field(default_factory=dict)
    baseline: list[str] = field(default_factory=list)
    metrics: list[str] = field(default_factory=list)
    plot: str = "bars"
    x: str = ""
    log: bool = False
    note: str = ""
    teacher: str = "teacher"
    printed: list[Printed] = field(default_factory=list)

    @property
    def paper(self) -> str:
        """The paper's folder of configs, as in augpro."""
        return self.name.partition(".")[0]

    def cells(self, task: str) -> dict[tuple[str, str], Cell]:
        """Lists the experiments of a task.

        Args:
            task: The task; one that the paper does not have takes the rows of the first one.

        Returns:
            For each row and column the cell, in the order of the paper.
        """
        known = task if task in self.tasks else self.tasks[0]
        found = {}
        for row, of_row in self.rows.items():
            if known not in of_row.get("only", self.tasks) or known in of_row.get("except", ()):
                continue
            for column, of_column in self.columns.items():
                if column in of_row.get("only_columns", self.columns):
                    found[row, column] = _cell(self.cell | of_row | of_column, row, column)
        return found

    def numbers(self, task: str) -> list[Printed]:
        """Gives what the paper prints of a task."""
        return [each for each in self.printed if each.task in (task, "")]


def find_exhibit(name: str) -> Exhibit:
    """Finds a table or a figure.

    Args:
        name: Paper and number, as in augpro.table1.

    Returns:
        The exhibit.

    Raises:
        InputError: There is no such exhibit; the message names those that there are.
    """
    paper, _, number = name.partition(".")
    if paper not in PAPERS:
        raise InputError(
            f"There is no exhibit {name!r}; it begins with a paper ({', '.join(PAPERS)}), as in "
            "augpro.table1. tfaugkd reproduce --list names all."
        )
    known = exhibits_of(paper)
    if number not in known:
        raise unknown_name(f"exhibit of {paper}", number, known)
    return known[number]


@cache
def exhibits_of(paper: str) -> dict[str, Exhibit]:
    """Reads the tables and figures of a paper.

    Args:
        paper: One of PAPERS.

    Returns:
        The exhibits by their number, as in table1.
    """
    told = yaml.safe_load(_text(f"{paper}.yaml"))
    numbers = _numbers(paper)
    return {
        number: _exhibit(paper, number, keys, told["source"], numbers.get(number, []))
        for number, keys in told["exhibits"].items()
    }


def _exhibit(
    paper: str, number: str, keys: dict[str, Any], source: str, printed: list[Printed]
) -> Exhibit:
    baseline = keys.get("baseline", [])
    keys = keys | {"baseline": baseline if isinstance(baseline, list) else [baseline]}
    return Exhibit(name=f"{paper}.{number}", source=source, printed=printed, **keys)


def _cell(spec: dict[str, Any], row: str, column: str) -> Cell:
    known = {each.name for each in fields(Cell)}
    cell = Cell(**{key: value for key, value in spec.items() if key in known})
    if cell.method is not None:
        cell = replace(cell, method=cell.method.format(row=row, column=column))
    return cell


def _numbers(paper: str) -> dict[str, list[Printed]]:
    found: dict[str, list[Printed]] = {}
    for line in csv.DictReader(io.StringIO(_text(f"{paper}.csv"))):
        number = line.pop("exhibit")
        value, spread = float(line.pop("value")), line.pop("spread")
        printed = Printed(value=value, spread=float(spread) if spread else None, **line)
        found.setdefault(number, []).append(printed)
    return found


def _text(name: str) -> str:
    return (files("tfaugkd.reproduce") / "printed" / name).read_text(encoding="utf-8")
