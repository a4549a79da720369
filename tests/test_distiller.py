import warnings

import keras
import keras_hub
import numpy as np
import pytest
from conftest import (
    LENGTH,
    bert,
    classified,
    sentiment,
)
from scipy.special import log_softmax, softmax
from test_step import LABELS_ONLY, METHODS, eager, fresh

from tfaugkd.augment.augpro import TIERS
from tfaugkd.data.batches import evaluation_batches, training_batches
from tfaugkd.data.inputs import read_inputs
from tfaugkd.distiller import Distiller


@pytest.fixture(scope="module")
def learnt():
    """A teacher that has been fine-tuned on sixty-four texts, and the history of that."""
    keras.utils.set_random_seed(0)
    teacher = bert(layers=2, seed=1, scale=0.2)
    distiller = Distiller(None, teacher, LABELS_ONLY)
    distiller.compile(keras.optimizers.Adam(0.01), weighted_metrics=["accuracy"])
    data = training_batches(sentiment(64), teacher.preprocessor, 8, LENGTH)
    return teacher, distiller.fit(data, epochs=4, steps_per_epoch=40, verbose=0).history


@pytest.fixture(scope="module")
def unseen(learnt):
    """Sixty other texts; the last batch of 8 is not full."""
    return evaluation_batches(sentiment(60, seed=9), learnt[0].preprocessor, 8, LENGTH)


def test_a_teacher_learns_from_labels(learnt):
    history = learnt[1]
    assert history.keys() == {"loss", "student_loss", "accuracy"}
    assert history["loss"][-1] < 0.1 < history["loss"][0]
    assert history["accuracy"][-1] > 0.95


class Watcher(keras.callbacks.Callback):
    """Counts what Keras calls, and keeps what it is told."""

    def __init__(self):
        super().__init__()
        self.batches, self.epochs = [], []

    def on_train_batch_end(self, batch, logs=None):
        self.batches.append(dict(logs))

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(dict(logs))


@pytest.fixture(scope="module", params=["KD", "augpro_mix+augpro_fgsm"])
def taught(request, learnt, unseen, tmp_path_factory):
    """A student that has been distilled with Keras' own callbacks about."""
    names = request.param.split("+") if request.param != "KD" else []
    methods = [METHODS[name] for name in names]
    student = fresh(scale=0.2)
    distiller = Distiller(learnt[0], student, augmentations=methods)
    distiller.compile(keras.optimizers.Adam(0.01), weighted_metrics=["accuracy"])
    data = training_batches(sentiment(64), student.preprocessor, 8, LENGTH, methods)
    path = tmp_path_factory.mktemp("checkpoints") / "best.keras"
    checkpoint = keras.callbacks.ModelCheckpoint(
        str(path), monitor="val_accuracy", mode="max", save_best_only=True
    )
    watcher = Watcher()
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        history = distiller.fit(
            data,
            epochs=3,
            steps_per_epoch=40,
            validation_data=unseen,
            callbacks=[checkpoint, watcher],
            verbose=0,
        ).history
    return distiller, names, history, watcher, path


def test_a_student_learns(taught):
    _, _, history, _, _ = taught
    assert history["loss"][-1] < history["loss"][0] / 5
    assert history["distillation_loss"][-1] < history["distillation_loss"][0] / 5
    assert history["accuracy"][-1] > 0.9
    assert history["val_accuracy"][-1] > 0.9


def test_every_term_is_in_the_history(taught):
    _, names, history, _, _ = taught
    clean = {"loss", "student_loss", "distillation_loss", "accuracy"}
    augmented = {f"{name}_{term}" for name in names for term in ("distillation_loss", "degree")}
    augmented |= {f"{name}_{tier}" for name in names if name == "augpro_mix" for tier in TIERS}
    assert history.keys() == clean | augmented | {f"val_{name}" for name in clean}
    for name in names:
        assert all(0.05 < degree < 0.95 for degree in history[f"{name}_degree"])
        assert history[f"{name}_distillation_loss"][-1] < history[f"{name}_distillation_loss"][0]


def test_the_loss_is_the_sum_of_its_terms(taught):
    _, names, history, _, _ = taught
    terms = ["student_loss", "distillation_loss", *(f"{name}_distillation_loss" for name in names)]
    total = np.sum([history[term] for term in terms], axis=0)
    assert history["loss"] == pytest.approx(total, rel=1e-4)


def test_callbacks_are_called_with_the_logs(taught):
    _, _, history, watcher, _ = taught
    assert len(watcher.batches) == 120
    assert len(watcher.epochs) == 3
    assert watcher.epochs[1]["loss"] == history["loss"][1]
    assert watcher.batches[-1].keys() == {name for name in history if not name.startswith("val_")}


def test_a_checkpoint_holds_the_student_alone(taught, unseen):
    distiller, _, history, _, path = taught
    loaded = keras.saving.load_model(str(path), compile=False)
    assert isinstance(loaded, keras_hub.models.BertTextClassifier)
    assert loaded.count_params() == distiller.student.parameter_count
    right = [
        (np.argmax(classified(loaded, read_inputs(x).student), -1) == y.numpy())[weight == 1]
        for x, y, weight in unseen
    ]
    assert np.concatenate(right).mean() == pytest.approx(max(history["val_accuracy"]))


def test_evaluation_is_exact_on_a_split_whose_last_batch_is_filled(taught, unseen):
    distiller, _, history, _, _ = taught
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        found = distiller.evaluate(unseen, verbose=0, return_dict=True)
    batches = list(unseen)
    weight = np.concatenate([w for *_, w in batches])
    assert weight.sum() == 60
    labels = np.concatenate([y for _, y, _ in batches])[weight == 1]
    ours, theirs = (
        np.concatenate([classified(model, read_inputs(x).student) for x, *_ in batches])[
            weight == 1
        ]
        for model in (distiller.student_classifier, distiller.teacher.classifier)
    )
    hard = -log_softmax(ours, -1)[np.arange(60), labels].mean()
    soft = ((ours - theirs) ** 2).mean()
    assert found.keys() == {"loss", "student_loss", "distillation_loss", "accuracy"}
    assert found["accuracy"] == pytest.approx((ours.argmax(-1) == labels).mean())
    assert found["student_loss"] == pytest.approx(hard, rel=1e-3, abs=1e-5)
    assert found["distillation_loss"] == pytest.approx(soft, rel=1e-3, abs=1e-5)
    assert found["loss"] == pytest.approx(hard + soft, rel=1e-3, abs=1e-5)
    assert history["val_loss"][-1] == pytest.approx(found["loss"], rel=1e-3, abs=1e-5)


def test_predictions_are_the_students_logits(taught, unseen):
    distiller, _, _, _, _ = taught
    found = distiller.predict(unseen, verbose=0)
    expected = [
        classified(distiller.student_classifier, read_inputs(x).student) for x, *_ in unseen
    ]
    assert found == pytest.approx(np.concatenate(expected), abs=1e-4)
    assert softmax(found, -1).shape == (64, 2)


def test_one_seed_gives_one_run(learnt):
    methods = [METHODS["mixkd"]]

    def run(seed):
        keras.utils.set_random_seed(seed)
        student = bert(layers=1, seed=2, dropout=0.1)
        distiller = eager(learnt[0], student, methods=methods)
        data = training_batches(sentiment(24), student.preprocessor, 8, LENGTH, methods, seed=seed)
        history = distiller.fit(data, epochs=1, steps_per_epoch=2, verbose=0).history
        return history, student.get_weights()

    (first, weights), (again, same_weights), (other, _) = run(5), run(5), run(6)
    assert first == again
    assert all(np.array_equal(*pair) for pair in zip(weights, same_weights, strict=True))
    assert all(other[name] != values for name, values in first.items())


def test_xla_goes_the_same_way_from_the_same_state_with_dropout_on(learnt):
    student = fresh(dropout=0.1)
    distiller = Distiller(learnt[0], student)
    distiller.compile(keras.optimizers.Adam(0.01))
    data = training_batches(sentiment(24), student.preprocessor, 8, LENGTH)
    state = [*distiller.variables, *distiller.optimizer.variables]
    start = [variable.numpy() for variable in state]

    def run():
        for variable, value in zip(state, start, strict=True):
            variable.assign(value)
        history = distiller.fit(data, epochs=2, steps_per_epoch=2, verbose=0).history
        return history["loss"], student.get_weights()

    (losses, weights), (again, same_weights) = run(), run()
    assert losses == again
    assert losses[0] != losses[1]
    assert all(np.array_equal(*pair) for pair in zip(weights, same_weights, strict=True))


def test_several_steps_can_be_run_between_two_returns_to_python(learnt):
    student = fresh()
    data = training_batches(sentiment(24), student.preprocessor, 8, LENGTH)
    runs = []
    for options in ({"run_eagerly": True}, {"jit_compile": False, "steps_per_execution": 3}):
        distiller = Distiller(learnt[0], fresh())
        distiller.compile(keras.optimizers.SGD(0.05), **options)
        runs.append(distiller.fit(data, epochs=1, steps_per_epoch=6, verbose=0).history)
    assert runs[0]["loss"] == pytest.approx(runs[1]["loss"], rel=1e-4)
