"""What is watched while a model trains."""

import logging
import statistics
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

_LOG = logging.getLogger("tfaugkd")


def steps_at_once(callback: keras.callbacks.Callback) -> int:
    """Tells how many steps a model makes before it calls its callbacks (steps_per_execution)."""
    return getattr(callback.model, "steps_per_execution", 1)


class StepTimer(keras.callbacks.Callback):
    """Measures the median wall time of a step, so that compilation does not count.

    `steps_per_second` and `examples_per_second` of each step are added to its logs, where
    TensorBoard finds them. Those of epochs have none: they are the same whenever a run is repeated.

    Args:
        batch_size: B, over all replicas.

    Attributes:
        seconds_per_step: The median so far; NaN before the first step.
    """

    def __init__(self, batch_size: int) -> None:
        super().__init__()
        self.batch_size = batch_size
        self.seconds: list[float] = []
        self._began = 0.0

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Starts the watch."""
        self._began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Stops the watch; Keras has fetched the step's results by then."""
        self.seconds.append((time.perf_counter() - self._began) / steps_at_once(self))
        if logs is not None:
            logs["steps_per_second"] = 1 / self.seconds[-1]
            logs["examples_per_second"] = self.batch_size / self.seconds[-1]

    def get_state(self) -> dict[str, Any]:
        """Gives the steps' times."""
        return {"seconds": np.array(self.seconds)}

    def set_state(self, state: dict[str, Any]) -> None:
        """Takes the steps' times back."""
        self.seconds = state["seconds"].tolist()

    @property
    def seconds_per_step(self) -> float:
        """The median of all steps so far, in seconds."""
        return statistics.median(self.seconds) if self.seconds else float("nan")

    @property
    def examples_per_second(self) -> float:
        """The examples of a batch by that median."""
        return self.batch_size / self.seconds_per_step


class ProgressLines(keras.callbacks.Callback):
    """Writes a line of progress now and then, for a log file, which has no use for a bar.

    Args:
        steps: Updates in all.
        timer: Comes before it among the callbacks, and tells how fast steps are.
        every_s: Seconds between two lines.
    """

    def __init__(self, steps: int, timer: StepTimer, every_s: float = 10.0) -> None:
        super().__init__()
        self.steps = steps
        self.timer = timer
        self.every_s = every_s
        self._done = 0
        self._last = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Writes a line, if it is time."""
        first = self._done == 0
        self._done += steps_at_once(self)
        now = time.perf_counter()
        if first or self._done == self.steps or now - self._last >= self.every_s:
            self._last = now
            loss = float((logs or {}).get("loss", float("nan")))
            # The first step takes as long as compilation.
            speed = "" if first else f", {self.timer.examples_per_second:.3g} examples a second"
            _LOG.info("  step %d of %d, loss %.3f%s", self._done, self.steps, loss, speed)

    def get_state(self) -> dict[str, Any]:
        """Gives the number of steps that are done."""
        return {"done": self._done}

    def set_state(self, state: dict[str, Any]) -> None:
        """Takes the number of steps back."""
        self._done = state["done"]


class LearningRate(keras.callbacks.Callback):
    """Adds the learning rate to the logs of steps, where TensorBoard finds it.

    Keras' TensorBoard callback writes it once an epoch, which may be once a run.

    Args:
        every: Steps between two; as TensorBoard's `update_freq`, since asking costs a little.
    """

    def __init__(self, every: int = 1) -> None:
        super().__init__()
        self.every = every
        self._done = 0

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Adds the rate that the next step has."""
        before, self._done = self._done, self._done + steps_at_once(self)
        if logs is not None and self._done // self.every > before // self.every:
            # Under a strategy it is a variable of every replica, which is no number by itself.
            logs["learning_rate"] = float(tf.convert_to_tensor(self.model.optimizer.learning_rate))

    def get_state(self) -> dict[str, Any]:
        """Gives the number of steps so far."""
        return {"done": self._done}

    def set_state(self, state: dict[str, Any]) -> None:
        """Takes the number of steps back."""
        self._done = state["done"]


class SplitScores(keras.callbacks.Callback):
    """Scores the model on a whole split after every epoch, and adds the scores to the logs.

    Keras averages metrics over batches, and has neither Matthews nor Spearman.

    Args:
        scores: Gives each metric's value; it is called without arguments.
        prefix: Goes before the metrics' names.
    """

    def __init__(self, scores: Callable[[], dict[str, float]], prefix: str = "val_") -> None:
        super().__init__()
        self.scores = scores
        self.prefix = prefix

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Adds the scores to the logs, where TensorBoard and the history find them."""
        if logs is not None:
            logs |= {f"{self.prefix}{name}": value for name, value in self.scores().items()}

    def get_state(self) -> dict[str, Any]:
        """Gives nothing: there is nothing to remember."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Takes nothing."""


class BestWeights(keras.callbacks.Callback):
    """Gives a model back, at the end, the weights with which it scored best.

    Args:
        model: The Keras model whose weights are kept.
        score: Name of the score in the logs, of which more is better; of equal ones the first
            counts.
    """

    def __init__(self, model: Any, score: str) -> None:
        super().__init__()
        self.kept_model = model
        self.score = score
        self.best = float("-inf")
        self._weights: list[Any] | None = None
        self._step = self._best_step = 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Counts the updates."""
        self._step += steps_at_once(self)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Keeps the weights, if they are the best so far."""
        reached = (logs or {})[self.score]
        # Written so that nan (a run that diverged) is never the best.
        if reached > self.best:
            self.best, self._best_step = reached, self._step
            self._weights = self.kept_model.get_weights()

    def get_state(self) -> dict[str, Any]:
        """Gives the best weights so far, and where they were reached."""
        return {
            "best": self.best,
            "best_step": self._best_step,
            "step": self._step,
            "weights": self._weights,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Takes the best weights back."""
        self.best, self._weights = state["best"], state["weights"]
        self._best_step, self._step = state["best_step"], state["step"]

    def on_train_end(self, logs: Any = None) -> None:
        """Puts the best weights back."""
        if self._weights is None:
            _LOG.warning("No %s was a number: the last weights are kept.", self.score)
            return
        self.kept_model.set_weights(self._weights)
        _LOG.info("Kept the weights of step %d: %s %.4f.", self._best_step, self.score, self.best)
