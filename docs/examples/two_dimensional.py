"""AugPro's example in two dimensions (Section 3, Figure 2, Appendix B), with scikit-learn's SVM.

Usage: python docs/examples/two_dimensional.py --output outputs/examples

Four points are all the texts there are; x1 and x3 are the training set. MixUp makes a point that is
none of the four, and a line that respects it has x2 on the wrong side. Projected to any of the four
before it is used, it leaves all of them on the right side.

The numbers of Appendix B follow from the training sets in Figure 2's caption, which are used here.
Section 3's own text differs from them:

- It trains MixUp's line on {x2, x4, x_MixUp} and has x3 on the wrong side. The printed line is that
  of {x1, x3, x_MixUp}, and x2 is the point on its wrong side. (The text's set has x1 there.)
- It trains the projected line on {x1, x2, x_MixUp-P}, which are two points of one class. The
  printed line is that of {x1, x2, x3}.
- It calls x2 the nearest neighbour of x_MixUp. By distance that is x4 and by cosine x3, of which
  x_MixUp is a multiple. Either gives a line that has all four points on the right side, too.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.svm import SVC

from tfaugkd.folders import replacing

POINTS = {
    "x1": np.array([2.5, 2.0]),
    "x2": np.array([2.0, -2.0]),
    "x3": np.array([-2.5, -2.0]),
    "x4": np.array([-2.0, 2.0]),
}
LABELS = {"x1": 1, "x2": 1, "x3": -1, "x4": -1}
MIXTURE = 13 / 25 * POINTS["x3"] + 12 / 25 * POINTS["x1"]


class Line(NamedTuple):
    """The line `beta . x + b = 0`; points of label +1 have `beta . x + b` of 1 or more."""

    beta: np.ndarray  # [2]
    b: float

    def label(self, point: np.ndarray) -> int:
        """Tells on which side a point `[2]` lies: 1 or -1."""
        return 1 if self.beta @ point + self.b > 0 else -1

    def wrong(self) -> list[str]:
        """Names the points that lie on the wrong side."""
        return [name for name, point in POINTS.items() if self.label(point) != LABELS[name]]


@dataclass(frozen=True)
class Case:
    """What a line is trained on, and the numbers that Appendix B prints for it.

    Args:
        name: What the line is called.
        trained_on: Names of the points.
        printed: The two entries of beta, and b; none where the paper prints no such line.
        style: Matplotlib's style of the line.
    """

    name: str
    trained_on: tuple[str, ...]
    printed: tuple[Fraction, Fraction, Fraction] | None
    style: str


CASES = (
    Case(
        "All points",
        ("x1", "x2", "x3", "x4"),
        (Fraction(4, 9), Fraction(-1, 18), Fraction(0)),
        "-",
    ),
    Case(
        "MixUp",
        ("x1", "x3", "x_MixUp"),
        (Fraction(250, 533), Fraction(200, 533), Fraction(-12, 13)),
        "--",
    ),
    Case(
        "Projected to x2",
        ("x1", "x2", "x3"),
        (Fraction(4, 9), Fraction(0), Fraction(1, 9)),
        ":",
    ),
    Case("Projected to x4", ("x1", "x3", "x4"), None, "-."),
    Case("Projected to x3", ("x1", "x3"), None, ""),
)


def hard_margin(points: Sequence[np.ndarray], labels: Sequence[int]) -> Line:
    """Finds the line of the linear support vector machine with a hard margin.

    Args:
        points: Each `[2]`.
        labels: 1 or -1 for each; both occur.

    Returns:
        The line with the smallest beta.
    """
    # Slack at this price is never bought: the points can be separated.
    machine = SVC(kernel="linear", C=1e9, tol=1e-9).fit(points, labels)
    return Line(machine.coef_[0], float(machine.intercept_[0]))


def train(names: Sequence[str]) -> Line:
    """Trains on points by name; the line of all four points labels `x_MixUp`.

    Args:
        names: Names of the points.

    Returns:
        The line.
    """
    points, labels = dict(POINTS), dict(LABELS)
    if "x_MixUp" in names:
        points["x_MixUp"] = MIXTURE
        labels["x_MixUp"] = train(list(POINTS)).label(MIXTURE)
    return hard_margin([points[name] for name in names], [labels[name] for name in names])


def nearest() -> tuple[str, str]:
    """Names the point nearest to `x_MixUp`, by distance and by cosine."""
    by_distance = min(POINTS, key=lambda name: np.linalg.norm(POINTS[name] - MIXTURE))
    unit = {name: point / np.linalg.norm(point) for name, point in POINTS.items()}
    return by_distance, max(unit, key=lambda name: unit[name] @ MIXTURE)


def table() -> str:
    """Writes a row for every line: computed beside printed, and the points on the wrong side."""
    rows = [f"{'Line':<16} {'trained on':<16} {'beta':<20} {'b':<8} {'printed':<26} wrong"]
    for case in CASES:
        line = train(case.trained_on)
        # + 0.0 makes of -0.0, which rounding leaves, a zero.
        first, second, b = np.round([*line.beta, line.b], 4) + 0.0
        beta = f"({first:.4f}, {second:.4f})"
        printed = "({}, {}), {}".format(*case.printed) if case.printed else "-"
        wrong = ", ".join(line.wrong()) or "none"
        names = " ".join(case.trained_on)
        rows.append(f"{case.name:<16} {names:<16} {beta:<20} {b:<8.4f} {printed:<26} {wrong}")
    by_distance, by_cosine = nearest()
    rows.append(f"Nearest to x_MixUp: {by_distance} by distance, {by_cosine} by cosine.")
    return "\n".join(rows)


def draw(path: str | Path) -> None:
    """Draws the points and the lines of Figure 2 into one picture.

    Args:
        path: The PNG file to write.
    """
    # A Figure of its own, without pyplot: no window, and nobody's backend is changed.
    figure = Figure(figsize=(6, 4.5), dpi=110)
    axes = figure.add_subplot()
    for case in CASES:
        if case.printed:
            _draw_line(axes, train(case.trained_on), case)
    _draw_points(axes)
    axes.set(xlabel="First coordinate", ylabel="Second coordinate", xlim=(-4, 4), ylim=(-3, 3))
    axes.set_aspect("equal")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=3, frameon=False, fontsize=8)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", bbox_inches="tight", facecolor="white")


def _draw_line(axes: Axes, line: Line, case: Case) -> None:
    foot = -line.b * line.beta / (line.beta @ line.beta)
    along = np.array([-line.beta[1], line.beta[0]])
    axes.axline(foot, foot + along, color="black", linestyle=case.style, label=case.name)


def _draw_points(axes: Axes) -> None:
    for label, marker, face in ((1, "o", "black"), (-1, "s", "white")):
        points = np.array([POINTS[name] for name in POINTS if LABELS[name] == label])
        axes.scatter(
            points[:, 0], points[:, 1], s=60, marker=marker, facecolor=face, edgecolor="black",
            zorder=3, label=f"label {label:+d}",
        )  # fmt: skip
    x, y = MIXTURE
    axes.scatter(x, y, s=70, marker="x", color="black", zorder=3, label="x_MixUp (label -1)")
    for name, (x, y) in POINTS.items():
        axes.annotate(name, (x, y), (8, 6), textcoords="offset points")


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the table and draws the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default="outputs/examples", help="folder for the picture")
    folder = Path(parser.parse_args(arguments).output)
    print(table())
    draw(folder / "two_dimensional.png")
    print(f"Picture: {folder / 'two_dimensional.png'}")


if __name__ == "__main__":
    main()
