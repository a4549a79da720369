"""AugPro's Claims 1 and 2 (Appendix H) by simulation: how much error projected data save.

Usage: python docs/examples/claims.py --output outputs/examples

The universe has n^2 points, the corners of {-1, 1}^m with m = 2 log2(n), each with a label that is
a fair coin. A learner knows the labels of the points that it has seen and guesses the others; of
points off the corners, as MixUp and FGSM make them, it learns nothing about a corner. So its error
is half the share of corners that it has not seen. With n corners drawn as data:

- AugPro-Mix makes n/2 more, one from every two: a coordinate in which the two agree stays, another
  is a coin. Claim 1: the error falls by about 1/(4n).
- AugPro-FGSM makes n more, one from each: noise of variance 4 is added and its sign taken. (Noise,
  not a gradient's sign: the method with random directions.) Claim 2: it falls by about 1/(2n).

Both limits come out, with the appendix read as follows; as printed they would not hold.

- The logarithm has base 2. With another there are not n^2 corners.
- A corner has one label. A label drawn anew each time, as the definition of P says, cannot be
  learned, and no error would fall.
- The augmented set holds the data too, as in the proofs. The new corners alone number n/2, which
  would take Claim 1's quotient to -1, or n, which would take Claim 2's to 0.

The proof of Claim 1 gives 1 - 9/(2n) as a lower bound of the chance that a pair and its mixture are
three new corners. It overlooks that a mixture equals one of its parents with the chance
(3/4)^m = n^-0.83: from n = 128 on the bound is wrong, and the limit, which is right, is reached
more slowly. In the proof of Claim 2, 1 - 3/n should be 1 - 5/n, which changes nothing.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from tfaugkd.errors import InputError
from tfaugkd.folders import replacing

SIZES = (4, 16, 64, 256, 1024, 4096, 16384)


class Estimate(NamedTuple):
    """A mean over repetitions, and its standard error."""

    mean: float
    standard_error: float


def coordinates(n: int) -> int:
    """Gives m, for which the universe `{-1, 1}^m` has n^2 corners.

    Args:
        n: Number of examples; a power of two, at least 2.

    Returns:
        2 log2(n).

    Raises:
        InputError: n is no power of two.
    """
    if n < 2 or n & (n - 1):
        raise InputError(f"n is {n}, but must be a power of two, at least 2.")
    return 2 * (n.bit_length() - 1)


def augpro_mix(data: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mixes examples 1 and 2, 3 and 4, ...; where the two differ, projection tosses a coin.

    Args:
        data: `[n, m]` of -1 and 1.
        rng: Source of the coins.

    Returns:
        `[n/2, m]` of -1 and 1.
    """
    first, second = data[0::2], data[1::2]
    return np.where(first == second, first, rng.choice([-1, 1], size=first.shape))


def augpro_fgsm(data: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Adds noise of variance 4 to each coordinate and takes the nearest corner.

    Args:
        data: `[n, m]` of -1 and 1.
        rng: Source of the noise.

    Returns:
        `[n, m]` of -1 and 1.
    """
    return np.where(data + rng.normal(0, 2, size=data.shape) > 0, 1, -1)


@dataclass(frozen=True)
class Claim:
    """One of the two claims.

    Args:
        name: The claim's number and method.
        augment: From data `[n, m]` to new corners.
        divisor: The claim is that the error falls by `1 / (divisor * n)`.
        parents: Number of examples from which one new corner is made.
        distinct: From m to the number of different corners to be expected among the parents and
            what is made from them.
        marker: Matplotlib's marker.
    """

    name: str
    augment: Callable[[np.ndarray, np.random.Generator], np.ndarray]
    divisor: int
    parents: int
    distinct: Callable[[int], float]
    marker: str


# Either of two parents equals the mixture with the chance (3/4)^m; all three are one corner as
# often as the parents are, so these cases cancel. Noise leaves a sign with the chance Phi(1/2).
CLAIMS = (
    Claim("Claim 1, AugPro-Mix", augpro_mix, 4, 2, lambda m: 3 - 2 * 0.75**m, "o"),
    Claim("Claim 2, AugPro-FGSM", augpro_fgsm, 2, 1, lambda m: 2 - NormalDist().cdf(0.5) ** m, "s"),
)


def error_saved(data: np.ndarray, augmented: np.ndarray, rng: np.random.Generator) -> float:
    """Tells by how much the error falls when the augmented corners are seen as well.

    Both learners guess 1 where they know nothing, so they differ on the new corners alone.

    Args:
        data: `[n, m]` of -1 and 1.
        augmented: The same for the corners made.
        rng: Source of the labels.

    Returns:
        The difference of the two errors over the whole universe.
    """
    new = np.setdiff1d(_codes(augmented), _codes(data))
    labels = rng.choice([-1, 1], size=len(new))
    return np.count_nonzero(labels == -1) / 2 ** data.shape[1]


def _codes(corners: np.ndarray) -> np.ndarray:
    return (corners > 0) @ (1 << np.arange(corners.shape[1], dtype=np.int64))


def simulate(claim: Claim, n: int, repetitions: int, seed: int) -> Estimate:
    """Estimates what the error falls by, in units of what the claim says.

    Args:
        claim: The claim.
        n: Number of examples; a power of two.
        repetitions: Data sets drawn.
        seed: Seed of all that is drawn.

    Returns:
        The claim's quotient; its limit is 1.
    """
    rng = np.random.default_rng([seed, claim.divisor, n])
    quotients = np.empty(repetitions)
    for repetition in range(repetitions):
        data = rng.choice([-1, 1], size=(n, coordinates(n)))
        saved = error_saved(data, claim.augment(data, rng), rng)
        quotients[repetition] = saved * claim.divisor * n
    spread = quotients.std(ddof=1) / np.sqrt(repetitions)
    return Estimate(float(quotients.mean()), float(spread))


def expected(claim: Claim, n: int) -> float:
    """Computes exactly, for finite n, what `simulate` estimates.

    Groups of parents and what is made from them are independent, and every corner is as likely as
    any other to be among them.

    Args:
        claim: The claim.
        n: Number of examples; a power of two.

    Returns:
        The expected quotient.
    """
    m = coordinates(n)
    seen = _expected_seen(m, 1.0, n)
    seen_augmented = _expected_seen(m, claim.distinct(m), n // claim.parents)
    return (seen_augmented - seen) / (2 * 2**m) * claim.divisor * n


def _expected_seen(m: int, distinct: float, groups: int) -> float:
    # 1 - (1 - p)^groups, written so that nothing cancels when p is tiny.
    return float(-(2**m) * np.expm1(groups * np.log1p(-distinct / 2**m)))


def draw(path: str | Path, estimates: dict[str, dict[int, Estimate]]) -> None:
    """Draws the quotients over n, with whiskers of two standard errors, and the limit.

    Args:
        path: The PNG file to write.
        estimates: For the name of a claim, the estimate for each n.
    """
    figure = Figure(figsize=(6, 3.6), dpi=110)
    axes = figure.add_subplot()
    for claim, style in zip(CLAIMS, ("-", "--"), strict=True):
        points = estimates[claim.name]
        sizes = list(points)
        errors = [2 * point.standard_error for point in points.values()]
        means = [point.mean for point in points.values()]
        axes.errorbar(
            sizes, means, yerr=errors, fmt=claim.marker, label=f"{claim.name}, simulated",
            color="black", markerfacecolor="black" if style == "-" else "white", capsize=3,
        )  # fmt: skip
        exact = [expected(claim, n) for n in sizes]
        axes.plot(sizes, exact, style, color="black", linewidth=1, label=f"{claim.name}, exact")
    axes.axhline(1, color="0.35", linestyle=":", label="limit claimed")
    axes.set_xscale("log", base=2)
    axes.set_xticks(SIZES, [str(n) for n in SIZES])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(xlabel="Number of examples n", ylabel="Error saved / error claimed to be saved")
    axes.legend(loc="lower right", fontsize=8, frameon=False)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", bbox_inches="tight", facecolor="white")


def simulate_all(repetitions: int, seed: int) -> dict[str, dict[int, Estimate]]:
    """Estimates both quotients for growing n.

    Args:
        repetitions: Data sets drawn for each n.
        seed: Seed of all that is drawn.

    Returns:
        For the name of a claim, the estimate for each n.
    """
    return {
        claim.name: {n: simulate(claim, n, repetitions, seed) for n in SIZES} for claim in CLAIMS
    }


def table(estimates: dict[str, dict[int, Estimate]]) -> str:
    """Writes simulated beside exact quotients.

    Args:
        estimates: For the name of a claim, the estimate for each n.

    Returns:
        The lines.
    """
    rows = []
    for claim in CLAIMS:
        rows.append(f"{claim.name}: error saved / (1/{claim.divisor}n)")
        rows.append(f"{'n':>7} {'simulated':>18} {'exact':>9}")
        for n, estimate in estimates[claim.name].items():
            simulated = f"{estimate.mean:.4f} +- {estimate.standard_error:.4f}"
            rows.append(f"{n:>7} {simulated:>18} {expected(claim, n):>9.4f}")
    return "\n".join(rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the table and draws the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default="outputs/examples", help="folder for the picture")
    parser.add_argument("--repetitions", type=int, default=400, help="data sets drawn for each n")
    parser.add_argument("--seed", type=int, default=0, help="seed of all that is drawn")
    options = parser.parse_args(arguments)
    if options.repetitions < 2:
        parser.error(f"--repetitions is {options.repetitions}, but must be 2 or more.")
    estimates = simulate_all(options.repetitions, options.seed)
    print(table(estimates))
    picture = Path(options.output) / "claims.png"
    draw(picture, estimates)
    print(f"Picture: {picture}")


if __name__ == "__main__":
    main()
