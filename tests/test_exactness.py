import numpy as np
import pytest
import tensorflow as tf

from tfaugkd.benchmark import exactness
from tfaugkd.benchmark.exactness import cases, check_exactness, difficult_tables
from tfaugkd.benchmark.positions import Positions
from tfaugkd.certificate import Found, Mixture

CASES = [
    "pairs of the texts",
    "random pairs",
    "duplicated rows",
    "zero rows",
    "very unequal norms",
    "ties",
    "crowded",
    "made to defeat the certificate",
]


@pytest.fixture(scope="module")
def positions():
    """A random table of 300 tokens, of which the texts hold the first ten."""
    table = np.random.default_rng(0).normal(size=(300, 16)).astype(np.float32)
    nothing = tf.zeros([1], tf.int32)
    mixture = Mixture(nothing, nothing, tf.ones([1]), tf.zeros([1]))
    every = np.ones(300, bool)
    return Positions(table, every, mixture, tf.ones([1], tf.bool), np.arange(10, dtype=np.int32))


@pytest.fixture(scope="module")
def checked(positions):
    return {result.case: result for result in check_exactness(positions, 4000, seed=1)}


def test_no_projection_is_wrong_on_any_table(checked):
    assert list(checked) == CASES
    assert [result.verdict.wrong for result in checked.values()] == [0] * len(CASES)
    # Mixtures of opposite or zero rows have no nearest token, and are not counted.
    assert 3900 <= sum(result.verdict.positions for result in checked.values()) <= 4000
    assert checked["pairs of the texts"].verdict.positions == 1200


def test_each_tier_has_tables_that_need_it(checked):
    assert checked["random pairs"].tiers[0] > 0.1
    assert checked["made to defeat the certificate"].tiers[2] > 0.5
    for result in checked.values():
        assert sum(result.tiers) == pytest.approx(1.0)


def test_a_wrong_projection_is_found(positions, monkeypatch):
    def wrong(mixture, is_text, geometry):
        return Found(mixture.own_ids, tf.ones_like(mixture.own_ids))

    monkeypatch.setattr(exactness, "nearest_to_mixtures", wrong)
    with pytest.raises(RuntimeError, match="wrong on pairs of the texts, random pairs"):
        check_exactness(positions, 400, seed=1)


def test_the_cases_share_the_count_and_the_texts_pairs_are_of_the_texts(positions):
    made = list(cases(positions, 1003, np.random.default_rng(0)))
    assert sum(len(case.own_ids) for case in made) == 1003
    assert made[0].own_ids.max() < 10
    assert made[1].own_ids.max() >= 10


def test_the_tables_are_what_they_are_called():
    tables = difficult_tables(np.random.default_rng(0))
    duplicated, zeros = tables["duplicated rows"], tables["zero rows"]
    assert (duplicated[:1000] == duplicated[1000:]).all()
    assert 100 < (~zeros.any(axis=1)).sum() < 300
    norms = np.linalg.norm(tables["very unequal norms"], axis=1)
    assert norms.max() / norms.min() > 1e6
    assert (tables["ties"][:64] == -tables["ties"][64:128]).all()
    assert len({table.shape for table in tables.values()}) == 1
