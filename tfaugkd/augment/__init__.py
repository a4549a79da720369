"""Augmentations by name. A new one is a file, its test, a line here, and a YAML."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from inspect import signature
from itertools import cycle
from typing import Any, get_type_hints

from tfaugkd.augment.augpro import AugPro, augpro_fgsm, augpro_mix, augpro_pga
from tfaugkd.augment.eda import EDA
from tfaugkd.augment.fgsm import FGSM
from tfaugkd.augment.knn import KNN
from tfaugkd.augment.method import Augmentation, TakesDegree
from tfaugkd.augment.mixing import ROTATIONS
from tfaugkd.augment.mixup import MixUp
from tfaugkd.augment.pga import PGA
from tfaugkd.augment.random_generation import RandomGeneration
from tfaugkd.augment.random_replacement import RandomReplacement
from tfaugkd.augment.tmix import TMix
from tfaugkd.augment.variants import Variants
from tfaugkd.config_fields import describe, fits
from tfaugkd.errors import InputError, unknown_name

_LOG = logging.getLogger("tfaugkd")

METHODS: dict[str, Callable[..., Augmentation]] = {
    "mixup": MixUp,
    "tmix": TMix,
    "fgsm": FGSM,
    "pga": PGA,
    "augpro_mix": augpro_mix,
    "augpro_fgsm": augpro_fgsm,
    "augpro_pga": augpro_pga,
    "knn": KNN,
    "eda": EDA,
    "random_replacement": RandomReplacement,
    "random_generation": RandomGeneration,
    "variants": Variants,
}


def build_augmentations(
    entries: Sequence[dict[str, Any]],
    train_examples: int | None = None,
    columns: Sequence[str] = (),
) -> list[Augmentation]:
    """Builds the augmentations that a configuration lists.

    Methods that mix take partners one after the other (rotation 1, 2, ...) unless told which. A
    method with a `ratio` of n (MixKD: mixtures for each original, 1 to 3) becomes n, each with
    another partner and an n-th of the weight, so that their losses are means over the mixtures.
    Those that read texts from a file look for the task's columns there, unless told which.

    Args:
        entries: Each a name and its options, as in `{"name": "mixup", "alpha": 0.4}`.
        train_examples: How many examples the student is trained on; a degree that is "auto" goes
            by it.
        columns: The task's columns of the text: one, or two for pairs.

    Returns:
        The augmentations, in the same order.

    Raises:
        InputError: A name, or an option, that does not exist; a value that an option does not
            take; an option that is missing; a name that is used twice; a degree that is "auto"
            without `train_examples`.
    """
    built: list[Augmentation] = []
    rotations = cycle(ROTATIONS)
    for entry in entries:
        name, options = read_entry(entry, METHODS)
        allowed = options_of(METHODS[name])
        mixes = "rotation" in allowed
        ratio = _ratio(name, options) if mixes else 1
        if "text_a" in allowed:
            options = dict(zip(("text_a", "text_b"), columns, strict=False)) | options
        for number in range(1, ratio + 1):
            chosen = dict(options)
            if mixes and "rotation" not in options:
                chosen["rotation"] = next(rotations)
            method = _with_degree(METHODS[name](**chosen), train_examples)
            built.append(_one_of(method, ratio, number))
    names = [augmentation.name for augmentation in built]
    for name in names:
        if names.count(name) > 1:
            raise InputError(
                f"Augmentation {name!r} is listed {names.count(name)} times; once is enough."
            )
    return built


def _ratio(name: str, options: dict[str, Any]) -> int:
    ratio = options.pop("ratio", 1)
    if isinstance(ratio, bool) or not isinstance(ratio, int) or not 1 <= ratio <= len(ROTATIONS):
        raise InputError(f"{name}.ratio is {ratio!r}, but must be from 1 to {len(ROTATIONS)}.")
    if ratio > 1 and "rotation" in options:
        raise InputError(
            f"{name} has a ratio of {ratio} and a rotation, but each of its mixtures needs another "
            "partner; leave the rotation out."
        )
    return ratio


def _one_of(method: Any, ratio: int, number: int) -> Augmentation:
    """Makes one of the `ratio` parts of a method, which all have names of their own."""
    if ratio == 1:
        return method
    name = method.name if number == 1 else f"{method.name}_{number}"
    shares = {
        weight: getattr(method, weight) / ratio
        for weight in ("hard", "soft", "deep")
        if weight in signature(type(method)).parameters
    }
    renamed = replace(method, name=name, **shares)
    if isinstance(method, AugPro):
        of: Any = method.of
        renamed = replace(renamed, of=replace(of, name=name))
    return renamed


def _with_degree(method: Any, train_examples: int | None) -> Augmentation:
    if not _asks_for_advice(method):
        return method
    if train_examples is None:
        raise InputError(
            f"{method.name}.degree is 'auto', which goes by the number of training examples: give "
            "build_augmentations train_examples, or a number from 0 to 1 as the degree."
        )
    degree = method.advised_degree(train_examples)
    _LOG.info("%s: the degree for %d examples is %g.", method.name, train_examples, degree)
    return replace(method, degree=degree)


def _asks_for_advice(method: Augmentation) -> bool:
    return isinstance(method, TakesDegree) and method.degree == "auto"


def read_entry(
    entry: dict[str, Any], methods: Mapping[str, Callable[..., Any]]
) -> tuple[str, dict[str, Any]]:
    """Takes one entry of a configuration's list of methods apart, and checks it.

    Args:
        entry: A name and its options.
        methods: What there is, by name.

    Returns:
        The name and the options.

    Raises:
        InputError: A name, or an option, that does not exist; a value that an option does not
            take; an option that is missing.
    """
    options = dict(entry)
    name = options.pop("name", None)
    if name not in methods:
        raise unknown_name("augmentation", str(name), methods)
    _check_options(name, options, methods[name])
    return name, options


def options_of(method: Callable[..., Any]) -> dict[str, bool]:
    """Lists the options of a method in a configuration, and whether each must be given."""
    parameters = signature(method).parameters
    own = {
        option: parameter.default is parameter.empty
        for option, parameter in parameters.items()
        if option != "name"
    }
    return own | ({"ratio": False} if "rotation" in own else {})


def _check_options(name: str, options: dict[str, Any], method: Callable[..., Any]) -> None:
    kinds = get_type_hints(method)
    allowed = options_of(method)
    for option, value in options.items():
        if option not in allowed:
            raise unknown_name(f"option of {name}", str(option), allowed)
        if option in kinds and not fits(kinds[option], value):
            raise InputError(
                f"{name}.{option} is {value!r}, but must be {describe(kinds[option])}."
            )
    for option, required in allowed.items():
        if required and option not in options:
            raise InputError(
                f"{name} needs the option {option!r}, which must be {describe(kinds[option])}."
            )
