import numpy as np
import pytest
from conftest import LENGTH, bert, sentiment

from tfaugkd import stored_logits as module
from tfaugkd.classifier import SplitClassifier
from tfaugkd.data.examples import Examples
from tfaugkd.folders import cache_folder
from tfaugkd.prediction import predict_logits
from tfaugkd.stored_logits import stored_logits

TEXTS = sentiment(12)


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture(scope="module")
def teacher():
    return SplitClassifier(bert(layers=1, seed=1))


@pytest.fixture
def asked(monkeypatch):
    """Counts the texts that the teacher is asked about."""
    counts = []

    def counted(model, examples, sequence_length):
        counts.append(len(examples))
        return predict_logits(model, examples, sequence_length)

    monkeypatch.setattr(module, "predict_logits", counted)
    return counts


def test_answers_are_the_teachers_and_are_asked_for_once(teacher, asked):
    expected = predict_logits(teacher, TEXTS, LENGTH)
    distinct = len(set(TEXTS.text_a))
    for _ in range(2):
        np.testing.assert_array_equal(stored_logits(teacher, TEXTS, LENGTH), expected)
    assert asked == [distinct]


def test_rows_do_not_matter_and_only_new_texts_are_asked_about(teacher, asked):
    stored_logits(teacher, TEXTS.take(np.arange(4)), LENGTH)
    before = len({*TEXTS.text_a[:4]})
    backwards = TEXTS.take(np.arange(12)[::-1])
    found = stored_logits(teacher, backwards, LENGTH)
    expected = predict_logits(teacher, backwards, LENGTH)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert asked == [before, len(set(TEXTS.text_a)) - before]


def test_another_teacher_another_length_and_a_pair_are_asked_anew(teacher, asked):
    one = TEXTS.take(np.arange(1))
    stored_logits(teacher, one, LENGTH)
    stored_logits(SplitClassifier(bert(layers=1, seed=2)), one, LENGTH)
    stored_logits(teacher, one, LENGTH - 2)
    pair = Examples(one.text_a, ["bad"], one.labels, one.ids, one.label_names)
    stored_logits(teacher, pair, LENGTH)
    assert asked == [1, 1, 1, 1]


def test_the_same_teacher_loaded_again_is_known(teacher, asked):
    one = TEXTS.take(np.arange(1))
    stored_logits(teacher, one, LENGTH)
    stored_logits(SplitClassifier(bert(layers=1, seed=1)), one, LENGTH)
    assert asked == [1]


@pytest.mark.parametrize("damage", [{"texts": np.zeros([2, 32], np.uint8)}, {"logits": []}])
def test_a_cache_that_does_not_fit_is_not_read(teacher, asked, damage):
    one = TEXTS.take(np.arange(1))
    expected = stored_logits(teacher, one, LENGTH)
    (path,) = cache_folder().iterdir()
    with np.load(path) as arrays:
        np.savez(path, **(dict(arrays) | damage))
    np.testing.assert_array_equal(stored_logits(teacher, one, LENGTH), expected)
    assert asked == [1, 1]
