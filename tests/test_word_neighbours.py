import keras_hub
import numpy as np
import pytest
import tensorflow as tf
from conftest import WORDS, byte_pairs, wordpiece

from tfaugkd.word_neighbours import WordNeighbours


def table(**rows):
    """A table of width 3 in which all other words point away from these."""
    found = np.tile(np.array([-1.0, -1.0, -1.0], np.float32), (len(WORDS) + 2, 1))
    for word, row in rows.items():
        found[WORDS.index(word.replace("_", "##"))] = row
    return tf.constant(found)


@pytest.fixture(scope="module")
def tokenizer():
    return wordpiece(keras_hub.models.BertTokenizer)


def test_words_are_tokens_of_letters_that_begin_a_word(tokenizer):
    found = WordNeighbours(tokenizer, table())
    assert list(found.words.values()) == [
        *(word for word in WORDS if word.isalpha() and len(word) > 1)
    ]
    assert [WORDS[i] for i in np.flatnonzero(found.is_word)] == list(found.words.values())


def test_the_nearest_by_cosine_come_first_and_the_word_itself_never(tokenizer):
    # Cosines to "good": great 0.8, fun 0.6 and, though it is the longest, happy 0.
    rows = {"good": [1, 0, 0], "great": [0.8, 0.6, 0], "fun": [6, 8, 0], "happy": [0, 0, 9]}
    found = WordNeighbours(tokenizer, table(**rows))
    assert found.nearest(["good", "fun"], 2) == [["great", "fun"], ["great", "good"]]
    assert found.nearest(["good"], 3) == [["great", "fun", "happy"]]


def test_of_equally_near_words_the_lowest_token_comes_first(tokenizer):
    rows = {"good": [1, 0, 0], "sad": [2, 0, 0], "bad": [3, 0, 0]}
    assert WordNeighbours(tokenizer, table(**rows)).nearest(["good"], 2) == [["bad", "sad"]]


def test_a_word_of_several_tokens_stands_at_the_mean_of_theirs(tokenizer):
    # The mean of "un" and "##likely", both at length 1, points to [1, 1, 0].
    rows = {"un": [5, 0, 0], "_likely": [0, 1, 0], "film": [1, 1, 0], "plot": [1, 0, 0.9]}
    found = WordNeighbours(tokenizer, table(**rows))
    assert found.pieces(["unlikely", "film"]) == [
        [WORDS.index("un"), WORDS.index("##likely")],
        [WORDS.index("film")],
    ]
    (near,) = found.nearest(["unlikely"], 2)
    assert near == ["film", "un"]


def test_an_unknown_word_has_no_neighbours(tokenizer):
    assert WordNeighbours(tokenizer, table()).nearest(["zebra", "good"], 1)[0] == []
    assert WordNeighbours(tokenizer, table()).nearest([], 1) == []


def test_fewer_words_than_asked_for_are_all_of_them_but_itself(tokenizer):
    found = WordNeighbours(tokenizer, table())
    (near,) = found.nearest(["good"], 1000)
    assert sorted([*near, "good"]) == sorted(found.words.values())


def test_byte_pairs_are_words_with_the_space_before_them():
    vocabulary, merges = byte_pairs()
    tokenizer = keras_hub.models.RobertaTokenizer(vocabulary=vocabulary, merges=merges)
    rows = np.random.default_rng(0).normal(size=(len(vocabulary), 4)).astype(np.float32)
    found = WordNeighbours(tokenizer, tf.constant(rows))
    assert sorted(found.words.values()) == ["bad", "film", "good"]
    (near,) = found.nearest(["good"], 5)
    assert sorted(near) == ["bad", "film"]
