import numpy as np
import pytest
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tfaugkd import certificate
from tfaugkd.certificate import Found, Mixture, nearest_to_mixtures
from tfaugkd.neighbours import find_neighbours


def geometry_of(table, producible=None, k=4):
    table = np.asarray(table, np.float32)
    producible = np.ones(len(table), bool) if producible is None else producible
    return certificate.geometry_of(table, producible, k, find_neighbours)


def mixture_of(own, other, share, rest=None):
    share = np.broadcast_to(np.asarray(share, np.float32), np.shape(own))
    rest = 1 - share if rest is None else np.broadcast_to(np.float32(rest), np.shape(own))
    return Mixture(
        *(tf.constant(ids, tf.int32) for ids in (own, other)),
        *(tf.constant(weights, tf.float32) for weights in (share, rest)),
    )


def found_by(mixture, geometry):
    is_text = tf.ones(mixture.own_ids.shape, tf.bool)
    return nearest_to_mixtures(mixture, is_text, geometry)


def scores_by_brute_force(table, mixture, producible):
    """Gives every token's score for every mixture, in float64."""
    table = np.asarray(table, np.float64)
    own, other, share, rest = (part.numpy() for part in mixture)
    queries = share[:, None] * table[own] + rest[:, None] * table[other]
    norms = np.linalg.norm(table, axis=1)
    units = table / np.where(norms > 0, norms, 1)[:, None]
    scores = queries @ units.T
    scores[:, ~(producible & (norms > 0))] = -np.inf
    return scores, np.linalg.norm(queries, axis=1)


def assert_nearest(table, mixture, found, producible=None):
    """Holds what was found to the brute force: the lowest of the best, but for rounding."""
    producible = np.ones(len(table), bool) if producible is None else producible
    scores, lengths = scores_by_brute_force(table, mixture, producible)
    tokens = found.token_ids.numpy()
    best = scores.max(-1)
    loss = best - scores[np.arange(len(tokens)), tokens]
    share, rest = mixture.own_share.numpy(), mixture.other_share.numpy()
    size = np.abs(table).max() * (share + rest) * np.sqrt(np.shape(table)[1])
    assert (loss <= 2e-6 * size + 1e-12)[lengths > 0].all()
    exact = (scores == best[:, None]) & (lengths > 0)[:, None]
    lowest = np.where(exact.any(-1), exact.argmax(-1), tokens)
    clear = np.sort(scores, axis=-1)[:, -2] < best - 2e-6 * size
    assert (tokens == lowest)[clear].all()


def test_the_parent_with_the_longer_share_wins_by_hand():
    table = [[2.0, 0.0], [0.0, 1.0], [-1.0, -1.0]]
    found = found_by(mixture_of([0, 0], [1, 1], [0.5, 0.3]), geometry_of(table, k=1))
    # (1, 0.5) is nearer to the first, (0.6, 0.7) to the second.
    assert found.token_ids.numpy().tolist() == [0, 1]


def test_a_token_between_the_parents_is_found_where_there_is_one():
    table = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.7, 0.7], [0.0, -1.0]]
    found = found_by(mixture_of([0], [1], [0.5]), geometry_of(table, k=1))
    assert found.token_ids.numpy().tolist() == [3]
    assert found.tier.numpy().tolist() != [1]


@pytest.mark.parametrize("weight", [0.0, 0.3, 0.5, 0.9, 1.0])
def test_random_pairs_agree_with_the_brute_force(weight):
    random = np.random.default_rng(0)
    table = random.normal(size=(400, 16)) * random.lognormal(sigma=1.0, size=(400, 1))
    own, other = random.integers(400, size=(2, 5000))
    mixture = mixture_of(own, other, weight)
    found = found_by(mixture, geometry_of(table, k=12))
    assert_nearest(table, mixture, found)
    assert len(set(found.tier.numpy())) >= (1 if weight in (0.0, 1.0) else 2)


def test_a_table_that_defeats_the_certificate_is_searched():
    # All rows point nearly the same way: no parent stands out.
    random = np.random.default_rng(1)
    table = 1.0 + 0.01 * random.normal(size=(300, 8))
    own, other = random.integers(300, size=(2, 500))
    mixture = mixture_of(own, other, 0.5)
    found = found_by(mixture, geometry_of(table, k=4))
    assert_nearest(table, mixture, found)
    assert (found.tier.numpy() == 3).mean() > 0.9


def test_equal_rows_give_the_lower_token():
    random = np.random.default_rng(2)
    half = random.normal(size=(50, 8))
    table = np.concatenate([half, half])
    own, other = random.integers(100, size=(2, 1000))
    mixture = mixture_of(own, other, 0.5)
    found = found_by(mixture, geometry_of(table, k=6))
    assert (found.token_ids.numpy() < 50).all()
    assert_nearest(table, mixture, found)


@pytest.mark.parametrize("width", [8, 64])
def test_of_equal_parents_the_lower_is_found_whichever_weighs_more(width):
    half = np.random.default_rng(6).normal(size=(200, width))
    table, rows = np.concatenate([half, half]), np.arange(200)
    geometry = geometry_of(table, k=6)
    for share in (0.1, 0.3, 0.7):
        for own, other in ((rows, rows + 200), (rows + 200, rows)):
            found = found_by(mixture_of(own, other, share), geometry)
            assert found.token_ids.numpy().tolist() == rows.tolist()


def test_rows_that_may_not_be_found_are_not():
    random = np.random.default_rng(3)
    table = random.normal(size=(100, 8))
    table[90:] = 0.0
    producible = np.arange(100) % 3 != 0
    own, other = random.integers(100, size=(2, 2000))
    mixture = mixture_of(own, other, 0.4)
    found = found_by(mixture, geometry_of(table, producible, k=6))
    some = (np.maximum(own, other) < 90) | (np.minimum(own, other) < 90)
    assert producible[found.token_ids.numpy()[some]].all()
    assert_nearest(table, mixture, found, producible)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    k=st.integers(1, 12),
    spread=st.floats(0.0, 3.0),
    # Subnormal numbers are zero to XLA, and not to NumPy.
    shares=st.tuples(*[st.floats(0, 2, width=32, allow_subnormal=False)] * 2),
    duplicates=st.booleans(),
)
@example(seed=0, k=1, spread=0.0, shares=(0.0, 2.0**-126), duplicates=False)
def test_any_table_agrees_with_the_brute_force(seed, k, spread, shares, duplicates):
    random = np.random.default_rng(seed)
    table = random.normal(size=(40, 6)) * random.lognormal(sigma=spread, size=(40, 1))
    if duplicates:
        table[20:] = table[:20]
    producible = random.random(40) < 0.8
    producible[0] = True
    own, other = random.integers(40, size=(2, 130))
    mixture = mixture_of(own, other, shares[0], shares[1])
    found = found_by(mixture, geometry_of(table, producible, k))
    assert_nearest(table.astype(np.float32), mixture, found, producible)


def test_xla_finds_the_same_in_the_same_tiers():
    random = np.random.default_rng(4)
    table = random.normal(size=(200, 8))
    own, other = random.integers(200, size=(2, 300))
    mixture, geometry = mixture_of(own, other, 0.5), geometry_of(table, k=8)
    expected = found_by(mixture, geometry)
    compiled = Found(*tf.function(found_by, jit_compile=True)(mixture, geometry))
    assert compiled.token_ids.numpy().tolist() == expected.token_ids.numpy().tolist()
    assert compiled.tier.numpy().tolist() == expected.tier.numpy().tolist()


def test_positions_without_text_are_not_searched():
    table = np.ones((300, 4)) + 0.001 * np.random.default_rng(5).normal(size=(300, 4))
    own = np.arange(200)
    is_text = tf.constant(own % 2 == 0)
    found = nearest_to_mixtures(mixture_of(own, own[::-1], 0.5), is_text, geometry_of(table))
    assert (found.tier.numpy()[1::2] == 1).all()
    assert (found.tier.numpy()[::2] == 3).any()
