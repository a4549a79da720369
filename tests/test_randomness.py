import numpy as np
import pytest
import tensorflow as tf

from tfaugkd.augment.randomness import below, example_seeds, random_numbers, uniform


@pytest.fixture(scope="module")
def numbers():
    return random_numbers(example_seeds(tf.constant([3, 4]), 16), (500, 2))


def test_xla_draws_the_same_numbers_as_eager_execution(numbers):
    seeds = example_seeds(tf.constant([3, 4]), 16)
    compiled = tf.function(lambda s: random_numbers(s, (500, 2)), jit_compile=True)
    assert (compiled(seeds).numpy() == numbers.numpy()).all()


def test_an_examples_numbers_depend_on_its_seed_alone(numbers):
    seeds = example_seeds(tf.constant([3, 4]), 16)
    alone = random_numbers(seeds[5:6], (500, 2))
    assert (alone.numpy()[0] == numbers.numpy()[5]).all()
    assert len({row.tobytes() for row in numbers.numpy()}) == 16


def test_fractions_by_hand():
    # The sign is left out; then 24 bits count: 2^30 is one half, and the largest is below 1.
    found = uniform(tf.constant([0, 127, 128, 2**30, -(2**30), 2**31 - 1, -1]))
    below_one = 1 - 2.0**-24
    assert found.numpy().tolist() == [0.0, 0.0, 2.0**-24, 0.5, 0.5, below_one, below_one]


def test_fractions_are_spread_evenly(numbers):
    counts, _ = np.histogram(uniform(numbers).numpy(), bins=10, range=(0, 1))
    # 1,600 are expected in each bin, with a standard deviation of 38.
    assert counts.sum() == 16000
    assert np.abs(counts - 1600).max() < 4 * 38


def test_whole_numbers_below_a_limit_by_hand():
    found = below(tf.constant([7, 8, -1, 5]), tf.constant([7, 7, 1000, 0]))
    # 2^31 - 1 = 2,147,483 * 1,000 + 647, and a limit of 0 counts as 1.
    assert found.numpy().tolist() == [0, 1, 647, 0]


def test_whole_numbers_below_a_limit_are_spread_evenly(numbers):
    counts = np.bincount(below(numbers, 10).numpy().ravel())
    assert len(counts) == 10
    assert np.abs(counts - 1600).max() < 4 * 38
