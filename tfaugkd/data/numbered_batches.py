"""An endless dataset whose batches are numbered, so that it can begin at any of them."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


class NumberedBatches(tf.data.Dataset):
    """An endless dataset of which each batch is a function of its number.

    Args:
        batch: Makes a batch from its number, int64 `[]`.
        examples_of: Gives int64 `[B]`, the places of a batch's examples, from its number.
        first: The number of the first batch.
    """

    def __init__(
        self,
        batch: Callable[[tf.Tensor], Any],
        examples_of: Callable[[tf.Tensor], tf.Tensor],
        first: int = 0,
    ) -> None:
        self._batch, self.examples_of, self._first = batch, examples_of, first
        numbers = tf.data.Dataset.counter(first)
        made = numbers.map(batch, num_parallel_calls=tf.data.AUTOTUNE)
        self._made = made.prefetch(tf.data.AUTOTUNE)
        super().__init__(self._made._variant_tensor)

    def _inputs(self) -> list[tf.data.Dataset]:
        return [self._made]

    @property
    def element_spec(self) -> Any:
        """The structure of a batch."""
        return self._made.element_spec

    def skip(self, count: int, name: str | None = None) -> "NumberedBatches":
        """Leaves out the next batches, however many, without making them."""
        return NumberedBatches(self._batch, self.examples_of, self._first + int(count))
