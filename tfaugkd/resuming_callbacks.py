"""Calls Keras' callbacks where a run goes on in the middle of an epoch."""

from collections.abc import Callable
from typing import Any

import keras


class ResumingCallbacks(keras.callbacks.CallbackList):
    """Calls callbacks as Keras does, except for steps that are past, and one of them always last.

    Keras counts the steps of an epoch from 0. Those that were done before the run was interrupted
    are counted again, but nothing is computed for them and no callback is called.

    Args:
        last: The callback that is called after all others: it writes down what they remember.
        **kwargs: As for `keras.callbacks.CallbackList`.
    """

    def __init__(self, last: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.last = last
        self.callbacks.sort(key=lambda callback: callback is last)
        self._past_steps = 0
        self._train_function: Callable | None = None

    @property
    def others(self) -> list[Any]:
        """All callbacks but the last, with those that Keras adds."""
        return self.callbacks[:-1]

    def pass_over(self, steps: int, logs: dict[str, float]) -> None:
        """Leaves out the first steps of the epoch that has begun.

        Args:
            steps: How many.
            logs: What the last of them reported.
        """
        self._past_steps, self._train_function = steps, self.model.train_function
        self.model.train_function = lambda iterator: dict(logs)

    def end_passing(self) -> None:
        """Has Keras train from here on, if steps were left out."""
        if self._train_function is not None:
            self.model.train_function = self._train_function
        self._past_steps, self._train_function = 0, None

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Begins a step."""
        if batch >= self._past_steps:
            self.end_passing()
            super().on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Ends a step."""
        if batch >= self._past_steps:
            super().on_train_batch_end(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Ends an epoch, of which all steps may have been past."""
        self.end_passing()
        super().on_epoch_end(epoch, logs)

    def on_train_end(self, logs: Any = None) -> None:
        """Writes the last checkpoint before callbacks, such as early stopping, change weights."""
        self.last.before_train_end()
        super().on_train_end(logs)
