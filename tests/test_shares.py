from typing import Any

import pytest

from tfaugkd.comparison_config import CompareConfig
from tfaugkd.config import MethodConfig
from tfaugkd.data.examples import Examples
from tfaugkd.data.shares import part_of_train, takes_part
from tfaugkd.data_config import DataConfig
from tfaugkd.errors import InputError


def _ids(count: int, split: str = "train", **fields: Any) -> list[str]:
    return part_of_train(DataConfig(**fields), split, Examples(["text"] * count)).ids


@pytest.mark.parametrize("count", [15, 25, 40, 997])
@pytest.mark.parametrize(("teacher", "student"), [(0.1, 0.9), (0.7, 0.3), (0.35, 0.65)])
def test_shares_that_add_up_to_one_take_every_row_once(count: int, teacher: float, student: float):
    first = _ids(count, train_share=teacher)
    second = _ids(count, skip_share=teacher, train_share=student)

    assert len(first) == round(teacher * count)
    assert not set(first) & set(second)
    assert sorted(first + second, key=int) == [str(row) for row in range(count)]


def test_a_share_is_the_subset_of_that_many_examples():
    assert _ids(40, train_share=0.25) == _ids(40, train_examples=10)
    assert _ids(40, train_share=0.5)[:10] == _ids(40, train_examples=10)
    assert _ids(40, train_share=0.25, seed=1) != _ids(40, train_share=0.25)


def test_shares_are_of_what_is_not_held_out():
    held_out, rest = _ids(50, "held_out", held_out=10), _ids(50, held_out=10, train_share=1.0)

    assert (len(held_out), len(rest)) == (10, 40)
    assert not set(held_out) & set(rest)
    assert _ids(50, "held_out", held_out=10, skip_share=0.5, train_share=0.1) == held_out


def test_what_is_skipped_is_what_a_teacher_with_the_same_seed_has_seen():
    seen, rest = _ids(30, train_examples=12), _ids(30, skip_examples=12)

    assert sorted(seen + rest, key=int) == [str(row) for row in range(30)]
    assert _ids(30, skip_examples=12, train_examples=5) == rest[:5]
    assert _ids(30, skip_examples=12, train_share=0.5) == rest[:15]
    assert _ids(30, skip_share=0.4, train_examples=5) == rest[:5]


def test_a_whole_split_is_no_part():
    assert not takes_part(DataConfig())
    for fields in ({"held_out": 1}, {"train_share": 1.0}, {"skip_share": 0.1}):
        assert takes_part(DataConfig(**fields))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"skip_examples": 20}, "Nothing is left to train on: the training split has 20 examples"),
        ({"skip_examples": 30}, "20 examples and 30 of which data.skip_examples (30) leaves out."),
        (
            {"skip_share": 0.5, "train_examples": 11},
            "data.train_examples is 11, but the training split has 20 examples and 10 of which "
            "data.skip_share (0.5) leaves out.",
        ),
        (
            {"train_share": 0.01},
            "data.train_share is 0.01, which is 0, but the training split has 20 examples.",
        ),
        (
            {"held_out": 15, "skip_examples": 4, "train_share": 0.8},
            "which is 4, but the training split has 20 examples, 15 of which are held out and 4",
        ),
    ],
)
def test_a_share_that_leaves_nothing_is_refused(fields: dict[str, Any], message: str):
    with pytest.raises(InputError) as error:
        _ids(20, **fields)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"train_share": 0.0}, "train_share is 0.0, but must be above 0 and up to 1."),
        ({"train_share": 10.0}, "train_share is 10.0, but must be above 0 and up to 1."),
        ({"skip_share": 1.0}, "skip_share is 1.0, but must be from 0 and below 1."),
        ({"skip_examples": -1}, "skip_examples is -1, but must be 0 or more."),
        (
            {"train_share": 0.5, "train_examples": 5},
            "train_share is 0.5, but must be left out where train_examples is given.",
        ),
        (
            {"skip_share": 0.5, "skip_examples": 5},
            "skip_share is 0.5, but must be left out where skip_examples is given.",
        ),
        (
            {"skip_share": 0.2, "train_share": 0.9},
            "train_share is 0.9, but must be at most what skip_share (0.2) leaves.",
        ),
        ({"protect": [""]}, "protect is [''], but must be a list of strings that are not empty."),
    ],
)
def test_keys_that_contradict_each_other_are_refused(fields: dict[str, Any], message: str):
    with pytest.raises(InputError) as error:
        DataConfig(**fields)
    assert str(error.value) == message


def test_a_teachers_share_is_checked_like_the_students():
    methods = {"KD": MethodConfig()}
    with pytest.raises(InputError, match="teacher_share is 2, but must be above 0 and up to 1"):
        CompareConfig(methods, teacher_share=2)
    with pytest.raises(InputError, match="left out where teacher_examples is given"):
        CompareConfig(methods, teacher_share=0.1, teacher_examples=10)
