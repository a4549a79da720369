"""Checks what a user wrote, in a YAML file or in an option, against the config dataclasses.

jsonargparse merges files and options afterwards. It is not left to complain, because its messages
name neither the YAML file nor the entry of a dict, and because it takes null for a number.
"""

import difflib
from dataclasses import dataclass, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import yaml
from jsonargparse import get_loader

from tfaugkd.config_fields import (
    SCALARS,
    describe,
    dotted_keys,
    fields_of,
    fits,
    join,
    without_none,
)
from tfaugkd.errors import InputError

# Below this, two words have too little in common for one to be a slip of the other.
_ALIKE = 0.6
# PyYAML has no error of its own for very long numbers, for !!int and !!timestamp before what is
# none, nor, in Python, for lists in lists in lists.
_NOT_YAML = (yaml.YAMLError, ValueError, AttributeError, RecursionError)
_YAML_CONSTANTS = {"None": "null", "True": "true", "False": "false"}


class Typed(str):
    """A value of the command line: text that may stand for a number, a list or a mapping."""


@dataclass(frozen=True)
class _Source:
    """Where a value stands, put behind "steps is 0", and the keys that may be meant there."""

    where: str
    keys: list[str]


def read_yaml(path: str) -> dict[Any, Any]:
    """Reads a YAML file of keys, with the loader that jsonargparse has.

    Args:
        path: The file.

    Returns:
        What the file holds.

    Raises:
        InputError: There is no such file, or it is not YAML, or it holds no keys.
    """
    try:
        tree = get_loader("yaml")(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"Cannot read the config {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"Cannot read the config {path}: it is not UTF-8 text.") from error
    except TypeError:
        # The loader takes a single key without a value for text, which 3 and null are not.
        tree = None
    except _NOT_YAML as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or error
        raise InputError(f"{path} is not valid YAML{line}: {problem}.") from error
    if not isinstance(tree, dict):
        raise InputError(f"{path} must hold keys with values, as in 'overwrite: true'.")
    return tree


def nested(key: str, value: object) -> Any:
    """Turns a dotted key into mappings: ("a.b", 1) into {"a": {"b": 1}}.

    Args:
        key: The key; an empty one gives the value itself.
        value: What stands under it.

    Returns:
        The outermost mapping.
    """
    for part in reversed(key.split(".") if key else []):
        value = {part: value}
    return value


def check(config: type, tree: dict[Any, Any], where: str) -> None:
    """Checks the keys and types of what one file or one option gives.

    Args:
        config: The dataclass that it is for.
        tree: Nested mappings; keys that are missing take their defaults later on.
        where: Where it was given, as in "in FILE" or "on the command line".

    Raises:
        InputError: A key is unknown, or a value is of the wrong type.
    """
    _check(config, tree, "", _Source(f" {where}", list(dotted_keys(config))))


def _check(annotation: Any, value: Any, key: str, source: _Source) -> None:
    kind, optional = without_none(annotation)
    if isinstance(value, Typed) and kind is not str:
        value = _loaded(value)
    if optional and value is None:
        return
    if isinstance(value, list) and get_origin(kind) is not list:
        # Of several types, such as "skip" or a list of layers, a list is meant for that of lists.
        kind = next((each for each in get_args(kind) if get_origin(each) is list), kind)
    if isinstance(value, dict) and is_dataclass(kind):
        _check_fields(kind, value, key, source)
    elif isinstance(value, dict) and get_origin(kind) is dict:
        _check_entries(get_args(kind)[1], value, key, source)
    elif isinstance(value, list) and get_origin(kind) is list:
        for index, item in enumerate(value):
            _check(get_args(kind)[0], item, f"{key}[{index}]", source)
    elif isinstance(value, dict) and value and (kind in SCALARS or get_origin(kind) is Literal):
        raise _unknown_key(join(key, str(next(iter(value)))), source)
    elif not fits(kind, value):
        received = _received(value)
        allowed = describe(annotation)
        raise InputError(f"{key} is {received}{source.where}, but must be {allowed}.")


def _received(value: object) -> str:
    try:
        text = repr(value)
    except RecursionError:
        text = "lists in lists in lists"
    return _YAML_CONSTANTS.get(text, text)


def _check_fields(config: Any, value: dict[Any, Any], key: str, source: _Source) -> None:
    fields = fields_of(config)
    for name, item in value.items():
        # jsonargparse takes dotted keys in YAML, too.
        head, _, rest = str(name).partition(".")
        if head not in fields:
            raise _unknown_key(join(key, str(name)), source)
        _check(fields[head], nested(rest, item), join(key, head), source)


def _check_entries(kind: Any, value: dict[Any, Any], key: str, source: _Source) -> None:
    for name, item in value.items():
        if not isinstance(name, str):
            raise InputError(f"{key} has the name {name!r}{source.where}; put it in quotes.")
        path = join(key, name)
        _check(kind, item, path, replace(source, keys=list(dotted_keys(kind, f"{path}."))))


def _loaded(text: str) -> Any:
    plain = str(text)  # PyYAML takes no subclass of str.
    try:
        return get_loader("yaml")(plain)
    except _NOT_YAML:
        return plain


def _unknown_key(key: str, source: _Source) -> InputError:
    parent, _, name = key.rpartition(".")

    def likeness(known: str) -> tuple[float, float]:
        return _ratio(name, known.rpartition(".")[2]), _ratio(key, known)

    nearest = max(source.keys, key=likeness)
    if likeness(nearest)[0] >= _ALIKE:
        return InputError(f"Unknown key {key!r}{source.where}. Did you mean {nearest!r}?")
    inside = [known for known in source.keys if known.rpartition(".")[0] == parent]
    allowed = ", ".join(inside or source.keys)
    return InputError(f"Unknown key {key!r}{source.where}. Allowed: {allowed}.")


def _ratio(a: str, b: str) -> float:
    return difflib.SequenceMatcher(None, a.lower(), b.lower()).ratio()
