import numpy as np
import pytest
import tensorflow as tf

from tfaugkd.augment.candidates import candidates_of, prepared_candidates
from tfaugkd.augment.randomness import example_seeds, random_numbers
from tfaugkd.errors import InputError


def test_a_table_of_lists_of_different_lengths():
    table = candidates_of({1: [4, 5, 6], 3: [2]}, size=5)
    assert table.ids.numpy().tolist() == [[0, 0, 0], [4, 5, 6], [0, 0, 0], [2, 0, 0], [0, 0, 0]]
    assert table.counts.numpy().tolist() == [0, 3, 0, 1, 0]


def test_a_table_of_nothing():
    table = candidates_of({}, size=3)
    assert table.ids.shape == (3, 1)
    assert not table.exist(tf.constant([[0, 1, 2]])).numpy().any()


def test_draws_by_hand():
    table = candidates_of({1: [4, 5, 6], 3: [2]}, size=5)
    found = table.draw(tf.constant([[1, 1, 1, 3, 3]]), tf.constant([[0, 4, 8, 7, 9]]))
    assert found.numpy().tolist() == [[4, 5, 6, 2, 2]]


def test_every_candidate_is_as_likely_and_no_other_is_drawn():
    table = candidates_of({1: [4, 2, 3], 2: [1, 4]}, size=5)
    numbers = random_numbers(example_seeds(tf.constant([1, 2]), 4), (750,))
    ones = table.draw(tf.ones([4, 750], tf.int32), numbers).numpy()
    counts = np.bincount(ones.ravel(), minlength=5)
    # 1,000 of each are expected, with a standard deviation of 26.
    assert counts[[0, 1]].tolist() == [0, 0]
    assert np.abs(counts[2:] - 1000).max() < 4 * 26


def test_a_method_without_its_table_says_so():
    with pytest.raises(InputError, match="knn has no table to draw from yet"):
        prepared_candidates("knn", None)
