"""The pictures of an exhibit: bars, curves over columns, curves over training steps.

They read in black and white: series differ by hatching, line and marker, never by colour alone.
"""

import csv
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tfaugkd.folders import replacing
from tfaugkd.reproduce.layout import heading
from tfaugkd.reproduce.plan import Place, Plan
from tfaugkd.reproduce.results import Line
from tfaugkd.reproduce.run import Outcome
from tfaugkd.run_folder import LOGS_FOLDER

_STYLES = [
    (line, marker) for marker, line in zip("osD^vP*X", cycle(["-", "--", "-.", ":"]), strict=False)
]
_PANEL_INCHES = 5.2


def draw_exhibit(
    path: str | Path, plan: Plan, lines: Sequence[Line], outcomes: dict[Place, Outcome]
) -> None:
    """Draws an exhibit into a PNG file; see `exhibit_figure`."""
    with replacing(path) as temporary:
        exhibit_figure(plan, lines, outcomes).savefig(temporary, format="png", facecolor="white")


def exhibit_figure(plan: Plan, lines: Sequence[Line], outcomes: dict[Place, Outcome]) -> Figure:
    """Makes the picture of an exhibit, one panel for each task and quantity.

    Args:
        plan: Says what kind of picture it is.
        lines: Ours and the paper's numbers.
        outcomes: Where the runs' logs are, for curves over steps.

    Returns:
        The picture.
    """
    panels = _panels(plan, lines)
    kind = plan.exhibit.plot
    rows = max(len({line.row for line in shown}) for _, _, shown in panels)
    wide = 2 if kind == "curves" else 1
    height = 1.6 + 0.42 * rows if kind == "bars" else 4.2
    figure = Figure(
        figsize=(wide * _PANEL_INCHES + 2, height * len(panels)), dpi=120, layout="constrained"
    )
    figure.suptitle(f"{plan.exhibit.name}. {plan.exhibit.title}", fontsize=11)
    grid = figure.subplots(len(panels), wide, squeeze=False, sharey="row")
    for axes, (task, quantity, shown) in zip(grid, panels, strict=True):
        label = f"{task}: {heading(quantity)}"
        if kind == "curves":
            _curves(axes, plan, shown, label)
        elif kind == "steps":
            _steps(axes[0], task, quantity[1], outcomes, label)
        else:
            _bars(axes[0], shown, label)
    return figure


def _panels(plan: Plan, lines: Sequence[Line]) -> list[tuple[str, tuple[str, str], list[Line]]]:
    found = []
    for task in plan.tasks:
        of_task = [line for line in lines if line.task == task]
        for quantity in dict.fromkeys(line.quantity for line in of_task):
            shown = [line for line in of_task if line.quantity == quantity]
            # Over the steps, only what is watched on dev can be drawn.
            if plan.exhibit.plot != "steps" or quantity[0] == "dev":
                found.append((task, quantity, shown))
    return found


def _bars(axes: Axes, lines: Sequence[Line], label: str) -> None:
    """Draws for each cell two bars, and around ours the interval of its difference."""
    names = [", ".join(part for part in (line.row, line.column) if part) for line in lines]
    places = list(range(len(lines)))
    paper = [line.paper or 0.0 for line in lines]
    ours = [line.ours or 0.0 for line in lines]
    axes.barh(
        [place - 0.2 for place in places], paper, 0.38,
        color="white", edgecolor="black", hatch="///", label="the paper's",
    )  # fmt: skip
    axes.barh(
        [place + 0.2 for place in places], ours, 0.38,
        color="0.6", edgecolor="black", label="ours",
    )  # fmt: skip
    for place, line in zip(places, lines, strict=True):
        _whisker(axes, place + 0.2, line)
    axes.set_yticks(places, names)
    axes.set_ylim(len(lines) - 0.4, -0.6)
    axes.set_ylabel("Row")
    axes.set_xlim(*_limits([*paper, *ours]))
    if axes.get_xlim()[0] > 0:
        label += ", axis not from 0"
    if any(line.interval for line in lines):
        label += "\nWhiskers: 95 % interval of the paired difference to the baseline"
    axes.set_xlabel(label)
    axes.legend(fontsize=8, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)


def _whisker(axes: Axes, place: float, line: Line) -> None:
    if line.interval is None or line.ours is None or line.metric != line.compared:
        return
    mean, low, high = line.interval
    reach = [[mean - low], [high - mean]]
    axes.errorbar(line.ours, place, xerr=reach, color="black", capsize=3, linewidth=1.2)


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """Leaves out the empty part of bars that are all long; a bar of none stays at the edge."""
    there = [value for value in values if value > 0]
    if not there:
        return 0.0, 1.0
    lowest, highest = min(there), max(there)
    start = lowest - 0.5 * (highest - lowest) - 2 if lowest > 20 and highest <= 100 else 0.0
    return max(0.0, start), highest + 0.08 * (highest - max(0.0, start))


def _curves(panels: Sequence[Axes], plan: Plan, lines: Sequence[Line], label: str) -> None:
    """Draws ours and, beside it on the same scale, the paper's curves over the columns."""
    exhibit = plan.exhibit
    for axes, whose in zip(panels, ("ours", "paper"), strict=True):
        rows = list(dict.fromkeys(line.row for line in lines))
        for row, (style, marker) in zip(rows, cycle(_STYLES)):
            found = [line for line in lines if line.row == row]
            points = [(place_of(line.column), getattr(line, whose)) for line in found]
            points = [point for point in points if point[1] is not None]
            if points:
                x, y = zip(*points, strict=True)
                axes.plot(x, y, style, marker=marker, color="black", label=row, markersize=5)
        _dress_curves(axes, exhibit.x, label, "Ours" if whose == "ours" else "The paper's")
        if exhibit.log:
            axes.set_xscale("log")


def place_of(column: str) -> float:
    """Reads the number in a column's name, as in 20% or TMKD 0.5."""
    return float(column.removesuffix("%").split()[-1])


def _dress_curves(axes: Axes, x: str, y: str, title: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.tick_params(labelleft=True)
    axes.set_title(title, fontsize=10)
    axes.grid(color="0.88")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=7)
    else:
        axes.text(0.5, 0.5, "no numbers", transform=axes.transAxes, ha="center", color="0.4")


def _steps(axes: Axes, task: str, metric: str, outcomes: dict[Place, Outcome], label: str) -> None:
    """Draws the scores on dev as they were during the training, mean over seeds."""
    shown = {place: each for place, each in outcomes.items() if place.task == task and each.steps}
    for (place, outcome), (style, marker) in zip(shown.items(), cycle(_STYLES)):
        curves = [_watched(record.parent, metric) for record in outcome.records]
        means = [sum(scores) / len(scores) for scores in zip(*curves, strict=False)]
        assert outcome.steps is not None, "a student has steps"
        x = [outcome.steps * (number + 1) / len(means) for number in range(len(means))]
        axes.plot(x, means, style, marker=marker, color="black", label=place.row, markersize=4)
    _dress_curves(axes, "Training step", label, "Ours")


def _watched(folder: Path, metric: str) -> list[float]:
    """Reads the scores on dev that a run logged, times 100; none where it was not watched."""
    with (folder / LOGS_FOLDER / "history.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [100 * float(row[f"val_{metric}"]) for row in rows if row.get(f"val_{metric}")]
