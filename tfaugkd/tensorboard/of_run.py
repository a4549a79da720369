"""What a job shows of a run in TensorBoard, as its configuration says."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import keras
import tensorflow as tf

from tfaugkd.config import MethodConfig
from tfaugkd.tensorboard.augmented_examples import AugmentedExamples
from tfaugkd.tensorboard.hyperparameters import Hyperparameters
from tfaugkd.tensorboard.projector import StateProjector
from tfaugkd.train_config import TrainConfig


def run_callbacks(
    config: TrainConfig,
    method: MethodConfig,
    batches: tf.data.Dataset,
    label_names: Sequence[str],
    logs: Path,
) -> list[keras.callbacks.Callback]:
    """Gives the callbacks for pages of examples, the projector and HParams.

    Args:
        config: Says what is wanted.
        method: Loss and augmentations.
        batches: The training data.
        label_names: Names of the classes.
        logs: TensorBoard's folder.

    Returns:
        The callbacks.
    """
    shown = config.tensorboard
    callbacks: list[keras.callbacks.Callback] = []
    if shown.hparams:
        callbacks.append(Hyperparameters(logs, _settings(config, method)))
    if shown.examples and method.augment:
        pages = AugmentedExamples(logs, batches, shown.examples, shown.examples_every, label_names)
        callbacks.append(pages)
    if shown.projector:
        callbacks.append(StateProjector(logs, batches, shown.projector, label_names))
    return callbacks


def _settings(config: TrainConfig, method: MethodConfig) -> dict[str, object]:
    """Lists what may set runs apart; without the seed, so that its runs become one line's mean."""
    train = asdict(config)
    del train["seed"], train["tensorboard"]
    return asdict(method) | {"train": train}
