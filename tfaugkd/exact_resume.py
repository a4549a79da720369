"""Exact resume: a run that was killed goes on as if nothing had happened, to the last bit.

Keras' fit repeats or leaves out part of an epoch when it goes on (BackupAndRestore), and its
checkpoints and TensorFlow's leave out the random states of dropout.
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from tfaugkd.callback_state import without_state
from tfaugkd.checkpoint import write_checkpoint
from tfaugkd.config import require
from tfaugkd.errors import InputError
from tfaugkd.hosts import greatest, is_chief
from tfaugkd.interruption import Interrupted, Watch, watched_signals
from tfaugkd.plain_json import plain
from tfaugkd.resuming_callbacks import ResumingCallbacks
from tfaugkd.run_state import Position, find_run, restore_run, state_of_run
from tfaugkd.training_state import build_metrics, describe_run, learns_numbers

if TYPE_CHECKING:
    from tfaugkd.distiller import Distiller

_LOG = logging.getLogger("tfaugkd")


class ExactResume(keras.callbacks.Callback):
    """Writes checkpoints while `Distiller.fit` trains, and goes on from the newest one.

    Give it to `fit` like any callback. Where its folder holds a checkpoint, `fit` goes on from
    there, in the middle of an epoch too, and ends with the weights, logs and history of a run that
    was not interrupted, bit for bit on the same machine; after the last step it does nothing more.
    A checkpoint holds the student, the optimizer, the metrics, the random states of both models'
    dropout, every "auto" epsilon, the place in the data, and what the callbacks remember: Keras'
    own, and those that are `KeepsState`. SIGTERM and SIGINT end the step, write a checkpoint and
    raise `Interrupted`, which is exit status 143 or 130; a second one ends the process at once. On
    several hosts the first one writes and reads the checkpoints, and a signal to one ends all.

    The data must give the same batches each time, as `training_batches` does, and `fit` must be
    told `steps_per_epoch`.

    Args:
        folder: Folder of this run's checkpoints; made if needed. Remove it to begin anew.
        every_steps: Steps between two checkpoints, beside every_minutes.
        every_minutes: Minutes between two checkpoints. One is always written at the end.
        keep: How many checkpoints are kept. If the newest is damaged, the one before it is taken.
        made_from: What else the run depends on, as plain values; `fit` refuses to go on with a run
            where it differs. Loss, optimizer, teacher, first batch and names of augmentations are
            compared anyway.
        logs: Folder of this run's own logs alone (TensorBoard's, CSV with append=True), which are
            cut back to the checkpoint. Not cut, they repeat what came after it.

    Raises:
        InputError: A number that makes no sense.
    """

    _hooks: ResumingCallbacks

    def __init__(
        self,
        folder: str | Path,
        every_steps: int | None = None,
        every_minutes: float = 10.0,
        keep: int = 2,
        made_from: dict[str, Any] | None = None,
        logs: str | Path | None = None,
    ) -> None:
        super().__init__()
        if keep < 1 or every_minutes <= 0 or (every_steps is not None and every_steps < 1):
            raise InputError(
                f"ExactResume got every_steps {every_steps!r}, every_minutes {every_minutes!r} and "
                f"keep {keep!r}, but they must be above 0."
            )
        self.folder = Path(folder)
        self.every_steps = every_steps
        self.every_minutes = every_minutes
        self.keep = keep
        self.made_from = made_from or {}
        self.logs = logs
        self._position = Position()
        self._checkpoint: dict[str, Any] | None = None
        self._watch = Watch()
        self._made_from: Any = {}
        self._written = (0, 0.0)

    def run(
        self,
        fit: Callable,
        distiller: "Distiller",
        dataset: tf.data.Dataset,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """Fits, from the newest checkpoint on; `Distiller.fit` calls this where it is a callback.

        Args:
            fit: Keras' `fit` of the distiller.
            distiller: The distiller.
            dataset: All of the data, from the run's first batch on.
            *args: None.
            **kwargs: As for `keras.Model.fit`.

        Returns:
            What `fit` gives.

        Raises:
            InputError: The checkpoint, or another host's run, is of something else; or the data
                are none to go on in.
            Interrupted: A signal came; the checkpoint is written.
        """
        self.set_model(distiller)
        first_batch = _first_batch(dataset, args, kwargs)
        steps, at_once = kwargs["steps_per_epoch"], distiller.steps_per_execution
        whole = f"a multiple of steps_per_execution ({at_once})"
        require(steps % at_once == 0, "steps_per_epoch", steps, whole)
        self._made_from = plain(self.made_from | describe_run(distiller, first_batch, steps))
        self._begin(kwargs.get("initial_epoch", 0))
        if self._checkpoint is not None:
            build_metrics(distiller, first_batch)
        epochs, verbose = kwargs.get("epochs", 1), kwargs.get("verbose", "auto")
        self._hooks = hooks = ResumingCallbacks(
            self,
            callbacks=_flat(kwargs.get("callbacks")),
            add_history=True,
            add_progbar=verbose != 0,
            verbose=verbose,
            epochs=epochs,
            steps=steps,
            model=distiller,
        )
        _warn_of_forgetful(hooks.others)
        position = self._position
        initial = epochs if position.stopped else min(position.epoch, epochs)
        own = {"callbacks": hooks, "initial_epoch": initial}
        try:
            with watched_signals() as self._watch:
                history = fit(dataset.skip(position.batches), **kwargs | own)
            # One that came after the last step has found nobody who looked.
            (seen,) = self._on_any_host(self._watch.seen or 0)
            self._stop_if(seen)
            return history
        finally:
            hooks.end_passing()

    def on_train_begin(self, logs: Any = None) -> None:
        """Restores everything, after the other callbacks have begun."""
        self._written = (self._position.batches, time.monotonic())
        if self._checkpoint is not None:
            self._restore(self._checkpoint)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Restores what has begun the epoch anew, where it goes on in the middle of one."""
        position = self._position
        if self._checkpoint is not None and position.steps:
            self._restore(self._checkpoint)
            self._hooks.pass_over(position.steps, position.logs)
        else:
            self._position.epoch, self._position.steps = epoch, 0
        self._checkpoint = None

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Writes a checkpoint, if it is time; the other callbacks have seen the step."""
        done = batch + 1 - self._position.steps
        self._position.steps += done
        self._position.batches += done
        self._position.logs = {name: float(value) for name, value in (logs or {}).items()}
        self._write_if_due()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Notes that the epoch is over; the other callbacks have seen its end."""
        self._position.epoch, self._position.steps = epoch + 1, 0
        self._position.stopped = bool(self.model.stop_training)
        self._write_if_due()

    def before_train_end(self) -> None:
        """Writes the last checkpoint, unless that is where the run has gone on from."""
        if self._checkpoint is None:
            self.write()
        self._checkpoint = None

    def write(self) -> None:
        """Writes a checkpoint now."""
        if not learns_numbers(self.model):
            _LOG.warning("No checkpoint is written: the student has weights that are no numbers.")
            return
        given = (self._position, self._made_from, self.logs)
        state = state_of_run(self.model, self._hooks.others, *given)
        if is_chief(self.model.distribute_strategy):
            write_checkpoint(self.folder, self._position.batches, state, self.keep)
        self._written = (self._position.batches, time.monotonic())

    def _write_if_due(self) -> None:
        batches, moment = self._written
        every = self.every_steps
        due = every is not None and self._position.batches // every > batches // every
        due = due or time.monotonic() - moment >= 60 * self.every_minutes
        # Hosts have clocks and signals of their own, and must stop after the same step.
        seen, anywhere = self._on_any_host(self._watch.seen or 0, int(due))
        if anywhere or seen:
            self.write()
        self._stop_if(seen)

    def _on_any_host(self, *values: int) -> list[int]:
        return greatest(self.model.distribute_strategy, *values)

    def _stop_if(self, seen: int) -> None:
        if seen:
            raise Interrupted(
                seen,
                f"interrupted after step {self._position.batches}; the checkpoint is in "
                f"{self._place()}, and the same command goes on from it",
            )

    def _begin(self, initial_epoch: int) -> None:
        """Finds the place to go on from."""
        self._position = Position(epoch=initial_epoch)
        given = (self._made_from, self.logs, self.model.distribute_strategy)
        self._checkpoint = found = find_run(self.folder, *given)
        if found is not None:
            self._position = Position(**found["position"])
            _LOG.info("Going on after step %d (%s).", self._position.batches, self._place())

    def _place(self) -> str:
        first = is_chief(self.model.distribute_strategy)
        return str(self.folder) if first else "the first host's output"

    def _restore(self, state: dict[str, Any]) -> None:
        restore_run(self.model, self._hooks.others, state)


def resume_among(callbacks: Any) -> ExactResume | None:
    """Finds the callback of the checkpoints among those that `fit` was given."""
    return next((each for each in _flat(callbacks) if isinstance(each, ExactResume)), None)


def _first_batch(dataset: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    """Gives the first batch of data in which a run can go on."""
    if args or not isinstance(dataset, tf.data.Dataset) or not kwargs.get("steps_per_epoch"):
        raise InputError(
            f"With ExactResume, fit takes a tf.data.Dataset and all else by name, steps_per_epoch "
            f"included, but it was given a {type(dataset).__name__}, {len(args)} arguments without "
            f"a name and steps_per_epoch {kwargs.get('steps_per_epoch')!r}."
        )
    return next(iter(dataset.take(1)))


def _warn_of_forgetful(callbacks: list[Any]) -> None:
    if unknown := without_state(callbacks):
        _LOG.warning(
            "A resumed run forgets what these callbacks remember, if they remember anything: %s; "
            "give them get_state and set_state (tfaugkd.KeepsState).",
            ", ".join(unknown),
        )


def _flat(callbacks: Any) -> list[Any]:
    if isinstance(callbacks, keras.callbacks.CallbackList):
        return list(callbacks.callbacks)
    return keras.tree.flatten(callbacks) if callbacks else []
