"""Writes files of events, which TensorBoard reads."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf


@contextmanager
def events_of(folder: str | Path, step: int) -> Iterator[None]:
    """Has the summaries of a `with` block written to a file of their own, at whatever step.

    While a model trains, Keras' TensorBoard callback has TensorFlow drop all summaries, those of
    other callbacks too, unless the batch is a multiple of its `update_freq`.

    Args:
        folder: A run of TensorBoard.
        step: The step of the summaries.
    """
    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default(step), tf.summary.record_if(True):
        yield
    writer.close()
