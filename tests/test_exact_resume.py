import logging
import os
import shutil
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import LENGTH, bert, scalars_of, sentiment

from tfaugkd.callbacks import BestWeights, LearningRate
from tfaugkd.data.batches import training_batches
from tfaugkd.distiller import Distiller
from tfaugkd.errors import InputError
from tfaugkd.exact_resume import ExactResume
from tfaugkd.interruption import Interrupted
from tfaugkd.training_state import build_metrics, changing_variables, restore_values, values_of

EPOCHS, STEPS, RATE = 3, 4, 0.01


class KilledError(Exception):
    """Stands for the end of a process."""


class Dies(keras.callbacks.Callback):
    """Ends a run in one of its hooks, the n-th time that it is called."""

    def __init__(self, hook="never", times=1):
        super().__init__()
        self.hook, self.times = hook, times

    def _die(self, hook):
        if hook == self.hook:
            self.times -= 1
            if not self.times:
                raise KilledError

    def on_train_batch_end(self, batch, logs=None):
        self._die("batch")

    def on_epoch_begin(self, epoch, logs=None):
        self._die("epoch_begin")

    def on_epoch_end(self, epoch, logs=None):
        self._die("epoch_end")

    def on_train_end(self, logs=None):
        self._die("train_end")

    def get_state(self):
        return {}

    def set_state(self, state):
        pass


class Calls(keras.callbacks.Callback):
    """Writes down which hooks were called, as a log file would hold them."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append(f"epoch {epoch}")

    def on_train_batch_begin(self, batch, logs=None):
        self.calls.append(f"begin {batch}")

    def on_train_batch_end(self, batch, logs=None):
        self.calls.append(f"end {batch} {logs['loss']!r}")

    def get_state(self):
        return {"calls": self.calls}

    def set_state(self, state):
        self.calls = state["calls"]


def build(jit_compile=True, **options):
    """A distiller with dropout in both models, and metrics that are built on first use."""
    teacher = bert(layers=1, seed=1, dropout=0.2)
    student = bert(layers=1, seed=2, dropout=0.2)
    distiller = Distiller(teacher, student, teacher_dropout=True)
    options |= {"weighted_metrics": ["accuracy"], "jit_compile": jit_compile}
    distiller.compile(keras.optimizers.Adam(RATE), **options)
    return distiller


@pytest.fixture(scope="module")
def data():
    return training_batches(sentiment(64), bert(layers=1).preprocessor, 8, LENGTH)


@pytest.fixture(scope="module")
def distiller():
    """Compiled once; every run begins with the same values."""
    return build()


@pytest.fixture(scope="module")
def start(distiller, data):
    build_metrics(distiller, next(iter(data)))
    return values_of(changing_variables(distiller))


def fit(distiller, data, folder, *callbacks, epochs=EPOCHS, every_steps=1, **options):
    """Runs the script of somebody who has callbacks of many kinds."""
    calls = Calls()
    given = [
        keras.callbacks.ReduceLROnPlateau("loss", patience=0, min_delta=10.0),
        keras.callbacks.CSVLogger(str(folder / "logs" / "history.csv"), append=True),
        LearningRate(),
        keras.callbacks.TensorBoard(str(folder / "logs"), update_freq=1),
        BestWeights(distiller.student_classifier, "accuracy"),
        calls,
        *callbacks,
        ExactResume(folder / "run", every_steps, logs=folder / "logs", **options),
    ]
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    epochs = {"epochs": epochs, "steps_per_epoch": STEPS}
    history = distiller.fit(data, **epochs, verbose=0, callbacks=given).history
    return history, calls.calls, values_of(changing_variables(distiller))


def outcome(distiller, data, folder, *callbacks, **options):
    """Fits; gives everything that came of it, in memory and on disk."""
    history, calls, values = fit(distiller, data, folder, *callbacks, **options)
    return {
        "history": history,
        "calls": calls,
        "csv": (folder / "logs" / "history.csv").read_text(),
        "scalars": scalars_of(folder / "logs" / "train"),
        "values": [[part.tobytes() for part in parts] for parts in values],
    }


def begin_anew(distiller, start):
    """Puts a process' beginning back."""
    restore_values(changing_variables(distiller), start)


def forget(distiller):
    """Leaves nothing of a run in memory."""
    for variable in changing_variables(distiller):
        variable.assign(tf.ones_like(variable.value) * 3)
    distiller.optimizer.learning_rate = RATE


@pytest.fixture(scope="module")
def whole(distiller, start, data, tmp_path_factory):
    """What comes of a run that nothing interrupts."""
    begin_anew(distiller, start)
    return outcome(distiller, data, tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize(
    ("hook", "times", "every"),
    [
        ("batch", 6, 1),  # in the middle of an epoch
        ("batch", 7, 5),  # long after the last checkpoint
        ("epoch_end", 1, 1),  # between the last step of an epoch and its end
        ("epoch_begin", 3, 2),  # after the end of an epoch
        ("train_end", 1, 5),  # after everything
        ("batch", 1, 1),  # before the first checkpoint
    ],
)
def test_a_run_that_was_killed_ends_as_one_that_was_not(
    hook, times, every, distiller, start, data, whole, tmp_path
):
    begin_anew(distiller, start)
    with pytest.raises(KilledError):
        fit(distiller, data, tmp_path, Dies(hook, times), every_steps=every)
    if any((tmp_path / "run").glob("*")):
        forget(distiller)
    else:
        begin_anew(distiller, start)
        shutil.rmtree(tmp_path / "logs")
    found = outcome(distiller, data, tmp_path, Dies(), every_steps=every)
    for name, expected in whole.items():
        assert found[name] == expected, name


def test_another_process_goes_on(distiller, start, data, whole, tmp_path):
    begin_anew(distiller, start)
    with pytest.raises(KilledError):
        fit(distiller, data, tmp_path, Dies("batch", 11))
    found = outcome(build(), data, tmp_path, Dies())
    assert found == whole


def test_a_finished_run_does_nothing_more_and_a_longer_one_goes_on(
    distiller, start, data, whole, tmp_path
):
    begin_anew(distiller, start)
    fit(distiller, data, tmp_path, epochs=2)
    forget(distiller)
    history, calls, _ = fit(distiller, data, tmp_path, epochs=2)
    assert history["loss"] == whole["history"]["loss"][:2]
    assert calls == whole["calls"][: len(calls)]
    forget(distiller)
    assert outcome(distiller, data, tmp_path)["calls"] == whole["calls"]


def test_training_that_a_callback_stopped_stays_stopped(distiller, start, data, tmp_path):
    def stopping():
        return keras.callbacks.EarlyStopping("loss", patience=0, min_delta=10.0)

    begin_anew(distiller, start)
    history, *_ = fit(distiller, data, tmp_path, stopping())
    assert len(history["loss"]) == 2
    forget(distiller)
    again, *_ = fit(distiller, data, tmp_path, stopping())
    assert again == history


def test_early_stopping_and_plateaus_end_as_in_a_run_that_was_not_killed(
    distiller, start, data, tmp_path
):
    def patient():
        stopping = keras.callbacks.EarlyStopping(
            "loss", patience=3, min_delta=10.0, restore_best_weights=True
        )
        # Lowers the rate at the end of the third epoch, once.
        plateau = keras.callbacks.ReduceLROnPlateau(
            "loss", factor=0.5, patience=2, min_delta=10.0, cooldown=5
        )
        return stopping, plateau

    begin_anew(distiller, start)
    expected = outcome(distiller, data, tmp_path / "whole", Dies(), *patient(), epochs=6)
    begin_anew(distiller, start)
    with pytest.raises(KilledError):
        fit(distiller, data, tmp_path / "killed", Dies("batch", 10), *patient(), epochs=6)
    forget(distiller)
    found = outcome(distiller, data, tmp_path / "killed", Dies(), *patient(), epochs=6)
    assert len(found["history"]["loss"]) == 4
    assert found == expected


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_step_and_writes_a_checkpoint(
    number, status, distiller, start, data, whole, tmp_path
):
    class Signals(Dies):
        def _die(self, hook):
            self.times -= hook == "batch"
            if self.times == 0:
                os.kill(os.getpid(), number)

    begin_anew(distiller, start)
    with pytest.raises(Interrupted) as stopped:
        fit(distiller, data, tmp_path, Signals(times=2), every_steps=100)
    assert stopped.value.code == status
    assert f"the checkpoint is in {tmp_path / 'run'}" in stopped.value.message
    assert len(list((tmp_path / "run").glob("batch_*"))) == 1
    forget(distiller)
    assert outcome(distiller, data, tmp_path, Dies(), every_steps=100) == whole


def test_a_signal_after_the_last_step_is_not_lost(distiller, start, data, whole, tmp_path):
    class AtTheEnd(keras.callbacks.Callback):
        def on_train_end(self, logs=None):
            signal.raise_signal(signal.SIGTERM)

    begin_anew(distiller, start)
    with pytest.raises(Interrupted) as stopped:
        fit(distiller, data, tmp_path, AtTheEnd(), Dies(), every_steps=100)
    assert stopped.value.code == 143
    forget(distiller)
    assert outcome(distiller, data, tmp_path, Dies(), every_steps=100) == whole


def test_a_signal_to_another_host_ends_the_run_here_too(
    distiller, start, data, tmp_path, monkeypatch
):
    told = iter([[0, 0], [0, 0], [signal.SIGTERM, 0]])
    monkeypatch.setattr("tfaugkd.exact_resume.greatest", lambda strategy, *own: next(told))
    begin_anew(distiller, start)
    with pytest.raises(Interrupted) as stopped:
        fit(distiller, data, tmp_path, every_steps=100)
    assert stopped.value.code == 143
    assert [path.stem for path in (tmp_path / "run").iterdir()] == ["batch_000000000003"]


def test_a_damaged_checkpoint_costs_the_steps_since_the_one_before(
    distiller, start, data, whole, tmp_path, caplog
):
    begin_anew(distiller, start)
    with pytest.raises(KilledError):
        fit(distiller, data, tmp_path, Dies("batch", 8))
    newest = max((tmp_path / "run").glob("batch_*"))
    newest.write_bytes(newest.read_bytes()[:2000])
    forget(distiller)
    with caplog.at_level(logging.INFO, "tfaugkd"):
        assert outcome(distiller, data, tmp_path, Dies()) == whole
    assert "is damaged (" in caplog.text
    assert "Going on after step 6" in caplog.text


def test_steps_that_are_made_at_once_go_on_too(data, tmp_path):
    distiller = build(jit_compile=False, steps_per_execution=2)
    build_metrics(distiller, next(iter(data)))
    start = values_of(changing_variables(distiller))
    expected = outcome(distiller, data, tmp_path / "whole", Dies())
    begin_anew(distiller, start)
    with pytest.raises(KilledError):
        fit(distiller, data, tmp_path / "killed", Dies("batch", 4))
    # The first two steps of the second epoch.
    assert (tmp_path / "killed" / "run" / "batch_000000000006.npz").exists()
    forget(distiller)
    assert outcome(distiller, data, tmp_path / "killed", Dies()) == expected
    resume = [ExactResume(tmp_path / "other")]
    with pytest.raises(InputError, match=r"steps_per_epoch is 5, but must be a multiple of .*\(2"):
        distiller.fit(data, steps_per_epoch=5, callbacks=resume)


def test_two_replicas_go_on_too(tmp_path):
    data = training_batches(sentiment(64), bert(layers=1).preprocessor, 16, LENGTH)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        # XLA would compile a program for each.
        distiller = build(jit_compile=False)
        build_metrics(distiller, next(iter(data)))
    start = values_of(changing_variables(distiller))
    expected = fit(distiller, data, tmp_path / "whole")[0]
    weights = [variable.numpy() for variable in distiller.trainable_variables]
    begin_anew(distiller, start)
    with pytest.raises(KilledError):
        fit(distiller, data, tmp_path / "killed", Dies("batch", 6))
    forget(distiller)
    history, *_ = fit(distiller, data, tmp_path / "killed", Dies())
    assert history == expected
    for one, other in zip(distiller.trainable_variables, weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other)


def test_another_run_is_refused_with_what_differs(distiller, start, data, tmp_path):
    begin_anew(distiller, start)
    fit(distiller, data, tmp_path, epochs=1, made_from={"learning_rate": 0.1})
    with pytest.raises(InputError, match=r"of a run with learning_rate 0\.1, not 0\.2; set that"):
        fit(distiller, data, tmp_path, epochs=1, made_from={"learning_rate": 0.2})
    other = training_batches(sentiment(64, seed=9), bert(layers=1).preprocessor, 8, LENGTH)
    with pytest.raises(InputError, match="of a run with first_batch 'sha256 "):
        fit(distiller, other, tmp_path, epochs=1, made_from={"learning_rate": 0.1})


def test_weights_that_are_no_numbers_are_not_written(distiller, start, data, tmp_path, caplog):
    begin_anew(distiller, start)
    fit(distiller, data, tmp_path, epochs=1)
    before = sorted((tmp_path / "run").iterdir())
    distiller.trainable_variables[0].assign(distiller.trainable_variables[0] * np.nan)
    resume = ExactResume(tmp_path / "run")
    resume.set_model(distiller)
    resume.write()
    assert "No checkpoint is written" in caplog.text
    assert sorted((tmp_path / "run").iterdir()) == before


def test_a_callback_that_forgets_is_named(distiller, start, data, tmp_path, caplog):
    begin_anew(distiller, start)
    fit(distiller, data, tmp_path, keras.callbacks.LambdaCallback(), epochs=1)
    assert "if they remember anything: LambdaCallback; give them get_state and" in caplog.text


@pytest.mark.parametrize(
    "options", [{"every_steps": 0}, {"every_minutes": 0}, {"keep": 0}], ids=str
)
def test_numbers_that_make_no_sense_are_refused(options, tmp_path):
    with pytest.raises(InputError, match="but they must be above 0"):
        ExactResume(tmp_path, **options)


def test_data_in_which_nothing_can_go_on_are_refused(distiller, data, tmp_path):
    resume = ExactResume(tmp_path)
    with pytest.raises(InputError, match="and steps_per_epoch None"):
        distiller.fit(data, callbacks=[resume])
    x, y, _ = next(iter(data))
    with pytest.raises(InputError, match=r"it was given a tuple, 0 arguments"):
        distiller.fit((x, y), steps_per_epoch=1, callbacks=[resume])
