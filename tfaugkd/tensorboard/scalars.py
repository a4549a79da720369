"""Losses, metrics and speed for TensorBoard, at some batches and after every epoch."""

from typing import Any

import keras
import tensorflow as tf


class Scalars(keras.callbacks.TensorBoard):
    """Keras' TensorBoard callback, which drops no epoch.

    Keras writes the scalars of an epoch only if its last batch is a multiple of `update_freq`.
    """

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Writes the scalars of the epoch."""
        with tf.summary.record_if(True):
            super().on_epoch_end(epoch, logs)

    def get_state(self) -> dict[str, Any]:
        """Gives the number of batches that were counted."""
        return {"train_batch": self._global_train_batch, "test_batch": self._global_test_batch}

    def set_state(self, state: dict[str, Any]) -> None:
        """Takes the number of batches back."""
        self._global_train_batch = state["train_batch"]
        self._global_test_batch = state["test_batch"]
