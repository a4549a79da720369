import math
import warnings

import numpy as np
import pytest

from tfaugkd.errors import InputError
from tfaugkd.intervals import Interval, mean_and_spread, paired_interval


def test_interval_by_hand():
    # Differences 1, 0, 1, 0: mean 1/2, variance 1/3, standard error sqrt(1/12); t(3) is 3.18245.
    result = paired_interval(np.array([1, 1, 1, 0]), np.array([0, 1, 0, 0]))
    half = 3.182446 * math.sqrt(1 / 12)
    assert result == pytest.approx((0.5, 0.5 - half, 0.5 + half), rel=1e-6)


def test_clusters_by_hand():
    # Residuals 1/2, -1/2 | 1/2 | -1/2 sum to 0, 1/2, -1/2: 3/2 * 1/2 / 16; t(2) is 4.30265.
    result = paired_interval(
        np.array([1, 1, 1, 0]), np.array([0, 1, 0, 0]), groups=["a", "a", "b", "c"]
    )
    half = 4.302653 * math.sqrt(3 / 2 * 1 / 2 / 16)
    assert result == pytest.approx((0.5, 0.5 - half, 0.5 + half), rel=1e-6)


def test_groups_of_one_change_nothing_and_copies_widen():
    random = np.random.default_rng(0)
    values, baseline = random.normal(size=(2, 40))
    plain = paired_interval(values, baseline)
    assert paired_interval(values, baseline, groups=np.arange(40)) == pytest.approx(plain)
    # Every example twice tells nothing new: counted by group, the interval stays as it was.
    twice = paired_interval(np.tile(values, 2), np.tile(baseline, 2), groups=list(range(40)) * 2)
    assert twice == pytest.approx(plain)


def test_direction_and_confidence():
    random = np.random.default_rng(1)
    values, baseline = random.normal(size=(2, 25))
    forth, back = paired_interval(values, baseline), paired_interval(baseline, values)
    assert back == pytest.approx((-forth.mean, -forth.high, -forth.low))
    wide = paired_interval(values, baseline, confidence=0.99)
    assert wide.low < forth.low < forth.high < wide.high


def test_the_interval_covers_the_truth_as_often_as_it_says():
    random = np.random.default_rng(2)
    covered = 0
    for _ in range(400):
        result = paired_interval(random.normal(0.3, 1, size=20), np.zeros(20))
        covered += result.low <= 0.3 <= result.high
    assert 0.92 < covered / 400 < 0.98


def test_identical_values_give_zeros_without_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert paired_interval(np.ones(5), np.ones(5)) == Interval(0, 0, 0)


def test_what_cannot_be_paired_is_refused():
    with pytest.raises(InputError, match="cannot be paired"):
        paired_interval(np.ones(3), np.ones(4))
    with pytest.raises(InputError, match="at least two"):
        paired_interval(np.ones(1), np.ones(1))
    with pytest.raises(InputError, match="at least two"):
        paired_interval(np.ones(3), np.zeros(3), groups=["a", "a", "a"])
    with pytest.raises(InputError, match="3 examples but 2 group"):
        paired_interval(np.ones(3), np.zeros(3), groups=["a", "b"])
    with pytest.raises(InputError, match="confidence is 95"):
        paired_interval(np.ones(3), np.zeros(3), confidence=95)


def test_mean_and_spread():
    assert mean_and_spread([1.0, 2.0, 3.0]) == pytest.approx((2, 1))
    assert mean_and_spread([0.7]) == (0.7, 0)
    with pytest.raises(InputError, match="at least one"):
        mean_and_spread([])
