"""The picture of a sweep: for each key, the trials and the means along its values."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tfaugkd.folders import replacing
from tfaugkd.sweep_effects import Group
from tfaugkd.sweep_space import Parameter, said
from tfaugkd.sweep_trials import Trial

_COLUMNS = 3
_PANEL_INCHES = 3.4
_LONGEST_LABEL = 24


def draw_main_effects(
    path: str | Path,
    parameters: Sequence[Parameter],
    trials: Sequence[Trial],
    effects: Mapping[str, Sequence[Group]],
    objective: str,
) -> None:
    """Draws a panel for every key: a ring for each trial, a line through the means of the groups.

    Args:
        path: The PNG file to write.
        parameters: What varied.
        trials: Finished trials, all with the objective.
        effects: What `main_effects` gives; the panels are in its order.
        objective: Name of the metric.
    """
    columns = min(_COLUMNS, len(effects))
    rows = -(-len(effects) // columns)
    # A Figure of its own, without pyplot: no window, and nobody's backend is changed.
    size = (_PANEL_INCHES * max(columns, 2), _PANEL_INCHES * rows + 0.5)
    figure = Figure(figsize=size, dpi=150, layout="constrained")
    panels = list(figure.subplots(rows, columns, sharey=True, squeeze=False).flat)
    by_key = {one.key: one for one in parameters}
    for axes, (key, groups) in zip(panels, effects.items(), strict=False):
        _draw_panel(axes, by_key[key], trials, groups, objective)
    for axes in panels[len(effects) :]:
        axes.set_axis_off()
    for axes in panels[::columns]:
        axes.set_ylabel(f"{objective} on dev")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", facecolor="white")


def _draw_panel(
    axes: Axes,
    parameter: Parameter,
    trials: Sequence[Trial],
    groups: Sequence[Group],
    objective: str,
) -> None:
    if parameter.numeric:
        x = [trial.values[parameter.key] for trial in trials]
        centres = [_centre(group, parameter.log) for group in groups]
        line = "-"
    else:
        places = {said(choice): place for place, choice in enumerate(parameter.choices)}
        x = [places[said(trial.values[parameter.key])] for trial in trials]
        centres = [places[said(group.values[0])] for group in groups]
        line = "none"
        axes.set_xticks(range(len(places)), [_short(name) for name in places], rotation=20)
        axes.set_xlim(-0.5, len(places) - 0.5)
    y = [trial.mean(objective) for trial in trials]
    axes.plot(x, y, "o", color="0.45", fillstyle="none", label="A trial (mean over seeds)")
    means = [group.mean for group in groups]
    axes.plot(centres, means, linestyle=line, marker="s", color="black", label="Mean of a group")
    if parameter.log:
        axes.set_xscale("log")
    axes.set_xlabel(parameter.key + (" (log scale)" if parameter.log else ""))
    axes.grid(axis="y", color="0.88")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _centre(group: Group, log: bool) -> float:
    values = np.asarray(group.values, np.float64)
    return float(np.exp(np.mean(np.log(values))) if log else values.mean())


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_LABEL else name[: _LONGEST_LABEL - 1] + "…"
