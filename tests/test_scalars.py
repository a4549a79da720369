import keras
import numpy as np
import tensorflow as tf
from conftest import scalars_of

from tfaugkd.callback_state import restore_states, states_of, without_state
from tfaugkd.tensorboard import Scalars
from tfaugkd.tensorboard.events import events_of


class Notes(keras.callbacks.Callback):
    """Notes the step of each epoch's end, as the pages of this package do."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def on_epoch_end(self, epoch, logs=None):
        step = int(self.model.optimizer.iterations.numpy())
        with events_of(self.folder / "notes", step):
            tf.summary.scalar("note", float(step))


def test_no_epoch_is_dropped_whatever_batches_are_shown(tmp_path):
    model = keras.Sequential([keras.layers.Input([1]), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    data = np.ones([4, 1])
    scalars = Scalars(str(tmp_path), write_graph=False, update_freq=3)
    callbacks = [Notes(tmp_path), scalars]
    history = model.fit(data, data, 1, epochs=3, verbose=0, callbacks=callbacks).history
    train = scalars_of(tmp_path / "train")
    assert [step for step, _ in train["batch_loss"]] == [3, 6, 9, 12]
    np.testing.assert_allclose([value for _, value in train["epoch_loss"]], history["loss"])
    # 4 and 8 are no multiples of 3.
    assert scalars_of(tmp_path / "notes") == {"note": [(4, 4.0), (8, 8.0), (12, 12.0)]}


def test_batches_are_counted_on_where_a_run_goes_on(tmp_path):
    one, other = Scalars(str(tmp_path)), Scalars(str(tmp_path))
    one._global_train_batch, one._global_test_batch = 7, 2
    assert without_state([one]) == []
    restore_states([other], states_of([one]))
    assert (other._global_train_batch, other._global_test_batch) == (7, 2)
