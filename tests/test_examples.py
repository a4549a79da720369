import numpy as np
import pytest

from tfaugkd.data.examples import Examples


def _pairs(count: int) -> Examples:
    return Examples(
        text_a=[f"a{place}" for place in range(count)],
        text_b=[f"b{place}" for place in range(count)],
        labels=np.arange(count, dtype=np.int32) % 2,
        ids=[str(place) for place in range(count)],
        label_names=("no", "yes"),
        groups=[f"film{place // 2}" for place in range(count)],
    )


def test_take_keeps_fields_together_and_order():
    taken = _pairs(6).take([5, 0])

    assert len(taken) == 2
    assert taken.text_a == ["a5", "a0"]
    assert taken.text_b == ["b5", "b0"]
    assert taken.ids == ["5", "0"]
    assert taken.groups == ["film2", "film0"]
    assert taken.label_names == ("no", "yes")
    np.testing.assert_array_equal(taken.labels, np.array([1, 0], np.int32))
    assert taken.labels.dtype == np.int32


def test_take_without_labels_pairs_or_groups():
    taken = Examples(["x", "y"], None, None, ["0", "1"], ()).take(np.array([1]))

    assert (taken.text_a, taken.text_b, taken.labels, taken.groups) == (["y"], None, None, None)


def test_take_nothing():
    assert len(_pairs(3).take([])) == 0


def test_shuffled_is_a_permutation_that_depends_on_the_seed_alone():
    shuffled = _pairs(50).shuffled(3)

    assert shuffled.ids == _pairs(50).shuffled(3).ids
    assert shuffled.ids != _pairs(50).shuffled(4).ids
    assert sorted(shuffled.ids, key=int) == _pairs(50).ids
    assert [text[1:] for text in shuffled.text_b] == shuffled.ids


def test_shuffled_order_is_fixed_for_good():
    # Subsets of published runs depend on it.
    assert _pairs(8).shuffled(0).ids == ["2", "4", "3", "6", "5", "0", "1", "7"]


@pytest.mark.parametrize("field", ["text_b", "labels", "ids", "groups"])
def test_lengths_that_differ_are_refused(field: str):
    fields = vars(_pairs(3)) | {field: vars(_pairs(2))[field]}

    with pytest.raises(ValueError, match=f"{field} has 2 items, text_a has 3"):
        Examples(**fields)


def test_joined_puts_the_others_behind():
    joined = _pairs(3).joined(_pairs(5).take([4, 1]))

    assert joined.ids == ["0", "1", "2", "4", "1"]
    assert joined.text_b == _pairs(3).text_b + _pairs(5).take([4, 1]).text_b
    assert joined.labels.dtype == _pairs(3).labels.dtype
    assert joined.label_names == _pairs(3).label_names
    assert joined.groups == _pairs(3).groups + _pairs(5).take([4, 1]).groups


@pytest.mark.parametrize("field", ["text_b", "labels", "groups"])
def test_joined_refuses_others_of_another_kind(field: str):
    others = Examples(**(vars(_pairs(3)) | {field: None}))

    with pytest.raises(ValueError, match=f"Only one of the two sets of examples has {field}"):
        _pairs(3).joined(others)
