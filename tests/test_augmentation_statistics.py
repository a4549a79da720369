import math

import numpy as np
import pytest
from conftest import LENGTH, bert, sentiment

from tfaugkd.augment import build_augmentations
from tfaugkd.augmentation_statistics import (
    REAL,
    entropy_bits,
    nearest_distance,
    statistics_cells,
    statistics_of,
    tokens_per_second,
)
from tfaugkd.augmentation_views import Answers, Looked, Made
from tfaugkd.data.batches import training_batches
from tfaugkd.distiller import Distiller

EVEN, SURE = [0.0, 0.0], [40.0, 0.0]


def made(ids, logits, states, degree=None, moved=0.0):
    answers = Answers(np.array(logits, float), np.array(states, float))
    rows = None if ids is None else np.array(ids, np.int32)
    degrees = None if degree is None else np.array(degree)
    return Made(rows, degrees, np.full(len(logits), moved), answers, answers, False)


@pytest.fixture
def looked():
    clean = made([[1, 2], [3, 4]], [SURE, EVEN], [[1, 0], [0, 2]])
    # The second made text is a real one; the first turns the label over.
    knn = made([[1, 9], [1, 2]], [SURE[::-1], SURE], [[1, 1], [0, 3]], [0.5, 0.25], moved=0.5)
    mixup = made(None, [EVEN, EVEN], [[-1, 0], [1, 0]], moved=0.25)
    return Looked(np.array([0, 1]), clean, {"knn": knn, "mixup": mixup})


def test_every_number_is_that_of_a_hand_count(looked):
    real, knn, mixup = statistics_of(looked, {"knn": 1234.5})
    assert (real.name, real.texts, real.degree, real.flips) == (REAL, 2, None, None)
    assert real.entropy == pytest.approx(0.5)
    assert real.distinct == 1.0
    # At a right angle to the only other one.
    assert real.nearest == pytest.approx(1.0)
    assert (knn.degree, knn.moved, knn.flips, knn.distinct) == (0.375, 0.5, 0.5, 0.5)
    assert knn.entropy == pytest.approx(0.0, abs=1e-9)
    assert knn.nearest == pytest.approx((1 - math.sqrt(0.5)) / 2)
    assert knn.tokens_per_second == 1234.5
    assert (mixup.degree, mixup.distinct, mixup.tokens_per_second) == (None, None, None)
    assert mixup.entropy == pytest.approx(1.0)
    assert mixup.nearest == pytest.approx(0.5)


def test_of_scores_the_change_is_told():
    clean = made([[1], [2]], [[1.0], [2.0]], [[1.0], [1.0]])
    changed = made(None, [[1.5], [1.0]], [[1.0], [1.0]])
    real, mixup = statistics_of(Looked(np.zeros(2), clean, {"mixup": changed}), {})
    assert (mixup.change, mixup.flips, mixup.entropy, real.change) == (0.75, None, None, None)


def test_entropy_is_in_bits():
    assert entropy_bits(np.log([[0.75, 0.25]])) == pytest.approx(0.811278)
    assert entropy_bits(np.zeros([3, 4])) == pytest.approx(2.0)


def test_a_single_text_has_no_neighbour():
    states = np.ones([1, 3])
    assert math.isnan(nearest_distance(states, states, other_than_itself=True))
    assert nearest_distance(states, states) == pytest.approx(0.0)


def test_columns_that_nobody_fills_are_left_out(looked):
    cells = statistics_cells(statistics_of(looked, {}))
    assert cells.columns == [
        *("Method", "Tokens changed %", "Embeddings moved %", "Labels changed %"),
        *("Entropy (bits)", "Distinct texts %", "Distance to nearest real"),
    ]
    assert cells.lines[1] == ["knn", "37.5", "50.0", "50.0", "0.000", "50.0", "0.146"]
    assert cells.lines[2][1] == "-"


def test_each_method_is_timed_by_itself():
    teacher, student = bert(layers=1, seed=1), bert(layers=1, seed=2)
    methods = build_augmentations([{"name": "mixup"}, {"name": "random_replacement"}])
    distiller = Distiller(teacher, student, augmentations=methods)
    batches = training_batches(sentiment(16), student.preprocessor, 8, LENGTH, methods)
    rates = tokens_per_second(distiller, batches, jit_compile=False)
    assert list(rates) == ["mixup", "random_replacement"]
    assert all(rate > 100 for rate in rates.values())
