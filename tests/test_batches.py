import keras_hub
import numpy as np
import pytest
import tensorflow as tf
from conftest import LENGTH, WORDS, bert, sentiment, text_of, wordpiece

import tfaugkd.data.inputs
from tfaugkd.augment.augpro import augpro_fgsm, augpro_mix
from tfaugkd.augment.fgsm import FGSM
from tfaugkd.augment.mixup import MixUp
from tfaugkd.data.batches import evaluation_batches, training_batches
from tfaugkd.data.examples import Examples
from tfaugkd.data.inputs import read_inputs
from tfaugkd.data.tokenisation import tokenise
from tfaugkd.errors import InputError

_TOKENS = {}


@pytest.fixture(scope="module")
def preprocessor():
    return keras_hub.models.BertTextClassifierPreprocessor(
        wordpiece(keras_hub.models.BertTokenizer), sequence_length=64
    )


@pytest.fixture(autouse=True)
def tokenise_once(monkeypatch, preprocessor):
    """Has the same texts tokenised once in all of these tests, which takes half a second."""

    def remembered(own, examples, length):
        key = (id(own), length, *examples.text_a)
        if key not in _TOKENS:
            _TOKENS[key] = (own, tokenise(own, examples, length))
        return dict(_TOKENS[key][1])

    monkeypatch.setattr(tfaugkd.data.inputs, "tokenise", remembered)


def numbered(count):
    """Examples whose label is their number, so that an order can be read off."""
    labels = np.arange(count, dtype=np.int32)
    return Examples(["a good film"] * count, None, labels, [str(i) for i in labels], ())


def batches(dataset, count):
    return list(dataset.take(count).as_numpy_iterator())


def same(one, other):
    """Whether two batches are equal, to the last draw."""
    tf.nest.assert_same_structure(one, other)
    return all(
        np.array_equal(a, b)
        for a, b in zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True)
    )


def test_batches_have_static_shapes_and_integers(preprocessor):
    augmentations = [MixUp(alpha=0.4), augpro_fgsm(epsilon=1.0, direction="random")]
    dataset = training_batches(sentiment(20), preprocessor, 16, LENGTH, augmentations)
    x, y, weight = dataset.element_spec
    assert y.shape == (16,)
    assert weight.shape == (16,)
    for name in ("token_ids", "segment_ids", "padding_mask"):
        assert x[name] == tf.TensorSpec((16, LENGTH), tf.int32)
    assert x["draws"]["mixup"]["weight"] == tf.TensorSpec((16,), tf.float32)
    assert x["draws"]["augpro_fgsm"]["seed"] == tf.TensorSpec((16, 2), tf.int32)


def test_batch_n_is_a_function_of_the_seed_and_n(preprocessor):
    augmentations = [MixUp(alpha=0.4), FGSM(direction="random")]

    def stream(seed):
        return training_batches(sentiment(20), preprocessor, 8, LENGTH, augmentations, seed=seed)

    first = batches(stream(3), 5)
    assert all(same(one, other) for one, other in zip(first, batches(stream(3), 5), strict=True))
    assert same(batches(stream(3).skip(3), 1)[0], first[3])
    assert not same(first[0], first[1])
    other = batches(stream(4), 5)
    for one, two in zip(first, other, strict=True):
        for drawn, otherwise in zip(
            tf.nest.flatten(one[0]["draws"]), tf.nest.flatten(two[0]["draws"]), strict=True
        ):
            assert (drawn != otherwise).any()


@pytest.mark.parametrize("count", [8, 12, 40])
def test_every_epoch_sees_each_example_once_in_an_order_of_its_own(preprocessor, count):
    dataset = training_batches(numbered(count), preprocessor, 8, 8, seed=5)
    labels = np.concatenate([y for _, y, _ in batches(dataset, 3 * count // 8 + 1)])
    epochs = labels[: 3 * count].reshape(3, count)
    assert (np.sort(epochs, axis=1) == np.arange(count)).all()
    assert len({epoch.tobytes() for epoch in epochs}) == 3


def test_an_example_comes_with_its_own_label_and_weight(preprocessor):
    examples = sentiment(20)
    weights = np.arange(20) / 7
    dataset = training_batches(examples, preprocessor, 8, LENGTH, sample_weight=weights)
    tokens = tokenise(preprocessor, examples, LENGTH)["token_ids"]
    numbers = []
    for x, y, weight in batches(dataset, 5):
        found = np.round(weight * 7).astype(int)
        numbers += list(found)
        assert y.tolist() == examples.labels[found].tolist()
        assert x["token_ids"].tolist() == tokens[found].tolist()
    assert sorted(numbers) == sorted([*range(20)] * 2)


def test_batches_of_similar_lengths_hold_each_example_once_an_epoch(preprocessor):
    texts = ["a " * (1 + i % 9) for i in range(32)]
    examples = Examples(texts, None, np.arange(32, dtype=np.int32), list(map(str, range(32))), ())
    dataset = training_batches(examples, preprocessor, 8, LENGTH, seed=2, length_window=4)
    found = batches(dataset, 8)
    for epoch in (found[:4], found[4:]):
        assert sorted(np.concatenate([y for _, y, _ in epoch])) == list(range(32))
    lengths = [x["padding_mask"].sum(axis=1) for x, _, _ in found]
    # Sorted, 32 texts of 9 lengths fall into batches of two or three lengths.
    assert max(np.ptp(length) for length in lengths) <= 3
    assert same(batches(dataset.skip(5), 1)[0], found[5])


def test_nothing_sleeps_beside_a_fit_and_holds_its_end_up(preprocessor):
    batches = training_batches(sentiment(16), preprocessor, 8, LENGTH).skip(3)
    assert batches.options().autotune.enabled is False
    assert batches.prefetch(1).options().autotune.enabled is False


def test_weights_are_one_if_not_given(preprocessor):
    ((_, _, weight),) = batches(training_batches(sentiment(8), preprocessor, 8, LENGTH), 1)
    assert weight.tolist() == [1.0] * 8


def test_another_augmentation_changes_nothing_of_the_first_ones_draws(preprocessor):
    def stream(*augmentations):
        return batches(training_batches(sentiment(20), preprocessor, 8, LENGTH, augmentations), 3)

    alone = stream(MixUp(alpha=0.4))
    beside = stream(FGSM(direction="random"), augpro_mix(alpha=0.4, rotation=2), MixUp(alpha=0.4))
    for one, two in zip(alone, beside, strict=True):
        assert same(one[0]["draws"]["mixup"], two[0]["draws"]["mixup"])
        assert (one[0]["token_ids"] == two[0]["token_ids"]).all()
        drawn = two[0]["draws"]
        assert (drawn["mixup"]["weight"] != drawn["augpro_mix"]["weight"]).all()


def test_methods_without_draws_leave_none(preprocessor):
    methods = [augpro_mix(), MixUp(), FGSM()]
    dataset = training_batches(sentiment(8), preprocessor, 8, LENGTH, methods)
    assert "draws" not in dataset.element_spec[0]


def test_a_teacher_of_another_vocabulary_gets_the_same_texts_in_its_own_tokens(preprocessor):
    backwards = [*WORDS[:7], *WORDS[:6:-1]]
    teacher = bert(layers=1, words=backwards).preprocessor
    x, _, _ = batches(training_batches(sentiment(8), preprocessor, 8, 10, teacher=teacher), 1)[0]
    ours = [text_of(row) for row in x["token_ids"]]
    theirs = [
        " ".join(backwards[i] for i in row).rstrip(" [PAD]") for row in x["teacher"]["token_ids"]
    ]
    assert [text.rstrip(" [PAD]") for text in ours] == theirs
    assert (x["token_ids"] != x["teacher"]["token_ids"]).any()
    inputs = read_inputs(x)
    assert inputs.teacher.token_ids.numpy().tolist() == x["teacher"]["token_ids"].tolist()
    evaluated = evaluation_batches(sentiment(8), preprocessor, 8, 10, teacher)
    assert evaluated.element_spec[0]["teacher"]["token_ids"].shape == (8, 10)


def test_with_one_vocabulary_both_models_read_the_same():
    x = {"token_ids": tf.ones([2, 3], tf.int64), "padding_mask": tf.ones([2, 3], tf.bool)}
    inputs = read_inputs(x)
    assert inputs.teacher is inputs.student
    assert inputs.draws == {}
    assert all(part.dtype == tf.int32 for part in inputs.student[:3])
    assert inputs.student.protected is None
    assert not inputs.student.segment_ids.numpy().any()


def test_evaluation_goes_in_order_and_fills_the_last_batch_without_weight(preprocessor):
    examples = sentiment(21)
    found = batches(evaluation_batches(examples, preprocessor, 8, LENGTH), 9)
    assert [x["token_ids"].shape for x, _, _ in found] == [(8, LENGTH)] * 3
    weights = np.concatenate([weight for _, _, weight in found])
    assert weights.tolist() == [1.0] * 21 + [0.0] * 3
    labels = np.concatenate([y for _, y, _ in found])
    assert labels[:21].tolist() == examples.labels.tolist()
    tokens = np.concatenate([x["token_ids"] for x, _, _ in found])
    expected = tokenise(preprocessor, examples, LENGTH)["token_ids"]
    assert tokens[:21].tolist() == expected.tolist()
    assert tokens[21:].tolist() == [expected[0].tolist()] * 3


def test_fewer_examples_than_a_batch_can_be_evaluated(preprocessor):
    ((_, _, weight),) = batches(evaluation_batches(sentiment(3), preprocessor, 8, LENGTH), 9)
    assert weight.tolist() == [1.0] * 3 + [0.0] * 5


def test_texts_without_labels_and_odd_batches_are_refused(preprocessor):
    unlabelled = Examples(["a film"] * 8, None, None, list("12345678"), ("bad", "good"))
    with pytest.raises(InputError, match="needs labels"):
        training_batches(unlabelled, preprocessor, 8)
    with pytest.raises(InputError, match="needs labels"):
        evaluation_batches(unlabelled, preprocessor, 8)
    with pytest.raises(InputError, match="12, but must be a multiple of 8"):
        training_batches(sentiment(8), preprocessor, 12)


def test_texts_without_labels_are_batched_if_labels_are_not_required(preprocessor):
    unlabelled = Examples(["a film"] * 8)
    dataset = training_batches(unlabelled, preprocessor, 8, LENGTH, labels_required=False)
    ((_, y, _),) = batches(dataset, 1)
    assert np.isnan(y).all()
    none = Examples(["a film"] * 8, labels=np.full(8, -1, np.int32))
    with pytest.raises(InputError, match="set labels_required=False"):
        training_batches(none, preprocessor, 8)


def test_a_batch_of_unknown_size_is_refused():
    spec = tf.TensorSpec([None, LENGTH], tf.int32)

    def read(token_ids):
        return read_inputs({"token_ids": token_ids, "padding_mask": token_ids}).student

    with pytest.raises(InputError, match="drop_remainder=True"):
        tf.function(read, autograph=False).get_concrete_function(spec)
