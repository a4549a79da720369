from dataclasses import replace

import numpy as np
import pytest
from conftest import bert, sentiment, store

from tfaugkd.fingerprint import texts_fingerprint


@pytest.fixture(scope="module")
def texts():
    labels = sentiment(40).labels.copy()
    labels[[3, 17]] = -1
    return replace(sentiment(40), labels=labels)


@pytest.fixture(scope="module")
def prepared(texts, tmp_path_factory):
    return store(tmp_path_factory.mktemp("prepared"), texts, bert(layers=1))


def same(one, other):
    assert len(one) == len(other)
    found = one.examples()
    assert (found.text_a, found.ids) == (other.text_a, other.ids)
    for name in ("labels", "labelled"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        np.testing.assert_array_equal(getattr(found, name), getattr(other, name))
    assert one.pair == other.pair
    assert one.label_names == found.label_names == other.label_names


def test_they_are_picked_and_shuffled_as_in_memory(prepared, texts):
    same(prepared, texts)
    same(prepared.take([7, 3, 39, 7]), texts.take([7, 3, 39, 7]))
    same(prepared.shuffled(5), texts.shuffled(5))
    some = np.flatnonzero(texts.labelled)
    same(prepared.shuffled(5).take(some).shuffled(6), texts.shuffled(5).take(some).shuffled(6))


def test_labels_can_be_withheld(prepared):
    without = prepared.without_labels()
    assert without.labels is None
    assert not without.labelled.any()
    assert len(without) == 40


def test_stored_answers_are_those_of_one_teacher(texts, tmp_path):
    prepared = store(tmp_path, texts, bert(layers=1), logits=np.zeros((40, 2)), answered_by="one")
    assert prepared.answered_by("one").answered
    assert not prepared.answered_by("other").answered


def test_fingerprints_tell_parts_and_texts_apart(prepared, texts, tmp_path):
    found = {
        texts_fingerprint(each)
        for each in (
            prepared,
            prepared.take(range(20)),
            prepared.shuffled(0),
            prepared.without_labels(),
            store(tmp_path, texts.take(range(39)), bert(layers=1)),
        )
    }
    assert len(found) == 5
    assert texts_fingerprint(prepared.shuffled(0)) in found
