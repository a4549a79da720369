from pathlib import Path

import numpy as np
import pytest

from tfaugkd.data.labels import distinct_labels, encode_labels
from tfaugkd.errors import InputError

_FILE = Path("train.csv")


def _encode(labels: list[str], names: tuple[str, ...]) -> np.ndarray:
    return encode_labels(labels, names, _FILE, range(2, 2 + len(labels)))


def test_names_and_indices_mean_the_same():
    encoded = _encode(["good", "0", " bad ", "1"], ("bad", "good"))

    np.testing.assert_array_equal(encoded, [1, 0, 0, 1])
    assert encoded.dtype == np.int32


def test_numbers_as_names_are_never_indices():
    np.testing.assert_array_equal(_encode(["1", "2"], ("2", "1")), [1, 0])
    with pytest.raises(InputError, match=r"'0' is not one of: 1, 2\."):
        _encode(["0"], ("1", "2"))


def test_scores():
    encoded = _encode(["3.8", "5", "-1e-3"], ())

    np.testing.assert_allclose(encoded, [3.8, 5, -0.001], rtol=1e-6)
    assert encoded.dtype == np.float32


@pytest.mark.parametrize("score", ["nan", "inf", "-inf", "1e39", "high", ""])
def test_scores_that_are_not_finite_numbers(score: str):
    with pytest.raises(InputError, match=r"train\.csv, line 3: the label .* not a finite number"):
        _encode(["1", score], ())


@pytest.mark.parametrize("label", ["ugly", "2", "-1", "1.0", "Good", ""])
def test_label_out_of_the_list(label: str):
    message = rf"train\.csv, line 3: the label '{label}' is not one of: bad, good \(or its index"
    with pytest.raises(InputError, match=message):
        _encode(["bad", label], ("bad", "good"))


def test_distinct_labels_are_sorted():
    assert distinct_labels(["pos", "neg", "pos "], _FILE, "label") == ("neg", "pos")
    assert distinct_labels(["10", "2", "1"], _FILE, "label") == ("1", "2", "10")


def test_scores_are_not_taken_for_classes():
    with pytest.raises(InputError, match=r"'score' of train\.csv holds scores; .* \[\] for regr"):
        distinct_labels(["1", "2.5"], _FILE, "score")


def test_one_label_is_too_few():
    with pytest.raises(InputError, match=r"only one label in 'label': 'pos'"):
        distinct_labels(["pos", "pos"], _FILE, "label")
