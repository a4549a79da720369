"""Finds the epsilon or radius that changes the asked share of tokens, on a run's first batches."""

import dataclasses
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from tfaugkd.augment.augpro import AugPro
from tfaugkd.augment.method import Augmentation
from tfaugkd.errors import InputError
from tfaugkd.vocabulary import root_mean_square

if TYPE_CHECKING:
    from tfaugkd.distiller import Distiller

_LOG = logging.getLogger("tfaugkd")
_BATCHES = 2
_HALVINGS = 7
_FIRST_RMS = 8.0
_LARGEST_RMS = 1024.0


def bisect(
    value_at: Callable[[float], float], target: float, first: float, largest: float
) -> tuple[float, float]:
    """Finds where a rising function reaches a value: doubles up to it, then halves around it.

    Args:
        value_at: The function, from 0 on.
        target: The value to reach.
        first: Where to begin, above 0.
        largest: Where to give up.

    Returns:
        The point, of those that were tried, whose value is nearest to the target; and its value.
    """
    tried = {first: value_at(first)}
    high = first
    while tried[high] < target and high < largest:
        high *= 2
        tried[high] = value_at(high)
    low = high / 2 if high > first else 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        tried[middle] = value_at(middle)
        low, high = (middle, high) if tried[middle] < target else (low, middle)
    point = min(tried, key=lambda tried_point: abs(tried[tried_point] - target))
    return point, tried[point]


def calibrated(distiller: "Distiller", dataset: Any) -> tuple[Augmentation, ...]:
    """Replaces every epsilon or radius that is "auto" by what reaches the method's target degree.

    Args:
        distiller: Holds the augmentations and both models as they are at the start.
        dataset: The training data, a `tf.data.Dataset`; its first batches are looked at.

    Returns:
        The augmentations, with numbers.

    Raises:
        InputError: The data are no `tf.data.Dataset`, or nothing changes the text.
    """
    if not any(_is_auto(method) for method in distiller.augmentations):
        return distiller.augmentations
    if not isinstance(dataset, tf.data.Dataset):
        raise InputError(
            f"{_auto_names(distiller)} is 'auto', which looks at the first batches of a "
            f"tf.data.Dataset, but the data are a {type(dataset).__name__}; give a dataset or a "
            "number."
        )
    # A few batches do not repay what XLA takes to compile a backward pass.
    clean_batch = tf.function(distiller.clean_batch, autograph=False)
    clean = [clean_batch(x, y) for x, y, *_ in dataset.take(_BATCHES)]
    return tuple(
        _calibrated(method, distiller, clean) if _is_auto(method) else method
        for method in distiller.augmentations
    )


def reached_sizes(augmentations: Iterable[Augmentation]) -> dict[str, float]:
    """Lists the epsilon or radius of each augmentation that can find its own, as it is now.

    Args:
        augmentations: The augmentations; those that are still "auto" are left out.

    Returns:
        The numbers, by the augmentations' names.
    """
    sizes = {each.name: _option(each)[1] for each in augmentations if isinstance(each, AugPro)}
    return {name: float(size) for name, size in sizes.items() if isinstance(size, int | float)}


def with_sizes(
    augmentations: Iterable[Augmentation], sizes: dict[str, float]
) -> tuple[Augmentation, ...]:
    """Sets epsilons and radii to what was found before.

    Args:
        augmentations: The augmentations.
        sizes: What `reached_sizes` gave.

    Returns:
        The augmentations, with those numbers.
    """
    return tuple(
        _with_size(each, sizes[each.name]) if each.name in sizes else each for each in augmentations
    )


def _is_auto(method: Augmentation) -> bool:
    return isinstance(method, AugPro) and isinstance(_option(method)[1], str)


def _option(method: AugPro) -> tuple[str, Any]:
    """Gives the name of what can be "auto", and its value; neither where nothing can."""
    name = getattr(method.of, "auto_option", None)
    return ("", None) if name is None else (name, getattr(method.of, name))


def _auto_names(distiller: "Distiller") -> str:
    return " and ".join(
        f"{method.name}.{_option(method)[0]}"
        for method in distiller.augmentations
        if isinstance(method, AugPro) and _is_auto(method)
    )


def _calibrated(method: Any, distiller: "Distiller", clean: list) -> Augmentation:
    @tf.function(jit_compile=True, autograph=False)
    def degree_at(batch: Any, draws: Any, size: tf.Tensor) -> tf.Tensor:
        views = distiller.augment(_with_size(method, size), batch, draws)
        return tf.reduce_mean(views.degree)

    def mean_degree(size: float) -> float:
        degrees = [degree_at(batch, draws, tf.constant(size)) for batch, draws in clean]
        return float(tf.reduce_mean(tf.stack(degrees)))

    rms = float(root_mean_square(tf.convert_to_tensor(distiller.student.table)))
    scale = 1.0 if method.of.unit == "rms" else rms
    size, found = bisect(
        mean_degree, method.target_degree, _FIRST_RMS * scale, _LARGEST_RMS * scale
    )
    if found == 0.0:
        raise InputError(
            f"{method.name}: no {_option(method)[0]} up to {_LARGEST_RMS * scale:g} changes a "
            "token."
        )
    _LOG.info(
        "%s: %s %.3f (%s) changes %.0f %% of the tokens; asked were %.0f %%.",
        *(method.name, _option(method)[0], size, method.of.unit),
        *(100 * found, 100 * method.target_degree),
    )
    return _with_size(method, size)


def _with_size(method: Any, size: Any) -> AugPro:
    name, _ = _option(method)
    return dataclasses.replace(method, of=dataclasses.replace(method.of, **{name: size}))
