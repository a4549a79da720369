"""The space that a sweep searches: dotted keys of a distillation, each with its values.

Nothing here imports TensorFlow or Keras Tuner.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import yaml

from tfaugkd.config import Options
from tfaugkd.errors import InputError, unknown_name
from tfaugkd.sweep_keys import overlapping

_KINDS = ("choice", "int", "float")
_OPTIONS = ("key", *_KINDS, "log", "step")
_NOT_SWEPT = {
    "output": "it is the sweep's own",
    "overwrite": "it is the sweep's own",
    "train.seed": "seeds sets it",
}
_DIGITS = 4
_SLACK = 1e-9
_MOST_VALUES = 1000


@dataclass(frozen=True)
class Parameter:
    """One key that a sweep varies.

    Args:
        key: The dotted key of a distillation.
        choices: All values in order, where there are finitely many; else any of a range.
        lowest: The lowest value of a range.
        highest: The highest.
        whole: Whether a range is of whole numbers.
        log: Whether equal ratios, rather than equal distances, are equally likely.
    """

    key: str
    choices: tuple[Any, ...] = ()
    lowest: float = 0
    highest: float = 0
    whole: bool = False
    log: bool = False

    @property
    def numeric(self) -> bool:
        """Whether all its values are numbers, so that they have an order."""
        return all(map(_is_number, self.choices))

    @property
    def endless(self) -> bool:
        """Whether there are too many values to try all."""
        return not self.choices and (self.log or not self.whole)

    @property
    def extremes(self) -> tuple[Any, ...]:
        """Values that all others lie between: each choice, or the ends of a range."""
        return self.choices or (self.lowest, self.highest)

    @property
    def codes(self) -> list[Any]:
        """Its choices as Keras Tuner takes them: numbers of one type, or text."""
        if self.numeric:
            return [float(value) for value in self.choices]
        return [json.dumps(value, sort_keys=True) for value in self.choices]

    def value_of(self, drawn: Any) -> Any:
        """Turns what a tuner drew into the value that is used and reported.

        Args:
            drawn: One of the codes, or a number of the range.

        Returns:
            The choice, or the number. Numbers are kept to four digits: a worker, which gets them
            in single precision, then means the same as the chief.
        """
        if self.choices:
            return self.choices[self._place_of(drawn)]
        if self.whole:
            return int(drawn)
        return min(max(_rounded(drawn), self.lowest), self.highest)

    def _place_of(self, drawn: Any) -> int:
        codes = self.codes
        if not self.numeric:
            return codes.index(drawn)
        return min(range(len(codes)), key=lambda place: abs(codes[place] - drawn))


def read_space(entries: Sequence[Options]) -> tuple[Parameter, ...]:
    """Reads the list of what varies.

    Args:
        entries: Each a key and its values, as in `{"key": "loss.soft", "choice": [0.5, 1.0]}`.

    Returns:
        The parameters, in the same order.

    Raises:
        InputError: An entry lacks a key or its values, or has values that cannot be used; or two
            keys set the same thing.
    """
    parameters = tuple(_read_entry(entry, f"space[{at}]") for at, entry in enumerate(entries))
    for number, parameter in enumerate(parameters):
        for other in parameters[:number]:
            if overlapping(other.key, parameter.key):
                raise InputError(
                    f"space has {other.key!r} and {parameter.key!r}, which set the same thing; "
                    "leave one out."
                )
    return parameters


def said(value: object) -> str:
    """Writes a value for people, in one line, as it would stand in a YAML file."""
    if isinstance(value, str):
        return value
    return yaml.safe_dump([value], default_flow_style=True, width=10**6).strip()[1:-1]


def _read_entry(entry: Options, where: str) -> Parameter:
    for option in entry:
        if option not in _OPTIONS:
            raise unknown_name(f"key of {where}", str(option), _OPTIONS)
    key, kinds = entry.get("key"), [kind for kind in _KINDS if kind in entry]
    if not isinstance(key, str):
        raise InputError(f"{where}.key is {key!r}, but must be a key, as in loss.soft.")
    if why := _NOT_SWEPT.get(key):
        raise InputError(f"{where}.key is {key!r}, which cannot be varied: {why}.")
    if len(kinds) != 1:
        raise InputError(f"{where} ({key}) must have one of {', '.join(_KINDS)}, not {kinds}.")
    if kinds == ["choice"]:
        return _read_choice(entry, key, where)
    return _read_range(entry, key, kinds[0], where)


def _read_choice(entry: Options, key: str, where: str) -> Parameter:
    values = entry["choice"]
    if not isinstance(values, list) or not values:
        raise InputError(f"{where}.choice is {values!r}, but must be a list of values.")
    written = [_written(value, where) for value in values]
    if len(set(written)) < len(written):
        raise InputError(f"{where}.choice is {values!r}, but must hold each value once.")
    if unused := [option for option in ("log", "step") if option in entry]:
        raise InputError(f"{where}.{unused[0]} must be left out beside choice.")
    return Parameter(key, tuple(values))


def _read_range(entry: Options, key: str, kind: str, where: str) -> Parameter:
    ends, log = entry[kind], entry.get("log", False)
    number = _is_whole if kind == "int" else _is_number
    pair = isinstance(ends, list) and len(ends) == 2 and all(map(number, ends))
    if not pair or not ends[0] < ends[1]:
        raise InputError(
            f"{where}.{kind} is {ends!r}, but must be the lowest and the highest value, as in "
            f"{'[1, 4]' if kind == 'int' else '[0.1, 10.0]'}."
        )
    if not isinstance(log, bool):
        raise InputError(f"{where}.log is {log!r}, but must be true or false.")
    if log and ends[0] <= 0:
        raise InputError(f"{where}.{kind} is {ends!r}, but with log must be above 0.")
    return _range(key, kind == "int", ends, log, entry.get("step"), where)


def _range(
    key: str, whole: bool, ends: Sequence[float], log: bool, step: Any, where: str
) -> Parameter:
    lowest, highest = ends if whole else map(float, ends)
    if step is None:
        return Parameter(key, (), lowest, highest, whole, log)
    least = 1 if log else 0
    if not (_is_number(step) and step > least):
        raise InputError(f"{where}.step is {step!r}, but must be a number above {least}.")
    # Not left to Keras Tuner, for which three times 0.2 is more than 0.6.
    steps = math.log(highest / lowest, step) if log else (highest - lowest) / step
    count = math.floor(steps + _SLACK) + 1
    if count > _MOST_VALUES:
        raise InputError(f"{where}.step is {step!r}, which makes more than {_MOST_VALUES} values.")
    values = (lowest * step**n if log else lowest + n * step for n in range(count))
    rounded = (round(value) if whole else _rounded(value) for value in values)
    return Parameter(key, tuple(dict.fromkeys(rounded)), lowest, highest, whole, log)


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _written(value: object, where: str) -> str:
    try:
        return json.dumps(value, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"{where}.choice has {value!r}, which is no plain value.") from error


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and math.isfinite(cast(float, value))
