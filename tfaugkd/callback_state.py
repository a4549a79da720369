"""What callbacks remember from step to step, as plain data that a checkpoint holds."""

import copy
from collections import Counter
from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

import keras

from tfaugkd.errors import InputError

# What Keras' own callbacks remember between two hooks; those without anything are there, too.
_ATTRIBUTES: dict[type, tuple[str, ...]] = {
    keras.callbacks.CSVLogger: (),
    keras.callbacks.EarlyStopping: (
        *("wait", "stopped_epoch", "best", "best_epoch", "best_weights"),
    ),
    keras.callbacks.History: ("epoch", "history"),
    keras.callbacks.LearningRateScheduler: (),
    keras.callbacks.ModelCheckpoint: (
        *("best", "_current_epoch", "_last_batch_seen", "_batches_seen_since_last_saving"),
    ),
    keras.callbacks.ProgbarLogger: (),
    keras.callbacks.ReduceLROnPlateau: ("wait", "best", "cooldown_counter"),
    keras.callbacks.TensorBoard: ("_global_train_batch", "_global_test_batch"),
    keras.callbacks.TerminateOnNaN: (),
}


@runtime_checkable
class KeepsState(Protocol):
    """A callback that a resumed run finds as it was.

    Give your own callback these two methods, if it remembers anything from one step or epoch to
    a later one. They are called between two steps; `set_state` comes after `on_train_begin`.
    """

    def get_state(self) -> dict[str, Any]:
        """Gives what it remembers: mappings, lists, numbers, text, None and NumPy arrays."""

    def set_state(self, state: dict[str, Any]) -> None:
        """Takes back what `get_state` gave, with lists in place of tuples."""


def states_of(callbacks: Iterable[Any]) -> dict[str, dict[str, Any]]:
    """Collects what callbacks remember.

    Args:
        callbacks: Keras callbacks, in order.

    Returns:
        The state of each that has one, by its class' name, numbered where there are several.
    """
    return {
        name: _state_of(callback)
        for name, callback in _named(callbacks).items()
        if not _lacks_state(callback)
    }


def restore_states(callbacks: Iterable[Any], states: dict[str, dict[str, Any]]) -> None:
    """Gives callbacks back what they remembered; those that were not there keep what they have.

    Args:
        callbacks: Keras callbacks, of the classes and in the order of those that were there.
        states: What `states_of` gave.
    """
    for name, callback in _named(callbacks).items():
        # A copy, as callbacks go on to change what they are given.
        state = copy.deepcopy(states.get(name, {}))
        if isinstance(callback, KeepsState) and name in states:
            callback.set_state(state)
        else:
            for attribute, value in state.items():
                setattr(callback, attribute, value)


def without_state(callbacks: Iterable[Any]) -> list[str]:
    """Lists the callbacks of which nobody knows what they remember.

    Args:
        callbacks: Keras callbacks.

    Returns:
        The names of their classes.

    Raises:
        InputError: Keras' `BackupAndRestore` is among them, which would put weights back itself.
    """
    given = list(callbacks)
    if any(isinstance(callback, keras.callbacks.BackupAndRestore) for callback in given):
        raise InputError("ExactResume does what BackupAndRestore does; leave that one out.")
    return sorted({type(callback).__name__ for callback in given if _lacks_state(callback)})


def flush_logs(callbacks: Iterable[Any]) -> None:
    """Has TensorBoard's callback write to disk what it holds in memory."""
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.TensorBoard):
            for writer in callback._writers.values():
                writer.flush()


def _lacks_state(callback: Any) -> bool:
    return not isinstance(callback, KeepsState) and type(callback) not in _ATTRIBUTES


def _state_of(callback: Any) -> dict[str, Any]:
    if isinstance(callback, KeepsState):
        return callback.get_state()
    names = _ATTRIBUTES[type(callback)]
    return {name: getattr(callback, name) for name in names if hasattr(callback, name)}


def _named(callbacks: Iterable[Any]) -> dict[str, Any]:
    seen: Counter[str] = Counter()
    named = {}
    for callback in callbacks:
        name = type(callback).__name__
        seen[name] += 1
        named[name if seen[name] == 1 else f"{name}_{seen[name]}"] = callback
    return named
