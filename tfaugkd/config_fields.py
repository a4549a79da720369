"""What keys a config dataclass has, what each takes, and how one is made from plain values."""

from collections.abc import Hashable, Iterator
from dataclasses import is_dataclass
from functools import cache, reduce
from operator import or_
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from tfaugkd.errors import InputError

SCALARS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text in quotes",
}


@cache
def fields_of(config: Hashable) -> dict[str, Any]:
    """Lists the fields of a config dataclass.

    Args:
        config: The dataclass.

    Returns:
        The name and the annotated type of each field, in order.
    """
    return get_type_hints(config)


def dotted_keys(config: Any, prefix: str = "") -> Iterator[str]:
    """Lists the keys of a config dataclass and of those inside it.

    Args:
        config: The dataclass.
        prefix: What every key starts with.

    Yields:
        The keys in the order of the fields, as in train and train.steps.
    """
    for name, kind in fields_of(config).items():
        yield prefix + name
        if is_dataclass(kind):
            yield from dotted_keys(kind, f"{prefix}{name}.")


def kind_of(config: Any, key: str) -> Any:
    """Finds the type of a dotted key.

    Args:
        config: The dataclass that the key starts from.
        key: The key, as in train.steps or methods.NAME.loss.hard.

    Returns:
        The annotated type, or None if there is no such key.
    """
    kind = config
    for part in key.split("."):
        if is_dataclass(kind):
            kind = fields_of(kind).get(part)  # type: ignore[arg-type]
        else:
            kind = get_args(kind)[1] if get_origin(kind) is dict else None
    return kind


def without_none(annotation: Any) -> tuple[Any, bool]:
    """Takes None out of a union.

    Args:
        annotation: The annotated type of a field.

    Returns:
        The type, or the union of those that are left, and whether None may stand for it.
    """
    if get_origin(annotation) not in (Union, UnionType):
        return annotation, False
    kinds = get_args(annotation)
    return reduce(or_, (kind for kind in kinds if kind is not NoneType)), NoneType in kinds


def fits(annotation: Any, value: object) -> bool:
    """Tells whether a plain value is of an annotated type.

    Args:
        annotation: A scalar type, a Literal, dict, or a union of such.
        value: The value.

    Returns:
        Whether it fits; a whole number fits where a number is wanted.
    """
    if get_origin(annotation) in (Union, UnionType):
        return any(fits(kind, value) for kind in get_args(annotation))
    if get_origin(annotation) is Literal:
        return value in get_args(annotation)
    if isinstance(value, bool):
        # To Python true is a whole number, but not to a reader of YAML.
        return annotation is bool
    if annotation is float:
        return isinstance(value, (int, float))
    known = annotation in SCALARS or annotation in (dict, NoneType)
    return known and isinstance(value, annotation)


def describe(annotation: Any) -> str:
    """Says what a key takes, as the end of "must be ...".

    Args:
        annotation: The annotated type of a field.

    Returns:
        The words.
    """
    kind = annotation
    if get_origin(kind) in (Union, UnionType):
        members = sorted(get_args(kind), key=lambda member: member is not NoneType)
        return " or ".join(describe(member) for member in members)
    if kind is NoneType:
        return "null"
    if is_dataclass(kind):
        return "a mapping of keys, {} for the defaults"
    if get_origin(kind) is Literal:
        names = ", ".join(repr(name) for name in get_args(kind))
        return f"one of {names}" if len(get_args(kind)) > 1 else names
    if get_origin(kind) is list:
        return f"a list, each item {describe(get_args(kind)[0])}"
    return SCALARS.get(kind, "a mapping of keys")


def join(key: str, name: str) -> str:
    """Makes the dotted key of something inside a key.

    Args:
        key: The outer key, empty for the config itself.
        name: The name inside it.

    Returns:
        The two with a dot between them.
    """
    return f"{key}.{name}" if key else name


def build(config: Any, values: Any, key: str = "") -> Any:
    """Makes a config dataclass, and those inside it, from values of the right types.

    Args:
        config: The dataclass.
        values: A mapping with a value for every field.
        key: The dotted key that the dataclass stands under.

    Returns:
        The instance.

    Raises:
        InputError: A dataclass refuses a value; the message starts with the dotted key.
    """
    fields = {
        name: _build_field(kind, values[name], join(key, name))
        for name, kind in fields_of(config).items()
    }
    try:
        return config(**fields)
    except InputError as error:
        parent, _, name = key.rpartition(".")
        # Some messages already start with the name that their dataclass goes by: "loss.hard is".
        named = bool(name) and str(error).startswith((f"{name}.", f"{name} "))
        raise InputError(join(parent if named else key, str(error))) from error


def _build_field(kind: Any, value: Any, key: str) -> Any:
    if is_dataclass(kind):
        return build(kind, value, key)
    if get_origin(kind) is dict:
        entry = get_args(kind)[1]
        return {name: build(entry, item, join(key, name)) for name, item in value.items()}
    return value
