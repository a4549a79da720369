import numpy as np
import pytest
import tensorflow as tf

from tfaugkd.data.order import indices_by_length, shuffled_indices


@pytest.mark.parametrize("count", [1, 2, 3, 1000])
def test_any_number_of_examples_can_be_shuffled(count):
    places = tf.range(5 * count, dtype=tf.int64)
    epochs = shuffled_indices(7, places, count).numpy().reshape(5, count)
    assert (np.sort(epochs, axis=1) == np.arange(count)).all()


def test_orders_of_epochs_and_seeds_are_not_alike():
    orders = [
        shuffled_indices(seed, tf.range(epoch * 2000, (epoch + 1) * 2000, dtype=tf.int64), 2000)
        for seed in (0, 1)
        for epoch in (0, 1)
    ]
    correlations = np.corrcoef([order.numpy() for order in orders] + [np.arange(2000)])
    # Five standard errors of two unrelated orders.
    assert np.abs(correlations[np.triu_indices(5, 1)]).max() < 5 / np.sqrt(2000)


LENGTHS = tf.constant([3, 9, 4, 8, 5, 7, 6, 1])


def by_length(number, seed=1, window=2):
    chosen = indices_by_length(seed, tf.constant(number, tf.int64), 4, LENGTHS, window)
    return chosen.numpy().tolist()


def test_a_window_of_the_whole_epoch_puts_the_short_and_the_long_together():
    for epoch in range(10):
        pair = [by_length(2 * epoch), by_length(2 * epoch + 1)]
        assert sorted(map(sorted, pair)) == [[0, 2, 4, 7], [1, 3, 5, 6]]


def test_short_batches_come_first_as_often_as_long_ones_and_are_mixed_inside():
    first = [by_length(2 * epoch) for epoch in range(60)]
    short = sum(7 in batch for batch in first)
    assert 15 <= short <= 45
    assert len({tuple(batch) for batch in first if 7 in batch}) > 10


def test_a_window_of_one_is_the_plain_order():
    plain = shuffled_indices(1, tf.range(8, 12, dtype=tf.int64), 8).numpy().tolist()
    assert by_length(2, window=1) == plain
