import gc
import weakref
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import LENGTH, bert, sentiment
from every_method import with_variants

from tfaugkd.audit import audit
from tfaugkd.classifier import SplitClassifier
from tfaugkd.config import DeepDistillation, Objective
from tfaugkd.data.batches import evaluation_batches, training_batches
from tfaugkd.distiller import Distiller
from tfaugkd.errors import InputError
from tfaugkd.optimizer import build_optimizer
from tfaugkd.replicas import check_batch_size
from tfaugkd.train_config import TrainConfig

OBJECTIVE = Objective(distance="kl", temperature=2.0, deep=DeepDistillation(hidden=0.5))
# The norm of the whole gradient is above 1, that of most replicas' parts is below.
TRAIN = TrainConfig(steps=2, batch_size=32, learning_rate=0.01, warmup=0.5, clip_norm=1.0)


def replicas(count):
    if count == 1:
        return tf.distribute.get_strategy()
    devices = [f"CPU:{i}" for i in range(count)]
    # Several strategies in one process would get into each other's collective operations.
    return tf.distribute.MirroredStrategy(devices, tf.distribute.ReductionToOneDevice())


def examples():
    """Texts of which more labels are withheld on one replica than on another."""
    some = sentiment(96)
    return replace(some, labels=np.where(np.arange(96) % 3 > 0, some.labels, -1))


def trained(count, methods, optimizer=None, **options):
    """Trains on a number of replicas for two steps; gives the history and the distiller."""
    with replicas(count).scope():
        student = bert(layers=1, seed=2)
        distiller = Distiller(bert(layers=2, seed=1), student, OBJECTIVE, methods)
        distiller.compile(
            optimizer() if optimizer else build_optimizer(TRAIN),
            weighted_metrics=["accuracy"],
            **{"jit_compile": False} | options,
        )
    data = training_batches(
        examples(),
        student.preprocessor,
        32,
        LENGTH,
        methods,
        sample_weight=np.linspace(0.5, 2.0, 96),
        length_window=3 if "length_buckets" in options else 1,
    )
    history = distiller.fit(data, epochs=1, steps_per_epoch=TRAIN.steps, verbose=0).history
    return history, distiller


def weights_of(distiller):
    """The student's weights by path, without those that no output depends on.

    A bias of all keys adds the same to every score of a softmax. Its gradient is zero but for
    rounding, of which AdamW makes steps of full size.
    """
    classifier = distiller.student_classifier
    found = {weight.path: weight.numpy() for weight in classifier.trainable_variables}
    return {path: value for path, value in found.items() if not path.endswith("key/bias")}


def assert_same(one, other):
    (history, distiller), (other_history, other_distiller) = one, other
    assert history.keys() == other_history.keys()
    for name, values in history.items():
        assert other_history[name] == pytest.approx(values, rel=2e-4, abs=1e-6), name
    found = weights_of(other_distiller)
    for path, value in weights_of(distiller).items():
        assert found[path] == pytest.approx(value, rel=1e-3, abs=1e-4), path


@pytest.fixture(scope="module")
def methods(tmp_path_factory):
    return list(with_variants(tmp_path_factory.mktemp("variants"), examples()).values())


@pytest.fixture(scope="module")
def by_one(methods):
    # Operation by operation: so many methods take longer to compile than to run.
    return trained(1, methods, run_eagerly=True)


@pytest.mark.parametrize("count", [2, 4])
def test_all_methods_together_go_the_way_of_one_replica(count, methods, by_one):
    assert_same(by_one, trained(count, methods, run_eagerly=True))


def test_the_step_is_compiled_on_each_replica(methods):
    some = [method for method in methods if method.name in ("mixkd", "fgsm_random")]
    alone = trained(1, some, run_eagerly=True)
    assert_same(alone, trained(2, some, jit_compile=True))


def test_replicas_cut_a_batch_to_one_length(methods):
    # Random signs of another length are other signs.
    some = [method for method in methods if method.name == "fgsm_random"]
    options = {"length_buckets": [8], "run_eagerly": True}
    assert_same(trained(1, some, **options), trained(2, some, **options))


def test_the_gradient_is_clipped_as_a_whole():
    def optimizer():
        return keras.optimizers.SGD(1.0, global_clipnorm=0.5)

    runs = {}
    for count in (1, 2):
        _, distiller = trained(count, [], optimizer, run_eagerly=True)
        runs[count] = weights_of(distiller)
    before = weights_of_student(bert(layers=1, seed=2))
    moved = np.sqrt(sum(((runs[1][path] - before[path]) ** 2).sum() for path in before))
    # Two steps of length 0.5: both were clipped, else the two would agree by themselves.
    assert 0.5 < moved <= 1.0
    for path, value in runs[1].items():
        assert runs[2][path] == pytest.approx(value, rel=1e-4, abs=1e-5), path


def weights_of_student(classifier):
    found = {weight.path: weight.numpy() for weight in classifier.trainable_variables}
    return {path: value for path, value in found.items() if not path.endswith("key/bias")}


@pytest.mark.parametrize("count", [2, 4])
def test_evaluation_is_exact_where_replicas_hold_different_weights(count):
    # Of the last 16 rows 12 are filling, which one replica has and another has not.
    data = evaluation_batches(sentiment(36), bert(layers=1).preprocessor, 16, LENGTH)
    found = []
    for number in (1, count):
        with replicas(number).scope():
            distiller = Distiller(bert(layers=2, seed=1), bert(layers=1, seed=2))
            distiller.compile("sgd", weighted_metrics=["accuracy"], run_eagerly=True)
        found.append(distiller.evaluate(data, verbose=0, return_dict=True))
    assert found[0].keys() == {"loss", "student_loss", "distillation_loss", "accuracy"}
    assert found[1] == pytest.approx(found[0], rel=1e-5)


def test_validation_is_as_exact():
    histories = []
    for number in (1, 2):
        with replicas(number).scope():
            student = bert(layers=1, seed=2)
            distiller = Distiller(bert(layers=2, seed=1), student)
            distiller.compile("sgd", weighted_metrics=["accuracy"], run_eagerly=True)
        data = training_batches(sentiment(36), student.preprocessor, 16, LENGTH)
        dev = evaluation_batches(sentiment(36), student.preprocessor, 16, LENGTH)
        fitted = distiller.fit(data, steps_per_epoch=1, validation_data=dev, verbose=0)
        histories.append({name: values[0] for name, values in fitted.history.items()})
    assert "val_accuracy" in histories[0]
    assert histories[1] == pytest.approx(histories[0], rel=1e-4)


@pytest.mark.parametrize(
    ("size", "replicas", "block", "sentence"),
    [
        (24, 2, 8, "16 for 2 replicas, 8 each; the nearest is 16 or 32."),
        (8, 4, 8, "32 for 4 replicas, 8 each; the nearest is 32."),
        (12, 1, 8, "8 for 1 replica, 8 each; the nearest is 8 or 16."),
        (3, 2, 1, "2 for 2 replicas; the nearest is 2 or 4."),
    ],
)
def test_a_batch_that_does_not_part_is_refused_with_the_nearest(size, replicas, block, sentence):
    with pytest.raises(InputError) as refused:
        check_batch_size("train.batch_size", size, replicas, block)
    assert str(refused.value) == f"train.batch_size is {size}, but must be a multiple of {sentence}"


def test_batches_that_part_are_taken():
    check_batch_size("train.batch_size", 32, 4)
    check_batch_size("The batch size", 6, 2, block=1)


def test_fit_and_evaluate_refuse_such_batches():
    with replicas(2).scope():
        student = bert(layers=1, seed=2)
        distiller = Distiller(bert(layers=1, seed=1), student)
        distiller.compile("sgd", run_eagerly=True)
    data = training_batches(sentiment(24), student.preprocessor, 24, LENGTH)
    with pytest.raises(InputError, match=r"^The batch size is 24, .* nearest is 16 or 32\.$"):
        distiller.fit(data, steps_per_epoch=1)
    dev = evaluation_batches(sentiment(9), student.preprocessor, 9, LENGTH)
    with pytest.raises(InputError, match=r"^The batch size is 9, .* nearest is 8 or 10\.$"):
        distiller.evaluate(dev)


def test_replicas_leave_the_memory_with_their_weights():
    _, distiller = trained(2, [])
    weights = weakref.ref(distiller.student.table)
    assert isinstance(distiller.student, SplitClassifier)
    del distiller
    gc.collect()
    assert weights() is None


def test_a_batch_is_looked_at_whole_before_replicas_train(methods):
    some = [method for method in methods if method.name in ("fgsm", "augpro_fgsm")]
    looked_at = []
    for count in (1, 2):
        with replicas(count).scope():
            student = bert(layers=1, seed=2)
            distiller = Distiller(bert(layers=2, seed=1), student, OBJECTIVE, some)
            distiller.compile("sgd", run_eagerly=True)
            data = training_batches(examples(), student.preprocessor, 16, LENGTH, some)
            looked_at.append(
                (audit(distiller, data, batches=1), distiller.clean_batch(*next(iter(data))[:2])[0])
            )
    (found, batch), (same, other) = looked_at
    assert same == found
    assert other.clean_gradients.numpy() == pytest.approx(
        batch.clean_gradients.numpy(), rel=1e-4, abs=1e-7
    )
