"""A loss that is no number: where, in which term, and on which texts."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras

from tfaugkd.errors import InputError

_NAMED_TEXTS = 16


class StopsAtNaN(keras.callbacks.Callback):
    """Stops a run at the first step whose loss is not a finite number, before it is written down.

    It reads what Keras has fetched of the step anyway, and costs nothing.

    Args:
        ids_of_batch: Gives the ids of the texts of a batch by its number, from 0.
    """

    def __init__(self, ids_of_batch: Callable[[int], Sequence[str]]) -> None:
        super().__init__()
        self.ids_of_batch = ids_of_batch
        self._step = 0

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Looks at every term of the loss.

        Raises:
            InputError: One is not a finite number.
        """
        self._step += 1
        wrong = {name: value for name, value in (logs or {}).items() if not math.isfinite(value)}
        if not wrong:
            return
        terms = [name for name in wrong if name != "loss"] or ["loss"]
        raise InputError(
            f"At step {self._step} {' and '.join(terms)} is {wrong[terms[0]]}, on the texts "
            f"{_listed(self.ids_of_batch(self._step - 1))}; look at these texts, lower "
            "train.learning_rate or set train.clip_norm. No checkpoint holds this step."
        )

    def get_state(self) -> dict[str, Any]:
        """Gives the number of steps that are done."""
        return {"step": self._step}

    def set_state(self, state: dict[str, Any]) -> None:
        """Takes the number of steps back."""
        self._step = state["step"]


def _listed(ids: Sequence[str]) -> str:
    named = ", ".join(ids[:_NAMED_TEXTS])
    more = len(ids) - _NAMED_TEXTS
    return f"{named} and {more} more" if more > 0 else named
