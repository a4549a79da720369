"""Augmentations by name. A new one is a file, its test, a line here, and a YAML."""

import inspect
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Any, get_type_hints

from tfaugkd.augment.augpro import augpro_fgsm, augpro_mix
from tfaugkd.augment.fgsm import FGSM
from tfaugkd.augment.method import Augmentation
from tfaugkd.augment.mixing import ROTATIONS
from tfaugkd.augment.mixup import MixUp
from tfaugkd.config_fields import describe, fits
from tfaugkd.errors import InputError, unknown_name

METHODS: dict[str, Callable[..., Augmentation]] = {
    "mixup": MixUp,
    "fgsm": FGSM,
    "augpro_mix": augpro_mix,
    "augpro_fgsm": augpro_fgsm,
}


def build_augmentations(entries: Sequence[dict[str, Any]]) -> list[Augmentation]:
    """Builds the augmentations that a configuration lists.

    Methods that mix take partners one after the other (rotation 1, 2, ...) unless told which.

    Args:
        entries: Each a name and its options, as in `{"name": "mixup", "alpha": 0.4}`.

    Returns:
        The augmentations, in the same order.

    Raises:
        InputError: A name, or an option, that does not exist; a value that an option does not
            take; a name that is used twice.
    """
    built: list[Augmentation] = []
    rotations = cycle(ROTATIONS)
    for entry in entries:
        options = dict(entry)
        name = options.pop("name", None)
        if name not in METHODS:
            raise unknown_name("augmentation", str(name), METHODS)
        allowed = set(inspect.signature(METHODS[name]).parameters) - {"name"}
        _check_options(name, options, allowed)
        if "rotation" in allowed and "rotation" not in options:
            options["rotation"] = next(rotations)
        built.append(METHODS[name](**options))
    names = [augmentation.name for augmentation in built]
    for name in names:
        if names.count(name) > 1:
            raise InputError(
                f"Augmentation {name!r} is listed {names.count(name)} times; once is enough."
            )
    return built


def _check_options(name: str, options: dict[str, Any], allowed: set[str]) -> None:
    kinds = get_type_hints(METHODS[name])
    for option, value in options.items():
        if option not in allowed:
            raise unknown_name(f"option of {name}", str(option), allowed)
        if not fits(kinds[option], value):
            raise InputError(
                f"{name}.{option} is {value!r}, but must be {describe(kinds[option])}."
            )
