"""A `keras.Model` that trains and scores alike on one replica, on several, and on several hosts.

Keras' own `evaluate` gives the mean over replicas of what should be the mean over examples, and its
`fit` fails on several hosts. What gets past that is here, so that the distiller is free of it.
"""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from tfaugkd.errors import InputError
from tfaugkd.hosts import across_hosts
from tfaugkd.replicas import BLOCK, batch_size_of, check_batch_size, replica_batches

Logs = dict[str, Any]


class ReplicatedModel(keras.Model):
    """A model whose `train_step` and `test_step` return logs by the names of metrics."""

    def fit(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Trains, as `keras.Model.fit` does.

        Args:
            x: The data, a `tf.data.Dataset` of batches over all replicas. On several hosts all
                give the same data, of which each reads its own rows.
            *args: As for `keras.Model.fit`.
            **kwargs: As for `keras.Model.fit`.

        Returns:
            Keras' history.

        Raises:
            InputError: The batches do not part into multiples of 8 for the replicas; there are
                several hosts, and the data end, or are to be validated on.
        """
        if kwargs.get("validation_data") is not None:
            self._require_one_host()
        self._check(x, BLOCK)
        return super().fit(replica_batches(x, self.distribute_strategy), *args, **kwargs)

    def evaluate(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Scores the model, as `keras.Model.evaluate` does.

        Args:
            x: The data, a `tf.data.Dataset` of batches over all replicas.
            *args: As for `keras.Model.evaluate`.
            **kwargs: As for `keras.Model.evaluate`.

        Returns:
            Keras' results: means over all examples, with their weights.

        Raises:
            InputError: The batches do not part equally for the replicas, or there are several
                hosts.
        """
        self._require_one_host()
        self._check(x, block=1)
        return super().evaluate(x, *args, **kwargs)

    def _check(self, dataset: Any, block: int) -> None:
        """Checks that batches part, and builds the metrics by what batches look like."""
        if isinstance(dataset, tf.data.Dataset) and (size := batch_size_of(dataset)):
            replicas = self.distribute_strategy.num_replicas_in_sync
            check_batch_size("The batch size", size, replicas, block)
            self._maybe_symbolic_build(data_batch=dataset.element_spec)

    def _require_one_host(self) -> None:
        if across_hosts(self.distribute_strategy):
            raise InputError(
                "On several hosts a Distiller does not evaluate, and fit takes no validation_data: "
                "score the student with tfaugkd.scoring.score_model, as the callback SplitScores "
                "does."
            )

    def _make_function(self, step_function: Callable[[Any], Logs]) -> Callable[[Any], Logs]:
        function = super()._make_function
        if not across_hosts(self.distribute_strategy):
            return function(step_function)
        names: list[str] = []

        # Keras takes the mean of what hosts log along a first dimension, one after the other.
        def one_row(data: Any) -> tf.Tensor:
            logs = step_function(data)
            names[:] = logs
            return tf.stack([tf.cast(value, tf.float32) for value in logs.values()])[tf.newaxis]

        logged = function(one_row)
        return lambda iterator: dict(zip(names, tf.unstack(logged(iterator)), strict=True))

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        # Keras would take a batch out of the data, and cannot where each host has a part of it.
        # What batches look like is known from `_check`.
        if data_batch is not None:
            super()._maybe_symbolic_build(data_batch=data_batch)

    def _get_metrics_result_or_logs(self, logs: Logs) -> Logs:
        # Where a metric did not move, Keras would give the last step's logs, which are a mean over
        # replicas, and not over examples where weights differ.
        results = self.get_metrics_result()
        # Where a run goes on at an epoch's end, they hold what callbacks have added to them.
        return {name: results[name] for name in logs if name in results}
