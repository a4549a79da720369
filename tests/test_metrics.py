import math
import warnings

import numpy as np
import pytest

from tfaugkd.errors import InputError
from tfaugkd.metrics import (
    agreement,
    chance,
    per_example,
    primary,
    require_better_than_chance,
    score,
)


def answers(classes, count):
    """Logits whose most likely class is the one given."""
    return np.eye(count)[np.asarray(classes)] * 2 - 1


def column(*scores):
    return np.array(scores, np.float64)[:, None]


def test_binary_scores_by_hand():
    # TP 4, TN 3, FP 1, FN 2.
    labels = np.array([1] * 6 + [0] * 4)
    logits = answers([1, 1, 1, 1, 0, 0, 0, 0, 0, 1], 2)
    scores = score(["f1", "accuracy", "matthews_correlation"], labels, logits)
    assert list(scores) == ["f1", "accuracy", "matthews_correlation"]
    assert scores["accuracy"] == pytest.approx(7 / 10)
    assert scores["f1"] == pytest.approx(2 * 4 / (2 * 4 + 1 + 2))
    # (4 * 3 - 1 * 2) / sqrt(5 * 6 * 4 * 5) = 10 / sqrt(600)
    assert scores["matthews_correlation"] == pytest.approx(1 / math.sqrt(6))


def test_f1_of_three_classes_is_the_mean_over_classes():
    labels = np.array([0, 0, 1, 1, 2, 2])
    logits = answers([0, 1, 1, 1, 2, 0], 3)
    # Class 0: 2 / 4, class 1: 4 / 5, class 2: 2 / 3.
    assert score(["f1"], labels, logits)["f1"] == pytest.approx((1 / 2 + 4 / 5 + 2 / 3) / 3)


def test_correlations_by_hand():
    # Ranks differ by 1 four times: 1 - 6 * 4 / (5 * 24) = 0.8.
    labels = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    rank = score(["spearmanr"], labels, column(20, 10, 40, 30, 900))
    assert rank["spearmanr"] == pytest.approx(0.8)
    # Deviations (-1, 0, 1) and (-4, -1, 5) / 3: 3 / sqrt(2 * 14 / 3).
    linear = score(["pearson"], np.array([1.0, 2.0, 3.0]), column(1, 2, 4))
    assert linear["pearson"] == pytest.approx(3 / math.sqrt(28 / 3))


@pytest.mark.parametrize("seed", range(3))
def test_scores_do_not_depend_on_order_or_on_a_rising_line(seed):
    random = np.random.default_rng(seed)
    labels, logits, order = random.normal(size=30), random.normal(size=(30, 1)), np.arange(30)
    random.shuffle(order)
    names = ["pearson", "spearmanr"]
    before = score(names, labels, logits)
    after = score(names, labels[order], 3 * logits[order] + 7)
    assert after == pytest.approx(before)


def test_shapes_without_an_answer_are_nan_or_zero_without_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        constant = score(["pearson", "spearmanr"], np.array([1.0, 2.0]), column(3, 3))
        assert all(math.isnan(value) for value in constant.values())
        one_class = score(["f1", "matthews_correlation"], np.zeros(3), answers([0, 0, 0], 2))
        assert one_class == {"f1": 0.0, "matthews_correlation": 0.0}
        diverged = score(["accuracy"], np.array([0, 1]), np.array([[np.nan, 0], [1, 0]]))
        assert math.isnan(diverged["accuracy"])


def test_names_and_shapes_are_checked():
    labels, logits = np.array([0, 1]), answers([0, 1], 2)
    with pytest.raises(InputError, match="Did you mean 'accuracy'"):
        score(["acuracy"], labels, logits)
    with pytest.raises(InputError, match="'pearson' does not suit a model with 2 output"):
        score(["pearson"], labels, logits)
    with pytest.raises(InputError, match="do not belong together"):
        score(["accuracy"], labels, logits[:1])
    with pytest.raises(InputError, match="Label -1 is not a class from 0 to 1"):
        score(["accuracy"], np.array([-1, 1]), logits)
    assert primary(["f1", "accuracy"]) == "f1"
    with pytest.raises(InputError, match="no metrics"):
        primary([])


def test_per_example_values_average_to_the_metric():
    logits = answers([0, 1, 1, 0], 2)
    np.testing.assert_array_equal(per_example(np.array([0, 1, 0, 0]), logits), [1, 1, 0, 1])
    random = np.random.default_rng(0)
    labels = random.normal(size=20_000)
    scores = (0.6 * labels + 0.8 * random.normal(size=labels.size))[:, None]
    values = per_example(labels, scores)
    r = score(["pearson"], labels, scores)["pearson"]
    assert values.mean() == pytest.approx(r)
    # The correlation of normal variables has the standard error (1 - r^2) / sqrt(N).
    assert values.std() == pytest.approx(1 - r**2, rel=0.05)


def test_agreement():
    student = np.array([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0], [0.0, 1.0]])
    teacher = np.array([[9.0, 1.0], [5.0, 3.0], [1.0, 0.5], [0.0, 0.1]])
    assert agreement(student, teacher) == 0.75
    assert agreement(column(1, 2, 3), column(10, 20, 30)) == pytest.approx(1)
    assert math.isnan(agreement(column(1, 2, 3), column(5, 5, 5)))
    with pytest.raises(InputError, match="cannot be compared"):
        agreement(student, teacher[:2])


def test_chance_by_hand():
    share, error = chance(np.array([1] * 60 + [0] * 40))
    assert share == pytest.approx(0.6)
    assert error == pytest.approx(math.sqrt(0.6 * 0.4 / 100))


def test_a_teacher_must_beat_chance():
    labels = np.array([1] * 60 + [0] * 40)
    # 0.6 + 0.049: 65 right answers are enough, 64 are not.
    for right in (64, 65):
        logits = answers(np.where(np.arange(100) < right, labels, 1 - labels), 2)
        if right == 65:
            require_better_than_chance(labels, logits)
        else:
            with pytest.raises(InputError, match=r"0\.640, which is not above 0\.649"):
                require_better_than_chance(labels, logits)
    with pytest.raises(InputError, match="nan, which is not above"):
        require_better_than_chance(labels, np.full((100, 2), np.nan))


def test_a_regression_teacher_must_correlate():
    labels = np.arange(5.0)
    require_better_than_chance(labels, column(0, 1, 2, 3, 4))
    for useless in (column(0, 1, 0, 1, 0), column(2, 2, 2, 2, 2)):
        with pytest.raises(InputError, match=r"pearson on 5 examples .* not above 0\.100"):
            require_better_than_chance(labels, useless)
