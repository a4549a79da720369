"""The picture of a comparison: one dot per method, with the interval of its difference."""

from collections.abc import Sequence
from math import isfinite
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tfaugkd.folders import replacing
from tfaugkd.table import Row

_ROW_HEIGHT_INCHES = 0.42


def draw_comparison(
    path: str | Path,
    rows: Sequence[Row],
    *,
    metric: str = "accuracy",
    baseline: str,
    teacher: str | None = None,
    split: str = "test",
) -> None:
    """Draws a dot for every method, and lines for the baseline and the teacher.

    A whisker is the interval of the paired difference to the baseline, drawn around the method's
    own score: one that does not reach the baseline's line is a difference.

    Args:
        path: The PNG file to write.
        rows: The methods; the first is drawn at the top.
        metric: The score that is drawn, times 100; rows without it are left out.
        baseline: Name of the row whose score is the dashed line.
        teacher: Name of the row that is drawn as a dotted line only.
        split: Name of the split, for the axis.
    """
    scored = [row for row in rows if isfinite(row.scores.get(metric, float("nan")))]
    methods = [row for row in scored if row.name != teacher]
    # A Figure of its own, without pyplot: no window, and nobody's backend is changed.
    figure = Figure(figsize=(8, 1.5 + _ROW_HEIGHT_INCHES * max(len(methods), 2)), dpi=150)
    axes = figure.add_subplot()
    for place, row in enumerate(methods):
        _draw_method(axes, place, row, metric, label=row.name != baseline)
    _draw_lines(axes, scored, metric, baseline, teacher)
    _dress(axes, [row.name for row in methods])
    unit = "%" if metric in ("accuracy", "f1") else "x100"
    axes.set_xlabel(
        f"{metric.replace('_', ' ').capitalize()} on {split} ({unit}, mean over seeds)\n"
        f"Whiskers: 95 % interval of the paired difference to {baseline}"
    )
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", bbox_inches="tight", facecolor="white")


def _dress(axes: Axes, names: Sequence[str]) -> None:
    axes.set_ylabel("Method")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(max(len(names), 1) - 0.4, -0.6)
    axes.grid(axis="x", color="0.88")
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _draw_method(axes: Axes, place: int, row: Row, metric: str, label: bool) -> None:
    score = 100 * row.scores[metric]
    axes.plot(score, place, "o", color="black", markersize=6)
    if label:
        # The white ground keeps a number readable where a line runs through it.
        axes.annotate(
            f"{score:.1f}", (score, place), (0, 7), textcoords="offset points", ha="center",
            fontsize=8, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
        )  # fmt: skip
    if row.interval and all(isfinite(value) for value in row.interval):
        mean, low, high = (100 * value for value in row.interval)
        whiskers = [[mean - low], [high - mean]]
        axes.errorbar(score, place, xerr=whiskers, color="black", capsize=4, linewidth=1.4)


def _draw_lines(
    axes: Axes, rows: Sequence[Row], metric: str, baseline: str, teacher: str | None
) -> None:
    # Labels at two heights cannot overlap, however close the scores.
    for name, style, height in ((baseline, "--", 3), (teacher, ":", 13)):
        for row in (row for row in rows if row.name == name):
            score = 100 * row.scores[metric]
            axes.axvline(score, linestyle=style, color="0.35", linewidth=1.3, zorder=1)
            axes.annotate(
                f"{row.name} {score:.1f}", (score, 1), (0, height), fontsize=8, ha="center",
                xycoords=axes.get_xaxis_transform(), textcoords="offset points",
            )  # fmt: skip
