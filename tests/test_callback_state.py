from types import SimpleNamespace

import keras
import numpy as np
import pytest

from tfaugkd.callback_state import KeepsState, restore_states, states_of, without_state
from tfaugkd.errors import InputError


class Counts(keras.callbacks.Callback):
    """A user's callback that can be resumed."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def get_state(self):
        return {"count": self.count}

    def set_state(self, state):
        self.count = state["count"]


class Forgets(keras.callbacks.EarlyStopping):
    """A user's callback of which nobody knows what it adds."""


def stopped_early(scores):
    """Keras' early stopping, as it is after some epochs."""
    callback = keras.callbacks.EarlyStopping("loss", patience=2, restore_best_weights=True)
    callback.set_model(SimpleNamespace(stop_training=False, set_weights=lambda weights: None))
    callback.on_train_begin()
    for epoch, score in enumerate(scores):
        callback.model.get_weights = lambda epoch=epoch: [np.full(2, epoch)]
        callback.on_epoch_end(epoch, {"loss": score})
    return callback


def test_early_stopping_does_not_forget():
    before = stopped_early([0.5, 0.3, 0.4])
    after = stopped_early([])
    restore_states([after], states_of([before]))
    for name in ("wait", "best", "best_epoch", "stopped_epoch"):
        assert getattr(after, name) == getattr(before, name)
    np.testing.assert_array_equal(after.best_weights, [[1, 1]])
    after.on_epoch_end(3, {"loss": 0.4})
    assert (after.model.stop_training, after.stopped_epoch) == (True, 3)


def test_states_go_by_class_and_order():
    one, two, other = Counts(), Counts(), Counts()
    one.count, two.count = 3, 5
    plateau = keras.callbacks.ReduceLROnPlateau()
    plateau.wait = 4
    states = states_of([one, plateau, two])
    assert list(states) == ["Counts", "ReduceLROnPlateau", "Counts_2"]
    again = [Counts(), keras.callbacks.ReduceLROnPlateau(), Counts(), other]
    restore_states(again, states)
    assert [again[0].count, again[1].wait, again[2].count, other.count] == [3, 4, 5, 0]


def test_those_that_nobody_knows_are_named():
    assert isinstance(Counts(), KeepsState)
    callbacks = [
        Counts(),
        Forgets(),
        keras.callbacks.LambdaCallback(),
        keras.callbacks.CSVLogger("history.csv"),
        keras.callbacks.ModelCheckpoint("a.keras"),
        keras.callbacks.TensorBoard("logs"),
    ]
    assert without_state(callbacks) == ["Forgets", "LambdaCallback"]
    assert "Forgets" not in states_of(callbacks)


def test_only_one_callback_puts_weights_back(tmp_path):
    with pytest.raises(InputError, match="leave that one out"):
        without_state([keras.callbacks.BackupAndRestore(tmp_path)])
