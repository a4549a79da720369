"""What a benchmark measured, as tables on the terminal and in Markdown."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import rich.box
from rich.console import Console
from rich.table import Table

from tfaugkd.benchmark.exactness import Checked
from tfaugkd.benchmark.measured import Measured, StepTime
from tfaugkd.benchmark.projections import Projections
from tfaugkd.benchmark.rows import KD_OVER_FLOOR, RATIOS

_MISSING = "-"
_WIDTH = 120


class Sheet(NamedTuple):
    """A table: its title, its columns' titles, and its lines; the first column names a line."""

    title: str
    columns: Sequence[str]
    lines: Sequence[Sequence[str]]


def sheets(measured: Measured) -> list[Sheet]:
    """Lays out what was measured.

    Args:
        measured: The measurements.

    Returns:
        The tables, those without lines left out.
    """
    every = (
        _steps(measured.steps),
        _ratios(measured.steps),
        _projections(measured.projections),
        _checked(measured.checked),
    )
    return [sheet for sheet in every if sheet.lines]


def print_sheets(shown: Sequence[Sheet]) -> None:
    """Prints tables on standard output."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    for sheet in shown:
        table = Table(title=sheet.title, box=rich.box.SIMPLE_HEAD, title_justify="left")
        for number, title in enumerate(sheet.columns):
            table.add_column(title, justify="right" if number else "left")
        for line in sheet.lines:
            table.add_row(*line)
        console.print(table)


def markdown(shown: Sequence[Sheet]) -> str:
    """Writes tables in Markdown.

    Args:
        shown: The tables.

    Returns:
        The tables, each under a line in bold; ends with a line break.
    """
    return "\n".join(f"**{sheet.title}**\n\n{_grid(sheet)}\n" for sheet in shown)


def _grid(sheet: Sheet) -> str:
    alignment = ["---", *(["--:"] * (len(sheet.columns) - 1))]
    return "\n".join(
        "| " + " | ".join(line) + " |" for line in (sheet.columns, alignment, *sheet.lines)
    )


def _steps(steps: dict[str, StepTime]) -> Sheet:
    columns = ("Step", "Median s", "Min s", "Max s", "Floor s", "Median / floor", "Extra MB")
    lines = [
        (
            name,
            *(f"{value:.3f}" for value in (*step.latency, step.floor_s)),
            f"{step.latency.median_s / step.floor_s:.2f}",
            _megabytes(step.extra_bytes),
        )
        for name, step in steps.items()
    ]
    return Sheet("Steps", columns, lines)


def _ratios(steps: dict[str, StepTime]) -> Sheet:
    return Sheet("Ratios of medians", ("Ratio", "Measured", "Held to"), list(_ratio_lines(steps)))


def _ratio_lines(steps: dict[str, StepTime]) -> Iterator[tuple[str, str, str]]:
    for over, under, at_most in RATIOS:
        if over in steps and under in steps:
            ratio = steps[over].latency.median_s / steps[under].latency.median_s
            yield f"{over} / {under}", f"{ratio:.2f}", f"{at_most:.2f}"
    if "kd" in steps:
        ratio = steps["kd"].latency.median_s / steps["kd"].floor_s
        yield "kd / its floor", f"{ratio:.2f}", f"{KD_OVER_FLOOR:.2f}"


def _projections(found: Projections) -> Sheet:
    title = (
        f"Projection of {found.with_text:,} of {found.positions:,} positions, "
        f"{found.width} wide, on {found.vocabulary:,} tokens"
    )
    fastest_search = found.timed["blockwise"].latency.median_s
    lines = [
        (
            name,
            *(f"{1000 * value:.1f}" for value in timed.latency),
            f"{timed.latency.median_s / fastest_search:.3f}",
            _megabytes(timed.extra_bytes),
            _tiers(found.tiers) if name == "certified" else _MISSING,
        )
        for name, timed in found.timed.items()
    ]
    columns = ("Way", "Median ms", "Min ms", "Max ms", "/ blockwise", "Extra MB", "Tiers 1/2/3")
    return Sheet(title, columns, lines)


def _checked(cases: Sequence[Checked]) -> Sheet:
    columns = ("Case", "Mixtures", "Another but for rounding", "Wrong", "Tiers 1/2/3")
    lines = [
        (case.case, *(f"{count:,}" for count in case.verdict), _tiers(case.tiers)) for case in cases
    ]
    if lines:
        total = [sum(numbers) for numbers in zip(*(case.verdict for case in cases), strict=True)]
        lines.append(("all", *(f"{count:,}" for count in total), _MISSING))
    return Sheet("The certified projection held to brute force", columns, lines)


def _tiers(shares: Sequence[float]) -> str:
    return " / ".join(f"{share:.1%}" for share in shares)


def _megabytes(count: int | None) -> str:
    return _MISSING if count is None else f"{count / 1e6:,.0f}"
