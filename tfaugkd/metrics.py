"""Scores of a whole split: labels `[N]` and logits `[N, C]` in, fractions (0.812, not 81.2) out.

C is the number of classes; C = 1 is regression, where the only column is the predicted score.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import scipy.stats
import sklearn.metrics

from tfaugkd.errors import InputError, unknown_name

# Below this correlation a regression teacher's scores are taken for noise.
_LOWEST_PEARSON = 0.1


class Chance(NamedTuple):
    """What always answering the most frequent class scores.

    Attributes:
        accuracy: Share of the examples that have the most frequent label, 0 to 1.
        standard_error: Standard error of that share, `sqrt(p (1 - p) / N)`.
    """

    accuracy: float
    standard_error: float


def score(names: Sequence[str], labels: np.ndarray, logits: np.ndarray) -> dict[str, float]:
    """Scores a model's outputs against the labels of a whole split.

    `accuracy` is the share of right answers. `f1` takes class 1 as the positive one where there
    are two classes; where there are more it is the plain mean over the classes that occur (macro).
    A ratio of 0 to 0 counts as 0 in `f1` and `matthews_correlation`. `pearson` and `spearmanr` are
    for regression, and are nan where labels or scores are all the same. Outputs that are not
    finite (training diverged) make every score nan.

    Args:
        names: Any of accuracy, f1, matthews_correlation, pearson, spearmanr.
        labels: `[N]`; class indices from 0 to C - 1, or numbers where C = 1.
        logits: `[N, C]`.

    Returns:
        One value for each name, in the order of names: 0 to 1, or -1 to 1 for the correlations.

    Raises:
        InputError: A name is unknown or does not suit C, or labels and logits do not belong
            together.
    """
    known = [*_FOR_CLASSES, *_FOR_NUMBERS]
    for name in names:
        if name not in known:
            raise unknown_name("metric", name, known)
    labels, logits = _checked(labels, logits)
    table = _FOR_NUMBERS if logits.shape[1] == 1 else _FOR_CLASSES
    unsuited = [name for name in names if name not in table]
    if unsuited:
        raise InputError(
            f"The metric {unsuited[0]!r} does not suit a model with {logits.shape[1]} output(s); "
            f"choose from {', '.join(table)}."
        )
    if not np.isfinite(logits).all():
        return dict.fromkeys(names, float("nan"))
    return {name: float(table[name](labels, logits)) for name in names}


def primary(names: Sequence[str]) -> str:
    """Names the metric that ranks models: the first of a task's metrics.

    Args:
        names: The task's metrics, at least one.

    Returns:
        The first name.

    Raises:
        InputError: There are no names.
    """
    if not names:
        raise InputError("The task has no metrics; name at least one.")
    return names[0]


def per_example(labels: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Splits the accuracy (regression: Pearson's correlation) into one value per example.

    For classes the value is 1 where the answer is right, else 0. For regression, with x and y the
    standardised scores and labels and r their correlation, it is `x y - r (x^2 + y^2) / 2 + r`:
    r plus the example's influence on r. So in both cases the mean is the metric itself and the
    standard error of the mean is the metric's, which makes paired intervals possible.

    Args:
        labels: `[N]`; class indices, or numbers where C = 1.
        logits: `[N, C]`.

    Returns:
        `[N]` floats; nan for regression where labels or scores are all the same.

    Raises:
        InputError: Labels and logits do not belong together.
    """
    labels, logits = _checked(labels, logits)
    if not np.isfinite(logits).all():
        return np.full(len(labels), np.nan)
    if logits.shape[1] > 1:
        return (logits.argmax(-1) == labels).astype(np.float64)
    scores = logits[:, 0]
    if _constant(scores) or _constant(labels):
        return np.full(len(labels), np.nan)
    x, y = ((v - v.mean()) / v.std() for v in (scores, labels))
    r = (x * y).mean()
    return x * y - r * (x**2 + y**2) / 2 + r


def agreement(student_logits: np.ndarray, teacher_logits: np.ndarray) -> float:
    """Measures how alike two models answer.

    Args:
        student_logits: `[N, C]`.
        teacher_logits: `[N, C]`, for the same examples.

    Returns:
        Share of the examples with the same most likely class, 0 to 1. Where C = 1, Pearson's
        correlation of the two scores, -1 to 1; nan if either is constant or not finite.

    Raises:
        InputError: The shapes differ or are not `[N, C]`.
    """
    student, teacher = np.asarray(student_logits), np.asarray(teacher_logits)
    if student.shape != teacher.shape or student.ndim != 2 or not student.size:
        raise InputError(
            f"Logits of shapes {student.shape} and {teacher.shape} cannot be compared; "
            "both must be [examples, classes]."
        )
    if not (np.isfinite(student).all() and np.isfinite(teacher).all()):
        return float("nan")
    if student.shape[1] == 1:
        return _pearson(student[:, 0].astype(np.float64), teacher.astype(np.float64))
    return float((student.argmax(-1) == teacher.argmax(-1)).mean())


def chance(labels: np.ndarray) -> Chance:
    """Scores the answer that needs no model: always the most frequent class.

    Args:
        labels: `[N]` class indices, N at least 1.

    Returns:
        Accuracy and standard error, each 0 to 1.
    """
    _, counts = np.unique(np.asarray(labels), return_counts=True)
    share = counts.max() / counts.sum()
    return Chance(float(share), float(np.sqrt(share * (1 - share) / counts.sum())))


def require_better_than_chance(labels: np.ndarray, logits: np.ndarray) -> None:
    """Stops a run whose teacher has nothing to teach.

    A classifier must beat the most frequent class by more than one standard error; a regression
    model's correlation with the labels must be above 0.1.

    Args:
        labels: `[N]`; class indices, or numbers where C = 1.
        logits: `[N, C]`, the teacher's.

    Raises:
        InputError: The teacher is no better than that, or labels and logits do not belong together.
    """
    regression = np.ndim(logits) == 2 and np.shape(logits)[1] == 1
    name = "pearson" if regression else "accuracy"
    reached = score([name], labels, logits)[name]
    if regression:
        needed, meaning = _LOWEST_PEARSON, "the least that is told from noise"
    else:
        share, error = chance(labels)
        needed = share + error
        meaning = f"always answering the most frequent class, {share:.3f}, plus its standard error"
    # Written so that nan (a teacher that diverged) is refused too.
    if not reached > needed:
        raise InputError(
            f"The teacher's {name} on {len(labels)} examples is {reached:.3f}, which is not above "
            f"{needed:.3f} ({meaning}): train it longer or on more examples, or set "
            "check_teacher: false to use it all the same."
        )


def _checked(labels: np.ndarray, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    labels, logits = np.asarray(labels), np.asarray(logits, np.float64)
    if labels.ndim != 1 or logits.ndim != 2 or len(labels) != len(logits) or not logits.size:
        raise InputError(
            f"Labels of shape {labels.shape} and logits of shape {logits.shape} do not belong "
            "together; they must be [examples] and [examples, classes], at least one example."
        )
    classes = logits.shape[1]
    if classes == 1:
        return labels.astype(np.float64), logits
    # GLUE's hidden test labels are -1: scoring them would give a number that means nothing.
    wrong = (labels < 0) | (labels >= classes) | (labels != np.floor(labels))
    if wrong.any():
        raise InputError(
            f"Label {labels[wrong][0]} is not a class from 0 to {classes - 1}; "
            "choose a split whose labels are known."
        )
    return labels.astype(np.int64), logits


def _accuracy(labels: np.ndarray, logits: np.ndarray) -> float:
    return sklearn.metrics.accuracy_score(labels, logits.argmax(-1))


def _f1(labels: np.ndarray, logits: np.ndarray) -> float:
    average = "binary" if logits.shape[1] == 2 else "macro"
    return sklearn.metrics.f1_score(labels, logits.argmax(-1), average=average, zero_division=0)


def _matthews(labels: np.ndarray, logits: np.ndarray) -> float:
    answers = logits.argmax(-1)
    # scikit-learn gives 0 here too, but warns about it.
    if np.array_equal(answers, labels) and np.ptp(labels) == 0:
        return 0.0
    return sklearn.metrics.matthews_corrcoef(labels, answers)


def _constant(values: np.ndarray) -> bool:
    # Relative to size: float noise around 2.5 is no ranking of examples.
    return bool(np.ptp(values) <= 1e-12 * np.abs(values).max())


def _pearson(labels: np.ndarray, logits: np.ndarray) -> float:
    return _correlation(scipy.stats.pearsonr, labels, logits[:, 0])


def _spearman(labels: np.ndarray, logits: np.ndarray) -> float:
    return _correlation(scipy.stats.spearmanr, labels, logits[:, 0])


def _correlation(kind: Callable, labels: np.ndarray, scores: np.ndarray) -> float:
    if _constant(labels) or _constant(scores):
        return float("nan")
    return float(kind(labels, scores).statistic)


_Metric = Callable[[np.ndarray, np.ndarray], float]
_FOR_CLASSES: dict[str, _Metric] = {
    "accuracy": _accuracy,
    "f1": _f1,
    "matthews_correlation": _matthews,
}
_FOR_NUMBERS: dict[str, _Metric] = {"pearson": _pearson, "spearmanr": _spearman}
