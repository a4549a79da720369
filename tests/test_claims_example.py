from itertools import pairwise
from math import sqrt

import claims
import numpy as np
import pytest

from tfaugkd.errors import InputError

MIX, FGSM = claims.CLAIMS


def test_the_universe_has_n_squared_corners():
    assert [2 ** claims.coordinates(n) for n in (2, 4, 16, 1024)] == [4, 16, 256, 1024**2]
    with pytest.raises(InputError, match="n is 12, but must be a power of two"):
        claims.coordinates(12)


def test_expected_quotients_by_hand():
    # n = 2: two examples on 4 corners. They are one corner, or differ in one coordinate, or in two,
    # with the chances 1/4, 1/2, 1/4; with their mixture they are then 1, 2, or 2.5 corners, 15/8 in
    # the mean, and without it 7/4. The error falls by (15/8 - 7/4) / 8; the claim says 1/8.
    assert claims.expected(MIX, 2) == pytest.approx(1 / 8)
    # Each example and its noisy copy are 2 - Phi(1/2)^2 = 1.52188 corners; two such pairs are
    # 4 (1 - (1 - 1.52188/4)^2) = 2.46473. The error falls by (2.46473 - 7/4) / 8, of 1/4 claimed.
    assert claims.expected(FGSM, 2) == pytest.approx(0.357365, abs=1e-6)


@pytest.mark.parametrize("claim", claims.CLAIMS, ids=lambda claim: claim.name)
def test_quotients_tend_to_one(claim):
    distances = [1 - claims.expected(claim, 2**power) for power in (3, 6, 12, 24, 28)]
    assert all(far > near > 0 for far, near in pairwise(distances))
    assert distances[-1] < 1e-6


@pytest.mark.parametrize("claim", claims.CLAIMS, ids=lambda claim: claim.name)
def test_simulation_agrees_with_the_expectation(claim):
    # About n / parents labels are coins, and each that comes up -1 counts divisor / n: the variance
    # of a quotient is divisor^2 / (4 n parents), 2/n and 1/n. Beyond four standard errors lies one
    # of 16,000.
    n, repetitions = 64, 1000
    estimate = claims.simulate(claim, n, repetitions, seed=0)
    error = sqrt(claim.divisor**2 / (4 * n * claim.parents) / repetitions)
    assert abs(estimate.mean - claims.expected(claim, n)) < 4 * error
    # It would not agree with the limit, nor with a mixture that ignores its parents.
    assert 1 - estimate.mean > 4 * error
    # The spread itself is known to 1 / sqrt(2 repetitions) = 2 %, and 8 % of the mixtures are lost.
    assert estimate.standard_error == pytest.approx(error, rel=0.15)


def test_a_mixture_keeps_what_its_parents_share():
    rng = np.random.default_rng(1)
    data = rng.choice([-1, 1], size=(64, 12))
    mixtures = claims.augpro_mix(data, rng)
    same = data[0::2] == data[1::2]
    assert mixtures.shape == (32, 12)
    np.testing.assert_array_equal(mixtures[same], data[0::2][same])
    assert set(np.unique(mixtures[~same])) == {-1, 1}


def test_noise_keeps_a_sign_as_often_as_the_appendix_says():
    data = np.ones((1000, 20), dtype=int)
    kept = np.mean(claims.augpro_fgsm(data, np.random.default_rng(2)) == 1)
    # Phi(1/2) = 0.6914625; the standard error is sqrt(0.69 x 0.31 / 20000) = 0.0033.
    assert abs(kept - 0.6914625) < 4 * 0.0033


def test_nothing_is_saved_by_corners_seen_before():
    rng = np.random.default_rng(3)
    data = rng.choice([-1, 1], size=(16, 8))
    assert claims.error_saved(data, data[:8], rng) == 0


def test_it_prints_and_draws(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(claims, "SIZES", (4, 16))
    claims.main(["--output", str(tmp_path), "--repetitions", "5"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if "+-" in line] == ["4", "16"] * 2
    assert (tmp_path / "claims.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(SystemExit):
        claims.main(["--repetitions", "1"])
    assert "--repetitions is 1, but must be 2 or more." in capsys.readouterr().err
