import pytest

from tfaugkd.sweep_effects import Group, effect, main_effects
from tfaugkd.sweep_space import Parameter
from tfaugkd.sweep_trials import Trial


def trial(accuracy, **values):
    return Trial(values, {"accuracy": [accuracy]})


def test_means_of_each_value_by_hand():
    layers, method = Parameter("layers", (1, 2, 3)), Parameter("method", ("knn", "eda"))
    trials = [
        trial(0.70, layers=2, method="knn"),
        trial(0.74, layers=1, method="knn"),
        trial(0.80, layers=2, method="eda"),
        trial(0.76, layers=1, method="eda"),
    ]
    effects = main_effects([layers, method], trials, "accuracy")
    # eda - knn = .78 - .72; layers: .75 both. The larger effect is first.
    assert list(effects) == ["method", "layers"]
    knn, eda = effects["method"]
    assert (knn.values, knn.trials) == (("knn", "knn"), 2)
    assert (knn.mean, eda.mean) == (pytest.approx(0.72), pytest.approx(0.78))
    # No trial had three layers.
    assert [group.values for group in effects["layers"]] == [(1, 1), (2, 2)]
    assert effect(effects["method"]) == pytest.approx(0.06)
    assert effect(effects["layers"]) == pytest.approx(0.0)


def test_many_numbers_are_put_into_four_groups_in_order():
    rate = Parameter("rate", lowest=0, highest=10)
    trials = [trial(value / 10, rate=float(value)) for value in (9, 3, 1, 7, 5, 2, 8, 4, 6)]
    (groups,) = main_effects([rate], trials, "accuracy").values()
    assert [group.values for group in groups] == [(1, 2, 3), (4, 5), (6, 7), (8, 9)]
    assert [group.mean for group in groups] == pytest.approx([0.2, 0.45, 0.65, 0.85])


def test_choices_that_are_lists_are_told_apart():
    augment = Parameter("augment", ([], [{"name": "knn"}]))
    trials = [trial(0.7, augment=[]), trial(0.8, augment=[{"name": "knn"}])]
    (groups,) = main_effects([augment], trials, "accuracy").values()
    assert groups == [Group(([],), 0.7, 1), Group(([{"name": "knn"}],), 0.8, 1)]
