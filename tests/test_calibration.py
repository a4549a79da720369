import logging
import re

import keras
import numpy as np
import pytest
from conftest import LENGTH, bert, sentiment

from tfaugkd.augment.augpro import AugPro, augpro_fgsm, augpro_mix
from tfaugkd.augment.fgsm import FGSM
from tfaugkd.calibration import bisect, calibrated
from tfaugkd.classifier import SplitClassifier
from tfaugkd.data.batches import training_batches
from tfaugkd.distiller import Distiller
from tfaugkd.errors import InputError


@pytest.mark.parametrize("target", [0.3, 3.0, 47.0])
def test_bisection_finds_where_a_line_reaches_a_value(target):
    point, value = bisect(lambda x: 2 * x, target, first=4.0, largest=1000.0)
    assert value == 2 * point
    # The interval that holds it is halved seven times: it was 4 wide, or as wide as it lies far.
    assert abs(point - target / 2) <= max(4.0, target / 2) / 2**7


def test_bisection_gives_the_nearest_of_the_points_that_it_tried():
    tried = {}

    def step(x):
        tried[x] = 0.0 if x < 5 else x / 5
        return tried[x]

    point, value = bisect(step, 0.9, first=2.0, largest=100.0)
    assert value == point / 5
    assert 5 <= point < 5.1
    assert len(tried) == 3 + 7


def test_bisection_gives_up_at_the_largest_point():
    tried = []
    _, value = bisect(lambda x: tried.append(x) or 0.1, 0.5, first=1.0, largest=64.0)
    assert value == 0.1
    assert max(tried) == 64.0


@pytest.fixture(scope="module")
def data():
    return training_batches(
        sentiment(24), bert(layers=1).preprocessor, 8, LENGTH, [augpro_fgsm(direction="random")]
    )


@pytest.fixture(scope="module")
def models():
    return SplitClassifier(bert(layers=1, seed=1)), SplitClassifier(bert(layers=1, seed=2))


@pytest.mark.parametrize(
    ("unit", "direction", "target"),
    [("rms", "ascent", 0.3), ("absolute", "random", 0.6)],
)
def test_auto_reaches_the_degree_that_is_asked_and_says_so(
    models, data, caplog, unit, direction, target
):
    method = augpro_fgsm(unit=unit, direction=direction, target_degree=target)
    distiller = Distiller(*models, augmentations=[method])
    caplog.set_level(logging.INFO, logger="tfaugkd")
    # The student stays as it is, so that the two steps see what epsilon was set by.
    distiller.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
    history = distiller.fit(data, epochs=1, steps_per_epoch=2, verbose=0).history
    (found,) = distiller.augmentations
    assert isinstance(found.of.epsilon, float)
    assert (found.of.unit, found.of.direction) == (unit, direction)
    # Sixteen texts of five words or so: one word more or less is 1 %.
    degree = history["augpro_fgsm_degree"][0]
    assert degree == pytest.approx(target, abs=0.04)
    (line,) = [record.getMessage() for record in caplog.records if record.name == "tfaugkd"]
    epsilon, changed = re.fullmatch(
        rf"augpro_fgsm: epsilon ([\d.]+) \({unit}\) changes (\d+) % of the tokens; "
        rf"asked were {100 * target:.0f} %.",
        line,
    ).groups()
    assert float(epsilon) == pytest.approx(found.of.epsilon, abs=1e-3)
    assert int(changed) == pytest.approx(100 * degree, abs=1)


def test_calibration_leaves_the_student_and_everything_else_as_it_is(models, data):
    weights = [weight.numpy() for weight in models[1].classifier.weights]
    methods = [augpro_mix(), augpro_fgsm(epsilon=2.5), FGSM()]
    distiller = Distiller(*models, augmentations=methods)
    assert calibrated(distiller, data) == tuple(methods)
    first = AugPro(FGSM("auto"), "first")
    distiller = Distiller(*models, augmentations=[*methods, first])
    found = calibrated(distiller, data)
    assert found[:3] == tuple(methods)
    assert found[3].name == "first"
    assert found[3].of.epsilon > 0
    for weight, before in zip(models[1].classifier.weights, weights, strict=True):
        assert np.array_equal(weight.numpy(), before)


def test_auto_needs_data_to_look_at(models):
    distiller = Distiller(*models, augmentations=[augpro_fgsm()])
    with pytest.raises(InputError, match=r"tf\.data\.Dataset, but the data are a list"):
        distiller.calibrate([])


def test_texts_that_no_epsilon_changes_are_refused(models):
    empty = sentiment(8)
    empty = type(empty)([""] * 8, None, empty.labels, empty.ids, empty.label_names)
    data = training_batches(empty, models[1].classifier.preprocessor, 8, LENGTH)
    distiller = Distiller(*models, augmentations=[augpro_fgsm()])
    with pytest.raises(InputError, match=r"augpro_fgsm: no epsilon up to .* changes a token"):
        distiller.calibrate(data)
