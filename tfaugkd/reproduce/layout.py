"""The lines of an exhibit as tables that people read."""

from collections.abc import Sequence
from math import isfinite

from tfaugkd.reproduce.plan import Plan
from tfaugkd.reproduce.results import Line

_MISSING = "-"
_UNITS = {
    "accuracy": "accuracy %",
    "f1": "F1 %",
    "matthews_correlation": "Matthews x100",
    "pearson": "Pearson x100",
    "spearmanr": "Spearman x100",
    "minutes_per_1000_steps": "minutes for 1,000 steps",
    "minutes": "minutes",
    "hours": "hours of training",
    "samples_per_second": "texts a second",
    "parameters": "weights",
    "gain": "gain in points",
}


def heading(quantity: tuple[str, str]) -> str:
    """Names a quantity and its unit, for people."""
    split, metric = quantity
    mismatched = " (mismatched)" if split.endswith("mismatched") else ""
    return _UNITS.get(metric, metric) + mismatched


def tables(plan: Plan, lines: Sequence[Line]) -> list[tuple[str, list[list[str]]]]:
    """Lays the lines out as tables.

    Args:
        plan: The plan.
        lines: Its lines.

    Returns:
        For each task a title and its rows of cells, the first of which is the heading.
    """
    laid = []
    for task in plan.tasks:
        of_task = [line for line in lines if line.task == task]
        if plan.exhibit.columns == {"": {}}:
            laid.append((task, _by_quantity(of_task)))
            continue
        for quantity in dict.fromkeys(line.quantity for line in of_task):
            chosen = [line for line in of_task if line.quantity == quantity]
            title = f"{task}, {heading(quantity)}: ours (the paper's)"
            laid.append((title, _by_column(plan, chosen)))
    return laid


def _by_quantity(lines: Sequence[Line]) -> list[list[str]]:
    quantities = list(dict.fromkeys(line.quantity for line in lines))
    head = ["Row"]
    for quantity in quantities:
        head += [f"Paper, {heading(quantity)}", "Ours"]
    compared = next((line for line in lines if line.interval is not None), None)
    if compared is not None:
        head.append(f"Ours, {compared.compared} against the baseline, 95 % interval")
    rows = [head]
    for name in dict.fromkeys(line.row for line in lines):
        of_row = {line.quantity: line for line in lines if line.row == name}
        cells = [name]
        for quantity in quantities:
            line = of_row[quantity]
            cells += [number(line.paper, line.paper_spread), number(line.ours, line.spread)]
        if compared is not None:
            cells.append(_difference(list(of_row.values())))
        rows.append(cells)
    return rows


def _difference(lines: Sequence[Line]) -> str:
    for line in lines:
        if line.left_out:
            return f"left out: {line.left_out}"
        if line.interval is not None and all(isfinite(value) for value in line.interval):
            mean, low, high = line.interval
            return f"{mean:+.1f} [{low:+.1f}, {high:+.1f}] to {line.baseline}"
    return _MISSING


def _by_column(plan: Plan, lines: Sequence[Line]) -> list[list[str]]:
    found = {(line.row, line.column): line for line in lines}
    rows = [["Row", *plan.exhibit.columns]]
    for name in dict.fromkeys(line.row for line in lines):
        cells = [name]
        for column in plan.exhibit.columns:
            line = found.get((name, column))
            cells.append(_MISSING if line is None else _ours_and_paper(line))
        rows.append(cells)
    return rows


def _ours_and_paper(line: Line) -> str:
    ours = number(line.ours, line.spread)
    return ours if line.paper is None else f"{ours} ({number(line.paper, line.paper_spread)})"


def number(value: float | None, spread: float | None = None) -> str:
    """Writes a number as the papers do, and its deviation behind it."""
    if value is None or not isfinite(value):
        return _MISSING
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.2f} ± {spread:.2f}" if spread is not None else f"{value:.2f}"
