"""Dotted keys of a distillation that a sweep sets, as in loss.soft or augment[0].degree.

Nothing here imports TensorFlow.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from tfaugkd.config_fields import build, kind_of
from tfaugkd.config_input import check
from tfaugkd.errors import InputError
from tfaugkd.job_configs import DistillConfig

# A part of a dotted key: a name, and places in a list.
_PART = re.compile(r"(\w+)((?:\[\d+\])*)")


def configured(base: DistillConfig, values: Mapping[str, Any]) -> DistillConfig:
    """Makes the configuration of a trial.

    Args:
        base: What all trials share.
        values: A value for each dotted key that varies.

    Returns:
        The configuration.

    Raises:
        InputError: A key does not exist, or a value or the whole is refused.
    """
    return build(DistillConfig, _checked_tree(base, values))


def check_value(base: DistillConfig, key: str, value: Any) -> None:
    """Refuses a key that does not exist, or a value of the wrong type.

    What a key takes beside other keys is not looked at: those may vary, too.

    Args:
        base: What all trials share.
        key: The dotted key.
        value: One of its values.

    Raises:
        InputError: See the sentences.
    """
    _checked_tree(base, {key: value})


def overlapping(key: str, other: str) -> bool:
    """Tells whether two dotted keys set the same thing, or one a part of what the other sets."""
    shorter, longer = sorted((_places(key), _places(other)), key=len)
    return longer[: len(shorter)] == shorter


def _checked_tree(base: DistillConfig, values: Mapping[str, Any]) -> dict[str, Any]:
    tree = asdict(base)
    for key, value in values.items():
        _put(tree, key, value)
    check(DistillConfig, tree, "in space")
    return tree


def _places(key: str) -> list[str | int]:
    """Takes a dotted key apart: "augment[0].degree" into ["augment", 0, "degree"]."""
    places: list[str | int] = []
    for part in key.split("."):
        match = _PART.fullmatch(part)
        if match is None:
            raise InputError(f"space has the key {key!r}, but a key looks like augment[0].degree.")
        places += [match[1], *map(int, re.findall(r"\d+", match[2]))]
    return places


def _put(tree: Any, key: str, value: Any) -> None:
    """Sets what stands at a dotted key in nested mappings and lists."""
    *outer, last = _places(key)
    for place in outer:
        tree = _inside(tree, key, place)
    if isinstance(tree, list):
        _inside(tree, key, last)
    elif not isinstance(tree, dict) or isinstance(last, int):
        raise InputError(f"space has the key {key!r}, but there is nothing that {last!r} is in.")
    # A choice of mappings, such as {distance: kl, temperature: 2.0}, sets the keys that it names.
    mapping = is_dataclass(kind_of(DistillConfig, key)) and isinstance(value, dict)
    tree[last] = _merged(tree[last], value) if mapping and last in tree else value


def _merged(old: Any, new: Any) -> Any:
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    return old | {name: _merged(old.get(name), value) for name, value in new.items()}


def _inside(tree: Any, key: str, place: str | int) -> Any:
    if isinstance(tree, list):
        if isinstance(place, str):
            raise InputError(
                f"space has the key {key!r}, but {place!r} stands behind a list; name an entry by "
                "its place, as in augment[0].degree."
            )
        if place >= len(tree):
            raise InputError(
                f"space has the key {key!r}, but the list there has {len(tree)} entries."
            )
        return tree[place]
    if isinstance(tree, dict) and place in tree:
        return tree[place]
    raise InputError(f"space has the key {key!r}, but there is no {place!r}.")
