"""Confusion matrices as pictures, epoch by epoch."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfaugkd.classifier import SplitClassifier
from tfaugkd.confusion import confusion_counts, draw_confusion
from tfaugkd.data.examples import Examples
from tfaugkd.errors import InputError
from tfaugkd.prediction import predict_logits
from tfaugkd.tensorboard.events import events_of

RUN = "confusion"


class ConfusionMatrix(keras.callbacks.Callback):
    """Draws which classes a model takes for which others, after every epoch.

    Args:
        log_dir: TensorBoard's folder; the pictures are its run "confusion".
        examples: The split, labelled; not for regression.
        model: The model, a KerasHub `TextClassifier` or a `SplitClassifier`.
        sequence_length: S, specials included.
        name: Whose matrix it is; part of the picture's tag and title.
        logits: Gives the model's logits `[N, C]`, where something else has just computed them.

    Raises:
        InputError: The texts have no labels, or these are scores.
    """

    def __init__(
        self,
        log_dir: str | Path,
        examples: Examples,
        model: Any,
        sequence_length: int = 128,
        name: str = "student",
        logits: Callable[[], np.ndarray] | None = None,
    ) -> None:
        super().__init__()
        if examples.labels is None or not examples.labelled.all() or not examples.label_names:
            raise InputError("A confusion matrix needs texts that are labelled with classes.")
        self.log_dir = Path(log_dir)
        self.examples = examples
        self.scored_model = model if isinstance(model, SplitClassifier) else SplitClassifier(model)
        self.sequence_length = sequence_length
        self.name = name
        self.logits = logits or self._predicted

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Draws the matrix."""
        write_confusion(
            *(self.log_dir, self.name, np.asarray(self.examples.labels), self.logits()),
            *(self.examples.label_names, int(self.model.optimizer.iterations.numpy())),
        )

    def get_state(self) -> dict[str, Any]:
        """Gives nothing: there is nothing to remember."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Takes nothing."""

    def _predicted(self) -> np.ndarray:
        return predict_logits(self.scored_model, self.examples, self.sequence_length)


def write_confusion(
    log_dir: str | Path,
    name: str,
    labels: np.ndarray,
    logits: np.ndarray,
    label_names: Sequence[str],
    step: int,
) -> None:
    """Writes one confusion matrix as a picture for TensorBoard.

    Args:
        log_dir: TensorBoard's folder.
        name: Whose matrix it is.
        labels: int `[N]`.
        logits: `[N, C]`, with C at least 2.
        label_names: Names of the C classes; numbers if not given.
        step: Updates so far.
    """
    counts = confusion_counts(labels, logits)
    right = 100 * np.trace(counts) / max(counts.sum(), 1)
    title = f"{name}: {right:.1f} % of {counts.sum():,} right"
    picture = tf.io.decode_png(draw_confusion(counts, title, label_names), channels=3)
    with events_of(Path(log_dir) / RUN, step):
        tf.summary.image(f"confusion/{name}", picture[tf.newaxis])
