"""A run's settings for TensorBoard's HParams page, which compares runs by them."""

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from tensorboard.plugins.hparams import api_pb2, summary, summary_v2

from tfaugkd.tensorboard.events import events_of

Scalar = bool | int | float | str


class Hyperparameters(keras.callbacks.Callback):
    """Writes the settings of a run before it trains, and how it ended.

    The page's metrics are the scalars of the run's folders, such as `validation/epoch_accuracy`.

    Args:
        log_dir: TensorBoard's folder, one for each run.
        settings: A config dataclass or nested mappings.
    """

    def __init__(self, log_dir: str | Path, settings: Any) -> None:
        super().__init__()
        self.log_dir = Path(log_dir)
        self.values = dict(flat_settings(settings))
        self._written = False

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Writes the settings before the first step, unless a run goes on that has them."""
        if not self._written:
            # Runs of equal settings, as two seeds, are one line of the page: metrics are means.
            self._write(summary_v2.hparams_pb(self.values))
            self._written = True

    def on_train_end(self, logs: Any = None) -> None:
        """Writes that the run came to its end."""
        self._write(summary.session_end_pb(api_pb2.STATUS_SUCCESS))

    def get_state(self) -> dict[str, Any]:
        """Gives whether the settings are written."""
        return {"written": self._written}

    def set_state(self, state: dict[str, Any]) -> None:
        """Takes back whether the settings are written."""
        self._written = state["written"]

    def _write(self, message: Any) -> None:
        with events_of(self.log_dir, 0):
            tf.summary.experimental.write_raw_pb(message.SerializeToString())


def flat_settings(settings: Any, prefix: str = "") -> Iterator[tuple[str, Scalar]]:
    """Lists settings by dotted keys, as the HParams page takes them.

    Args:
        settings: A dataclass, or nested mappings and lists. Of a list of augmentations each stands
            under its name, as in `augment.knn.degree`, with `augment` naming all of them.
        prefix: What every key begins with.

    Yields:
        The keys and their values; None is left out.
    """
    if dataclasses.is_dataclass(settings) and not isinstance(settings, type):
        settings = dataclasses.asdict(settings)
    if isinstance(settings, Mapping):
        for key, value in settings.items():
            yield from flat_settings(value, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(settings, list | tuple):
        yield from _of_list(settings, prefix)
    elif isinstance(settings, bool | int | float | str):
        yield prefix, settings


def _of_list(entries: Any, prefix: str) -> Iterator[tuple[str, Scalar]]:
    named = [entry for entry in entries if isinstance(entry, Mapping) and "name" in entry]
    if len(named) != len(entries):
        yield prefix, ", ".join(str(entry) for entry in entries)
        return
    yield prefix, " + ".join(str(entry["name"]) for entry in named) or "none"
    for entry in named:
        options = {key: value for key, value in entry.items() if key != "name"}
        yield from flat_settings(options, f"{prefix}.{entry['name']}")
