"""How sure a difference is: intervals of paired differences, and spread over seeds."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.stats

from tfaugkd.errors import InputError


class Interval(NamedTuple):
    """A mean and the confidence interval around it, in the unit of the values.

    Attributes:
        mean: The estimate.
        low: Lower end of the interval.
        high: Upper end of the interval.
    """

    mean: float
    low: float
    high: float


def paired_interval(
    values: np.ndarray,
    baseline_values: np.ndarray,
    confidence: float = 0.95,
    groups: Sequence[object] | np.ndarray | None = None,
) -> Interval:
    """Estimates the mean of `values - baseline_values` over examples, with a t interval.

    With d the N differences, m their mean and G groups of examples that are alike (reviews of one
    film), the squared standard error is that of a mean with clusters,

        `G / (G - 1) * sum over groups of (sum over the group of (d - m))^2 / N^2`,

    and the interval is m plus and minus the t quantile of G - 1 degrees of freedom times the
    standard error. Without groups every example is its own, which gives the ordinary paired t
    interval.

    Args:
        values: `[N]`, one per example: such as 1 for a right answer and 0 for a wrong one, or the
            mean of that over seeds.
        baseline_values: `[N]`, the same examples in the same order, by the baseline.
        confidence: Probability that the interval covers the true mean, above 0 and below 1.
        groups: `[N]`, the name of each example's group.

    Returns:
        Mean difference and interval; all 0 where the two are identical, nan where a value is.

    Raises:
        InputError: The lengths differ, or there are fewer than two examples or groups, or
            confidence is not between 0 and 1.
    """
    differences = _differences(values, baseline_values)
    if not 0 < confidence < 1:
        raise InputError(f"confidence is {confidence}, but must be above 0 and below 1.")
    mean = differences.mean()
    residuals = differences - mean
    if groups is not None:
        residuals = _sums_by_group(residuals, groups)
    count = len(residuals)
    if count < 2:
        raise InputError(f"An interval needs at least two examples or groups, but got {count}.")
    error = np.sqrt(count / (count - 1) * (residuals**2).sum()) / len(differences)
    half = scipy.stats.t.ppf((1 + confidence) / 2, count - 1) * error
    return Interval(float(mean), float(mean - half), float(mean + half))


def mean_and_spread(values: Sequence[float] | np.ndarray) -> tuple[float, float]:
    """Sums up one score over several seeds.

    Args:
        values: `[seeds]`, at least one.

    Returns:
        Mean and sample standard deviation (divided by one less than the count; 0 for one value).

    Raises:
        InputError: There are no values.
    """
    array = np.asarray(values, np.float64)
    if not array.size:
        raise InputError("A mean needs at least one value.")
    return float(array.mean()), float(array.std(ddof=1)) if array.size > 1 else 0.0


def _differences(values: np.ndarray, baseline_values: np.ndarray) -> np.ndarray:
    values, baseline = np.asarray(values, np.float64), np.asarray(baseline_values, np.float64)
    if values.shape != baseline.shape or values.ndim != 1:
        raise InputError(
            f"Values of shapes {values.shape} and {baseline.shape} cannot be paired; both must be "
            "[examples]."
        )
    return values - baseline


def _sums_by_group(residuals: np.ndarray, groups: Sequence[object] | np.ndarray) -> np.ndarray:
    if len(groups) != len(residuals):
        raise InputError(f"There are {len(residuals)} examples but {len(groups)} group names.")
    numbers: dict[object, int] = {}
    index = [numbers.setdefault(group, len(numbers)) for group in groups]
    return np.bincount(index, weights=residuals)
