"""Builds the steps that are timed, each as `fit` runs it, its input pipeline included."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from tfaugkd.augment import build_augmentations
from tfaugkd.augment.augpro import AugPro
from tfaugkd.augment.method import Augmentation
from tfaugkd.benchmark.naive import naive_project
from tfaugkd.benchmark.rows import ROWS, Row
from tfaugkd.benchmark.setting import Setting
from tfaugkd.config import Objective
from tfaugkd.distiller import Distiller
from tfaugkd.errors import unknown_name
from tfaugkd.latency import seconds
from tfaugkd.optimizer import build_optimizer
from tfaugkd.train_config import TrainConfig

_LOG = logging.getLogger("tfaugkd")
_FIRST_STEPS = 3


class TimedStep(NamedTuple):
    """A row that is ready to run: `run` makes one step of `model` on the next of `batches`."""

    row: Row
    model: keras.Model
    batches: tf.data.Dataset
    run: Callable[[], Any]


def chosen_rows(names: Sequence[str] | None) -> dict[str, Row]:
    """Takes rows by name, all if no names are given.

    Raises:
        InputError: There is no such row.
    """
    for name in names or ():
        if name not in ROWS:
            raise unknown_name("row", name, ROWS)
    return {name: row for name, row in ROWS.items() if names is None or name in names}


def timed_step(row: Row, setting: Setting) -> TimedStep:
    """Builds the model of a row; nothing is compiled before its first step.

    Args:
        row: The row.
        setting: Models and texts; the student's weights change.

    Returns:
        The step.
    """
    augmentations = _augmentations(row, setting)
    batches = setting.batches(
        setting.student,
        augmentations,
        seed=setting.config.seed,
        teacher_logits=setting.teacher_logits if row.stored_logits else None,
    )
    model = _keras_distiller(setting) if row.made_by == "keras" else None
    model = model or _distiller(row, augmentations, setting)
    model.make_train_function()
    iterator = iter(batches)
    return TimedStep(row, model, batches, lambda: model.train_function(iterator))


def warm_up(name: str, step: TimedStep) -> None:
    """Runs a step until it is compiled and everything that is done once has been done."""
    first = seconds(step.run)
    rest = [seconds(step.run) for _ in range(_FIRST_STEPS - 1)]
    _LOG.info("%s: compiled in %.0f s, then %.2f s a step.", name, first, min(rest))


def _augmentations(row: Row, setting: Setting) -> list[Augmentation]:
    built = build_augmentations(row.augment, len(setting.examples))
    if row.made_by != "naive":
        return built
    return [
        replace(method, certify=False, search=naive_project)
        if isinstance(method, AugPro)
        else method
        for method in built
    ]


def _distiller(row: Row, augmentations: list[Augmentation], setting: Setting) -> keras.Model:
    asked = row.soft > 0 and (not row.stored_logits or augmentations)
    distiller = Distiller(
        setting.teacher if asked else None,
        setting.student,
        Objective(soft=row.soft),
        augmentations,
        stored_logits=row.stored_logits,
    )
    distiller.compile(_optimizer())
    return distiller


def _keras_distiller(setting: Setting) -> keras.Model:
    """Builds Keras' distiller with the same loss, but for a factor of one half.

    Its student is another one, with the same weights: ours has had its dropout layers changed.
    """
    distiller = keras.distillation.Distiller(
        setting.teacher.classifier,
        setting.new_student().classifier,
        keras.distillation.FeatureDistillation(loss="mse"),
    )
    hard = (
        keras.losses.MeanSquaredError()
        if setting.student.num_classes == 1
        else keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    distiller.compile(_optimizer(), loss=hard, jit_compile=True)
    return distiller


def _optimizer() -> keras.optimizers.Optimizer:
    return build_optimizer(TrainConfig())
