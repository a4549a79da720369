"""What each key of a sweep does by itself: the mean objective of its trials, value by value."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tfaugkd.sweep_space import Parameter
from tfaugkd.sweep_trials import Trial

_VALUES_BY_THEMSELVES = 6
_GROUPS = 4


class Group(NamedTuple):
    """The trials with one value of a key, or with neighbouring ones.

    Attributes:
        values: Their values, in order.
        mean: Their mean objective.
        trials: How many there are.
    """

    values: tuple[Any, ...]
    mean: float
    trials: int


def main_effects(
    parameters: Sequence[Parameter], trials: Sequence[Trial], objective: str
) -> dict[str, list[Group]]:
    """Groups trials by the values of each key; the key that matters most comes first.

    The other keys vary within each group, so that these are means over what else was tried. Numbers
    with more than six values are put into four groups of equally many trials.

    Args:
        parameters: What varied.
        trials: Finished trials, all with the objective.
        objective: Name of the metric.

    Returns:
        For each dotted key its groups, in the order of their values.
    """
    found = {one.key: _groups(one, trials, objective) for one in parameters}
    return dict(sorted(found.items(), key=lambda item: -effect(item[1])))


def effect(groups: Sequence[Group]) -> float:
    """The difference of the best group's mean and the worst's."""
    means = [group.mean for group in groups]
    return max(means) - min(means)


def _groups(parameter: Parameter, trials: Sequence[Trial], objective: str) -> list[Group]:
    if not parameter.numeric:
        parts = [_with_value(parameter, trials, choice) for choice in parameter.choices]
    else:
        ordered = sorted(trials, key=lambda trial: trial.values[parameter.key])
        values = sorted({trial.values[parameter.key] for trial in trials})
        if len(values) <= _VALUES_BY_THEMSELVES:
            parts = [_with_value(parameter, ordered, value) for value in values]
        else:
            places = np.array_split(np.arange(len(ordered)), _GROUPS)
            parts = [[ordered[place] for place in part] for part in places]
    return [
        Group(
            tuple(trial.values[parameter.key] for trial in part),
            float(np.mean([trial.mean(objective) for trial in part])),
            len(part),
        )
        for part in parts
        if part
    ]


def _with_value(parameter: Parameter, trials: Sequence[Trial], value: Any) -> list[Trial]:
    return [trial for trial in trials if trial.values[parameter.key] == value]
