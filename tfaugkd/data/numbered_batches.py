"""An endless dataset whose batches are numbered, so that it can begin at any of them."""

from collections.abc import Callable
from functools import partial
from typing import Any

import tensorflow as tf

from tfaugkd.errors import InputError

# Batches that are made while a step runs; gathering one takes a fraction of it.
_AHEAD = 4


class NumberedBatches(tf.data.Dataset):
    """An endless dataset of which each batch is a function of its number.

    Args:
        batch: Makes rows of a batch from its number, int64 `[]`, and `rows`, the slice of them.
        examples_of: Gives int64 `[B]`, the places of a batch's examples, from its number.
        batch_size: B.
        first: The number of the first batch.
        rows: Which rows of each batch there are; all if not given.
    """

    def __init__(
        self,
        batch: Callable[..., Any],
        examples_of: Callable[[tf.Tensor], tf.Tensor],
        batch_size: int,
        first: int = 0,
        rows: slice | None = None,
    ) -> None:
        self._batch, self.examples_of, self._batch_size = batch, examples_of, batch_size
        self._first, self._rows = first, rows or slice(0, batch_size)
        numbers = tf.data.Dataset.counter(first)
        own = partial(batch, rows=self._rows)
        made = numbers.map(own, num_parallel_calls=_AHEAD).prefetch(_AHEAD)
        options = tf.data.Options()
        # Its thread sleeps for as long again as it has run, at most a minute, and the end of a fit
        # waits until it wakes up.
        options.autotune.enabled = False
        self._made = made.with_options(options)
        super().__init__(self._made._variant_tensor)

    def _inputs(self) -> list[tf.data.Dataset]:
        return [self._made]

    @property
    def element_spec(self) -> Any:
        """The structure of a batch."""
        return self._made.element_spec

    def skip(self, count: int, name: str | None = None) -> "NumberedBatches":
        """Leaves out the next batches, however many, without making them."""
        return self._with(self._first + int(count), self._rows)

    def of_host(self, host: int, hosts: int) -> "NumberedBatches":
        """Leaves a host its own part of every batch, of which no more is read.

        Args:
            host: Its number, from 0; one after the other the parts are the batch.
            hosts: How many there are.

        Returns:
            The parts, of B / hosts examples.

        Raises:
            InputError: B is not a multiple of 8 for each host.
        """
        if self._batch_size % (8 * hosts):
            raise InputError(
                f"The batch size is {self._batch_size}, but must be a multiple of 8 on each of "
                f"{hosts} hosts."
            )
        share = self._batch_size // hosts
        return self._with(self._first, slice(host * share, (host + 1) * share))

    def _with(self, first: int, rows: slice) -> "NumberedBatches":
        return NumberedBatches(self._batch, self.examples_of, self._batch_size, first, rows)
