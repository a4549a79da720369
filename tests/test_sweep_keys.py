import pytest

from tfaugkd.config import Objective
from tfaugkd.errors import InputError
from tfaugkd.job_configs import DistillConfig
from tfaugkd.sweep_keys import check_value, configured, overlapping

BASE = DistillConfig(augment=[{"name": "knn", "degree": 0.2}, {"name": "eda"}])


def test_values_are_put_where_their_keys_point():
    values = {
        "loss.soft": 3.0,
        "augment[1].degree": 0.4,
        "augment[0].name": "random_replacement",
        "train.steps": 7,
        "student.preset": "bert_tiny_en_uncased",
    }
    config = configured(BASE, values)
    assert config.loss == Objective(soft=3.0)
    assert config.augment == [
        {"name": "random_replacement", "degree": 0.2},
        {"name": "eda", "degree": 0.4},
    ]
    assert (config.train.steps, config.student.preset) == (7, "bert_tiny_en_uncased")
    assert BASE.augment == [{"name": "knn", "degree": 0.2}, {"name": "eda"}]


def test_a_mapping_sets_the_keys_that_it_names():
    config = configured(BASE, {"loss": {"distance": "kl", "deep": {"hidden": 1.0}}})
    assert (config.loss.distance, config.loss.hard, config.loss.deep.hidden) == ("kl", 1.0, 1.0)
    # An entry of the list of augmentations is no such mapping, and is replaced.
    config = configured(BASE, {"augment[0]": {"name": "mixup"}})
    assert config.augment[0] == {"name": "mixup"}


def test_nothing_varied_is_the_base():
    assert configured(BASE, {}) == BASE


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("loss.sotf", 1.0, "Unknown key 'loss.sotf' in space. Did you mean 'loss.soft'?"),
        ("train.steps", 1.5, "train.steps is 1.5 in space, but must be a whole number."),
        ("augment[2].degree", 0.1, "the list there has 2 entries"),
        ("augment.degree", 0.1, "'degree' stands behind a list; name an entry by its place"),
        ("loss.soft.more", 0.1, "there is nothing that 'more' is in"),
        ("no.such", 0.1, "there is no 'no'"),
        ("augment[-1].degree", 0.1, "a key looks like augment[0].degree"),
    ],
)
def test_what_cannot_be_set(key, value, message):
    with pytest.raises(InputError) as error:
        check_value(BASE, key, value)
    assert message in str(error.value)


def test_what_keys_take_beside_each_other_is_seen_in_the_whole_alone():
    check_value(BASE, "loss.temperature", 2.0)
    with pytest.raises(InputError, match=r"loss.temperature is 2.0, but must be 1 where"):
        configured(BASE, {"loss.temperature": 2.0})
    configured(BASE, {"loss.temperature": 2.0, "loss.distance": "kl"})


@pytest.mark.parametrize(
    ("key", "other", "expected"),
    [
        ("loss", "loss.soft", True),
        ("augment", "augment[0].degree", True),
        ("loss.soft", "loss.soft", True),
        ("loss.soft", "loss.hard", False),
        ("augment[0].degree", "augment[1].degree", False),
        ("train.steps", "train.step", False),
    ],
)
def test_overlapping_keys(key, other, expected):
    assert overlapping(key, other) is expected
    assert overlapping(other, key) is expected
