"""Curves of a run: read from TensorBoard's files, drawn so that they can be told without colour."""

import io
from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

_STYLES = ("-", "--", ":", "-.")
_MARKERS = ("o", "s", "^", "D", "v", "x")
_GREYS = ("0.0", "0.45")
_MARKERS_ON_A_LINE = 8


class Curve(NamedTuple):
    """Values of one scalar, by step."""

    steps: tuple[int, ...]
    values: tuple[float, ...]


def read_curves(folder: str | Path) -> dict[str, Curve]:
    """Reads the scalars that a TensorBoard folder holds, without those below it.

    Args:
        folder: A folder with event files.

    Returns:
        The curves by tag; none where there is no such folder.
    """
    if not Path(folder).is_dir():
        return {}
    accumulator = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    accumulator.Reload()
    found = {}
    for tag in accumulator.Tags()["tensors"]:
        events = [
            (event.step, make_ndarray(event.tensor_proto)) for event in accumulator.Tensors(tag)
        ]
        if events and all(np.issubdtype(v.dtype, np.number) and v.ndim == 0 for _, v in events):
            steps, values = zip(*events, strict=True)
            found[tag] = Curve(steps, tuple(float(value) for value in values))
    return found


def draw_curves(curves: Mapping[str, Curve], *, xlabel: str, ylabel: str, title: str = "") -> bytes:
    """Draws curves over one another, each with a line style and a marker of its own.

    Args:
        curves: At least one, by the names for the legend.
        xlabel: What the steps are.
        ylabel: What the values are, and their unit.
        title: Above the picture.

    Returns:
        An SVG file.
    """
    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axes = figure.add_subplot()
    # Lengths that have no common divisor, so that many curves differ.
    looks = zip(cycle(_STYLES), cycle(_MARKERS), _each_twice(_GREYS), strict=False)
    for (name, curve), (style, marker, grey) in zip(curves.items(), looks, strict=False):
        axes.plot(
            *(curve.steps, curve.values, style),
            color=grey, marker=marker, markersize=4, linewidth=1.3, label=name,
            markevery=max(1, len(curve.steps) // _MARKERS_ON_A_LINE),
        )  # fmt: skip
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.set_title(title, fontsize=10)
    axes.grid(color="0.9")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, frameon=False)
    file = io.BytesIO()
    figure.savefig(file, format="svg", facecolor="white")
    return file.getvalue()


def _each_twice(values: Sequence[str]) -> cycle:
    return cycle([value for value in values for _ in range(len(_STYLES))])
