"""From the words of a command line to options that are known to be right.

Each is checked before jsonargparse sees it, whose complaints name neither the file nor what is
allowed.
"""

import json
from itertools import takewhile
from typing import Any, get_origin

from tfaugkd.config_fields import describe, kind_of
from tfaugkd.config_input import Typed, check, nested, read_yaml
from tfaugkd.errors import InputError


def checked_options(config: type, first: str | None, arguments: list[str]) -> list[str]:
    """Checks all that was given against a job's configuration.

    Args:
        config: The dataclass.
        first: The key that the words before the first option stand for, if there is one.
        arguments: The command line after the job's name.

    Returns:
        The same for jsonargparse, files first, as the last one wins.

    Raises:
        InputError: A key or a value cannot be used.
    """
    files, options = [], []
    for key, value in _pairs(_named(config, first, arguments)):
        if key == "print_config":
            options.append(f"--{key}={value}" if value else f"--{key}")
        elif key == "config":
            if not value:
                raise InputError("--config needs a value: a YAML file.")
            check(config, read_yaml(value), f"in {value}")
            files.append(f"--{key}={value}")
        else:
            text = _value(config, key, value)
            check(config, _tree(key, text), "on the command line")
            options.append(f"--{key}={text}")
    return files + options


def _named(config: type, first: str | None, arguments: list[str]) -> list[str]:
    """Gives the words before the first option the name of their key, where the job has one."""
    words = list(takewhile(lambda word: not word.startswith("-"), arguments))
    if not first or not words:
        return arguments
    if get_origin(kind_of(config, first)) is list:
        return [f"--{first}={json.dumps(words)}", *arguments[len(words) :]]
    return [f"--{first}", *arguments]


def _pairs(arguments: list[str]) -> list[tuple[str, str | None]]:
    """Splits a command line into dotted keys and their values."""
    pairs: list[tuple[str, str | None]] = []
    rest = list(arguments)
    while rest:
        option = rest.pop(0)
        key, equals, value = option.removeprefix("--").partition("=")
        if not option.startswith("--") or not key:
            raise InputError(f"Unexpected argument {option!r}; give values as --KEY VALUE.")
        follows = bool(rest) and not rest[0].startswith("--")
        pairs.append((key, value if equals else rest.pop(0) if follows else None))
    return pairs


def _value(config: type, key: str, value: str | None) -> str:
    kind = kind_of(config, key)
    if value is None and kind not in (bool, None):
        raise InputError(f"--{key} needs a value: {describe(kind)}.")
    return "true" if value is None else value


def _tree(key: str, text: str) -> Any:
    # "--augment+ ITEM" appends to the list that a file or an earlier option gives.
    item = key.endswith("+") and not text.startswith("[")
    return nested(key.removesuffix("+"), [Typed(text)] if item else Typed(text))
