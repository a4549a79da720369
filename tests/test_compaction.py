import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tfaugkd.compaction import solve_wanted

WANTED = tf.constant([False, True, False, True, True, False, True])


def squares(seen=None):
    def solve(positions):
        if seen is not None:
            seen.append(positions.numpy().tolist())
        return positions * positions, positions > 3

    return solve


def test_wanted_positions_are_solved_and_the_others_stay():
    before = (tf.fill([7], -1), tf.fill([7], True))
    values, large = solve_wanted(squares(), WANTED, before, at_once=2)
    assert values.numpy().tolist() == [-1, 1, -1, 9, 16, -1, 36]
    assert large.numpy().tolist() == [True, False, True, False, True, True, True]


def test_only_as_many_blocks_are_solved_as_are_wanted():
    seen = []
    before = (tf.zeros([7], tf.int32), tf.zeros([7], tf.bool))
    solve_wanted(squares(seen), WANTED, before, at_once=2)
    assert seen == [[1, 3], [4, 6]]
    seen.clear()
    solve_wanted(squares(seen), tf.zeros([7], tf.bool), before, at_once=2)
    assert seen == []


@settings(max_examples=20, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(1, 12))
def test_any_choice_in_blocks_of_any_size(wanted, at_once):
    before = (tf.fill([len(wanted)], -1), tf.fill([len(wanted)], False))
    values, _ = solve_wanted(squares(), tf.constant(wanted), before, at_once)
    numbers = np.arange(len(wanted))
    assert values.numpy().tolist() == np.where(wanted, numbers**2, -1).tolist()


@pytest.mark.parametrize("at_once", [1, 3, 7])
def test_xla_solves_the_same(at_once):
    before = (tf.fill([7], -1), tf.fill([7], True))

    @tf.function(jit_compile=True)
    def compiled(wanted):
        return solve_wanted(squares(), wanted, before, at_once)

    expected = solve_wanted(squares(), WANTED, before, at_once)
    for one, other in zip(compiled(WANTED), expected, strict=True):
        assert one.numpy().tolist() == other.numpy().tolist()
