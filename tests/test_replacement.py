import numpy as np
import pytest
import tensorflow as tf
from conftest import WORDS, clean, text_of, tokens_of

from tfaugkd.augment.randomness import example_seeds, random_numbers
from tfaugkd.augment.replacement import chosen, other_words, views_of

HALF = 2**30


def test_choice_by_hand():
    # 4 tokens of text, of which 2 can be replaced: a quarter of the text is half of them.
    is_text = tf.constant([[False, True, True, True, True, False]])
    able = tf.constant([[False, True, False, False, True, False]])
    numbers = tf.constant([[0, HALF - 128, 0, 0, HALF, 0]])
    assert chosen(numbers, is_text, able, 0.25).numpy().tolist() == [
        [False, True, False, False, False, False]
    ]


def test_where_too_few_can_be_replaced_all_of_them_are():
    is_text, able = tf.constant([[True] * 10]), tf.constant([[True] * 2 + [False] * 8])
    numbers = tf.fill([1, 10], 2**31 - 1)
    assert chosen(numbers, is_text, able, 0.3).numpy().sum() == 2


def test_no_text_is_no_choice_and_share_zero_chooses_nothing():
    nothing, everything = tf.zeros([2, 5], tf.bool), tf.ones([2, 5], tf.bool)
    numbers = tf.zeros([2, 5], tf.int32)
    assert not chosen(numbers, nothing, nothing, 0.5).numpy().any()
    assert not chosen(numbers, everything, everything, 0.0).numpy().any()
    assert chosen(numbers + 2**31 - 1, everything, everything, 1.0).numpy().all()


def test_other_words_are_all_words_but_the_token_itself(student):
    vocabulary = student.vocabulary
    good, piece = WORDS.index("good"), WORDS.index("##ly")
    ids = tf.constant([[good] * 2000, [piece] * 2000])
    numbers = random_numbers(example_seeds(tf.constant([1, 2]), 2), (2000,))
    found = other_words(vocabulary, ids, numbers).numpy()
    words = set(np.flatnonzero(vocabulary.whole_word))
    assert set(found[0]) == words - {good}
    assert set(found[1]) == words
    counts = np.bincount(found[1])[sorted(words)]
    expected = 2000 / len(words)
    assert np.abs(counts - expected).max() < 4 * np.sqrt(expected)


def test_other_words_by_hand(student):
    first, second = WORDS.index("good"), WORDS.index("great")
    found = other_words(student.vocabulary, tf.constant([[first, second]]), tf.constant([[0, 0]]))
    assert found.numpy().tolist() == [[second, first]]


def test_the_degree_counts_what_has_changed(student):
    batch = clean(tokens_of("[CLS] good film un ##ly [SEP]", "[CLS] [SEP]"))
    where = tf.constant([[False, True, True] + [False] * 9, [False] * 12])
    others = tf.fill([2, 12], WORDS.index("bad"))
    views = views_of(batch, student.vocabulary, where, others)
    assert text_of(views.student.token_ids[0]) == "[CLS] bad bad un ##ly [SEP]"
    assert views.degree.numpy() == pytest.approx([0.5, 0.0])
    assert views.targets is batch.targets
    assert views.teacher is views.student
