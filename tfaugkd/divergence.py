"""A loss or gradient that is no number: where, in which term, on which texts, and what then."""

import logging
import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from tfaugkd.callbacks import steps_at_once
from tfaugkd.errors import InputError
from tfaugkd.loss_terms import Terms

_LOG = logging.getLogger("tfaugkd")
_NAMED_TEXTS = 16


class WatchesForNaN(keras.callbacks.Callback):
    """Stops a run at the first step whose loss is not a finite number, or counts such steps.

    It reads what Keras has fetched of the step anyway, and costs nothing.

    Args:
        ids_of_batch: Gives the ids of the texts of a batch by its number, from 0.
        skips: The distiller leaves such steps out (`on_nan="skip"`): they are logged, and counted
            as `skipped_steps` in the history.
    """

    def __init__(self, ids_of_batch: Callable[[int], Sequence[str]], skips: bool = False) -> None:
        super().__init__()
        self.ids_of_batch = ids_of_batch
        self.skips = skips
        self._step = self._skipped = 0

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Looks at every term of the loss.

        Raises:
            InputError: One is not a finite number, and such steps are not left out.
        """
        before, self._step = self._step, self._step + steps_at_once(self)
        wrong = {name: value for name, value in (logs or {}).items() if not math.isfinite(value)}
        if not wrong:
            return
        terms = [name for name in wrong if name != "loss"] or ["loss"]
        batches = range(before, self._step)
        texts = _listed([each for batch in batches for each in self.ids_of_batch(batch)])
        found = f"{' and '.join(terms)} is {wrong[terms[0]]}, on the texts {texts}"
        if not self.skips:
            step = f"step {self._step}"
            step = step if len(batches) == 1 else f"one of the steps {before + 1} to {self._step}"
            raise InputError(
                f"At {step} {found}; look at these texts, lower train.learning_rate, or "
                "set train.on_nan: skip to leave such steps out. No checkpoint holds this step."
            )
        self._skipped += 1
        _LOG.warning("Step %d is left out, the %d. so far: %s.", self._step, self._skipped, found)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Adds the number of steps that were left out so far to the logs."""
        if self.skips and logs is not None:
            logs["skipped_steps"] = self._skipped

    def get_state(self) -> dict[str, Any]:
        """Gives the numbers of steps that are done, and left out."""
        return {"step": self._step, "skipped": self._skipped}

    def set_state(self, state: dict[str, Any]) -> None:
        """Takes the numbers back."""
        self._step, self._skipped = state["step"], state["skipped"]


def counted_if(
    updated: tf.Tensor, terms: Terms, logits: tf.Tensor, sample_weight: tf.Tensor | None
) -> tuple[Terms, tf.Tensor, tf.Tensor]:
    """Has a step that was left out count for nothing in the metrics.

    Args:
        updated: bool `[]`; whether the step was not left out.
        terms: The terms of the loss.
        logits: `[B, C]`.
        sample_weight: `[B]`, or None for 1.

    Returns:
        The same; all zero for a step that was left out.
    """
    weight = tf.ones_like(logits[:, 0]) if sample_weight is None else sample_weight
    kept = {
        name: term._replace(values=tf.where(updated, term.values, 0.0))
        for name, term in terms.items()
    }
    return kept, tf.where(updated, logits, 0.0), tf.where(updated, weight, 0.0)


def marked(logs: dict[str, tf.Tensor], terms: Terms, updated: tf.Tensor) -> dict[str, tf.Tensor]:
    """Shows in the logs of a step that it was left out, and which terms are the reason.

    Args:
        logs: What the step reports, with `loss`.
        terms: The terms of the loss, as they were.
        updated: bool `[]`; whether the step was not left out.

    Returns:
        The logs, with nan in the place of those terms, and of the loss.
    """
    finite = {
        name: tf.reduce_all(tf.math.is_finite(term.values))
        for name, term in terms.items()
        if name in logs
    }
    finite["loss"] = updated
    return logs | {name: tf.where(fine, logs[name], math.nan) for name, fine in finite.items()}


def apply_if_finite(
    optimizer: keras.optimizers.Optimizer, gradients: list[tf.Tensor], variables: list[Any]
) -> None:
    """Updates variables on one replica, unless a gradient is not a finite number.

    Args:
        optimizer: The optimizer; nothing of it changes either where nothing is updated.
        gradients: One for each variable.
        variables: The variables.
    """

    def apply() -> tf.Tensor:
        optimizer.apply(gradients, variables)
        return tf.constant(True)

    finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(each)) for each in gradients])
    tf.cond(finite, apply, lambda: tf.constant(False))


def _listed(ids: Sequence[str]) -> str:
    named = ", ".join(ids[:_NAMED_TEXTS])
    more = len(ids) - _NAMED_TEXTS
    return f"{named} and {more} more" if more > 0 else named
