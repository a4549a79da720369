import logging
import math
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import LENGTH, bert, sentiment

from tfaugkd.config import Objective
from tfaugkd.data.batches import training_batches
from tfaugkd.distiller import Distiller
from tfaugkd.divergence import WatchesForNaN, marked
from tfaugkd.errors import InputError
from tfaugkd.loss_terms import Term


def ids_of_batch(number):
    return [f"{number}-{row}" for row in range(18)]


def test_the_first_term_that_is_no_number_stops_the_run_and_names_the_texts():
    callback = WatchesForNaN(ids_of_batch)
    callback.on_train_batch_end(0, {"loss": 3.0, "student_loss": 2.0, "mixup_loss": 1.0})
    with pytest.raises(InputError) as stopped:
        callback.on_train_batch_end(
            1, {"loss": math.nan, "student_loss": 2.0, "mixup_loss": math.inf}
        )
    texts = ", ".join(f"1-{row}" for row in range(16))
    assert str(stopped.value) == (
        f"At step 2 mixup_loss is inf, on the texts {texts} and 2 more; look at these texts, lower "
        "train.learning_rate, or set train.on_nan: skip to leave such steps out. No checkpoint "
        "holds this step."
    )


def test_of_steps_that_are_made_at_once_all_texts_are_named():
    callback = WatchesForNaN(lambda number: [f"text {number}"])
    callback.set_model(SimpleNamespace(steps_per_execution=3))
    callback.on_train_batch_end(2, {"loss": 1.0})
    expected = "At one of the steps 4 to 6 loss is nan, on the texts text 3, text 4, text 5; look"
    with pytest.raises(InputError, match=f"^{expected}"):
        callback.on_train_batch_end(5, {"loss": math.nan})


def test_the_step_goes_on_counting_after_a_resume():
    callback = WatchesForNaN(ids_of_batch)
    callback.set_state({"step": 40, "skipped": 2})
    callback.on_train_batch_end(0, {"loss": 1.0})
    assert callback.get_state() == {"step": 41, "skipped": 2}
    with pytest.raises(InputError, match="At step 42 loss is nan, on the texts 41-0, "):
        callback.on_train_batch_end(1, {"loss": math.nan})


def test_steps_that_are_left_out_are_logged_and_counted(caplog):
    callback = WatchesForNaN(ids_of_batch, skips=True)
    with caplog.at_level(logging.WARNING, "tfaugkd"):
        for step, loss in enumerate([1.0, math.nan, 1.0, math.inf]):
            callback.on_train_batch_end(step, {"loss": loss, "student_loss": 0.5})
    assert [message.partition(":")[0] for message in caplog.messages] == [
        "Step 2 is left out, the 1. so far",
        "Step 4 is left out, the 2. so far",
    ]
    assert ": loss is nan, on the texts 1-0, 1-1, " in caplog.messages[0]
    logs = {"loss": 1.0}
    callback.on_epoch_end(0, logs)
    assert logs == {"loss": 1.0, "skipped_steps": 2}


class Seen(keras.callbacks.Callback):
    """Keeps what each step reports."""

    def __init__(self):
        super().__init__()
        self.losses = []

    def on_train_batch_end(self, batch, logs=None):
        self.losses.append((logs["loss"], logs["student_loss"]))


def fitted(data, steps, on_nan, jit_compile=False):
    """Fits a student on labels alone; gives the history, what each step reports, the weights."""
    distiller = Distiller(None, bert(layers=1, seed=2), Objective(soft=0.0))
    distiller.compile(
        keras.optimizers.SGD(0.1, momentum=0.9), jit_compile=jit_compile, on_nan=on_nan
    )
    seen = Seen()
    options = {"epochs": 1, "steps_per_epoch": steps, "verbose": 0, "callbacks": [seen]}
    history = distiller.fit(data, **options).history
    return history, seen.losses, [variable.numpy() for variable in distiller.trainable_variables]


def test_a_step_that_is_left_out_changes_nothing_and_counts_for_nothing():
    batches = training_batches(sentiment(64), bert(layers=1).preprocessor, 8, LENGTH)
    one, other = batches.take(1), batches.skip(1).take(1)
    x, y, weight = next(iter(batches.skip(2)))
    # The loss of every example is a number, and the gradient of their mean is none.
    bad = tf.data.Dataset.from_tensors((x, y, weight * math.nan))
    expected = fitted(one.concatenate(other), 2, "skip")
    found = fitted(one.concatenate(bad).concatenate(other), 3, "skip", jit_compile=True)
    assert found[0]["loss"] == pytest.approx(expected[0]["loss"])
    assert [math.isnan(loss) for loss, _ in found[1]] == [False, True, False]
    assert np.isfinite([term for _, term in found[1]]).all()
    for weights, wanted in zip(found[2], expected[2], strict=True):
        np.testing.assert_allclose(weights, wanted, rtol=0, atol=1e-5)
    stopped = fitted(one.concatenate(bad), 2, "stop")
    assert not np.isfinite(stopped[0]["loss"]).all()
    assert not np.isfinite(stopped[2][0]).all()


def test_the_term_that_is_no_number_is_marked():
    terms = {"a": Term(1.0, tf.constant([1.0, math.nan])), "b": Term(0.5, tf.constant([1.0, 2.0]))}
    logs = {"loss": tf.constant(3.0), "a": tf.constant(1.0), "b": tf.constant(2.0)}
    found = {name: float(value) for name, value in marked(logs, terms, tf.constant(False)).items()}
    assert math.isnan(found["loss"])
    assert math.isnan(found["a"])
    assert found["b"] == 2.0


def test_of_steps_that_are_made_at_once_none_is_left_out():
    distiller = Distiller(None, bert(layers=1), Objective(soft=0.0))
    with pytest.raises(InputError, match=r"must be 'stop' with steps_per_execution 2\.$"):
        distiller.compile("sgd", on_nan="skip", steps_per_execution=2)


def test_several_replicas_leave_no_step_out():
    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
        distiller = Distiller(None, bert(layers=1), Objective(soft=0.0))
        with pytest.raises(InputError, match="on_nan is 'skip', but must be 'stop' on 2 replicas"):
            distiller.compile("sgd", on_nan="skip")
