import logging
from inspect import signature

import pytest

from tfaugkd.augment import METHODS, build_augmentations, eda
from tfaugkd.augment.augpro import augpro_fgsm, augpro_mix
from tfaugkd.augment.fgsm import FGSM
from tfaugkd.augment.knn import KNN
from tfaugkd.augment.method import Augmentation
from tfaugkd.augment.mixup import MixUp
from tfaugkd.augment.variants import Variants
from tfaugkd.errors import InputError
from tfaugkd.job_configs import DistillConfig

# What has no default.
NEEDED = {"variants": {"file": "aug.tsv"}}


@pytest.fixture(autouse=True)
def synonyms(monkeypatch):
    """Lets EDA be built where no synonyms are installed."""
    monkeypatch.setattr(eda, "require_synonyms", lambda: None)


def test_names_and_options_become_augmentations():
    entries = [{"name": "mixup", "alpha": 0.4, "hard": 0}, {"name": "fgsm", "epsilon": 1}]
    assert build_augmentations(entries) == [MixUp(alpha=0.4, hard=0), FGSM(epsilon=1)]
    assert entries == [{"name": "mixup", "alpha": 0.4, "hard": 0}, {"name": "fgsm", "epsilon": 1}]
    assert build_augmentations([]) == []


@pytest.mark.parametrize("name", METHODS)
def test_every_method_is_logged_under_the_name_it_is_listed_by(name):
    entry = {"name": name, **NEEDED.get(name, {})}
    (method,) = build_augmentations([entry])
    assert isinstance(method, Augmentation)
    assert method.name == name
    assert hash(method) == hash(build_augmentations([entry])[0])


def test_methods_that_mix_take_different_partners():
    built = build_augmentations([{"name": "mixup"}, {"name": "fgsm"}, {"name": "augpro_mix"}])
    assert built == [MixUp(rotation=1), FGSM(), augpro_mix(rotation=2)]
    built = build_augmentations([{"name": "mixup", "rotation": 7}, {"name": "augpro_mix"}])
    assert built == [MixUp(rotation=7), augpro_mix(rotation=1)]


def test_epsilon_may_be_a_number_or_auto():
    assert build_augmentations([{"name": "augpro_fgsm", "epsilon": "auto"}]) == [augpro_fgsm()]
    assert build_augmentations([{"name": "augpro_fgsm", "epsilon": 3}]) == [augpro_fgsm(3)]


def test_the_nearest_name_is_offered():
    with pytest.raises(InputError, match=r"Unknown augmentation: 'augpro-mix'.*'augpro_mix'"):
        build_augmentations([{"name": "augpro-mix"}])
    with pytest.raises(InputError, match=r"Unknown option of mixup: 'wieght'.*'weight'"):
        build_augmentations([{"name": "mixup", "wieght": 0.5}])
    with pytest.raises(InputError, match="Unknown augmentation: 'None'"):
        build_augmentations([{"weight": 0.5}])


def test_an_option_that_is_missing_is_named():
    with pytest.raises(InputError, match="variants needs the option 'file'"):
        build_augmentations([{"name": "variants"}])


def test_files_of_variants_have_the_tasks_columns_unless_told_which():
    entry = {"name": "variants", "file": "aug.tsv"}
    assert build_augmentations([entry]) == [Variants("aug.tsv", "text")]
    assert build_augmentations([entry], columns=("sentence",)) == [Variants("aug.tsv", "sentence")]
    built = build_augmentations([entry | {"text_b": "end"}], columns=("one", "two"))
    assert built == [Variants("aug.tsv", "one", "end")]
    assert build_augmentations([{"name": "mixup"}], columns=("one", "two")) == [MixUp()]


def test_a_method_listed_twice_is_refused():
    with pytest.raises(InputError, match="'mixup' is listed 2 times"):
        build_augmentations([{"name": "mixup"}, {"name": "mixup", "weight": 0.3}])


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"name": "mixup", "weight": "0.5"}, "mixup.weight is '0.5', but must be a number."),
        ({"name": "mixup", "weight": None}, "mixup.weight is None, but must be a number."),
        ({"name": "mixup", "alpha": "1e1"}, "mixup.alpha is '1e1', but must be null or a number."),
        ({"name": "mixup", "rotation": 1.5}, "mixup.rotation is 1.5, but must be a whole number."),
        ({"name": "augpro_mix", "soft": True}, "augpro_mix.soft is True, but must be a number."),
        ({"name": "augpro_mix", "weight": [1]}, "augpro_mix.weight is [1], but must be a number."),
        ({"name": "fgsm", "unit": 3}, "fgsm.unit is 3, but must be one of 'rms', 'absolute'."),
        (
            {"name": "augpro_fgsm", "epsilon": None},
            "augpro_fgsm.epsilon is None, but must be a number or 'auto'.",
        ),
    ],
)
def test_an_option_of_the_wrong_kind_is_refused_in_a_sentence(entry, sentence):
    with pytest.raises(InputError) as refused:
        build_augmentations([entry])
    assert str(refused.value) == sentence


def test_the_help_of_augment_names_every_method_with_its_options():
    explained = " ".join((DistillConfig.__doc__ or "").split())
    for name, method in METHODS.items():
        options = [option for option in signature(method).parameters if option != "name"]
        assert f"{name} ({', '.join(options)})" in explained


def test_a_ratio_makes_mixtures_with_other_partners_that_share_the_weight():
    threefold = {"name": "mixup", "ratio": 3, "hard": 1.5, "deep": 0.75}
    made = build_augmentations([threefold, {"name": "augpro_mix"}])
    names = ["mixup", "mixup_2", "mixup_3", "augpro_mix"]
    assert [method.name for method in made] == names
    assert [method.rotation for method in made[:3]] == [1, 2, 3]
    weights = [(method.hard, method.soft, method.deep) for method in made[:3]]
    assert weights == [(0.5, 1 / 3, 0.25)] * 3
    assert [method.soft for method in build_augmentations([{"name": "tmix", "ratio": 2}])] == [
        0.5
    ] * 2
    assert made[3].of.rotation == 5


def test_a_ratio_of_projected_mixtures_names_their_draws_too():
    _, second = build_augmentations([{"name": "augpro_mix", "alpha": 0.4, "ratio": 2}])
    assert (second.name, second.of.name, second.soft) == ("augpro_mix_2", "augpro_mix_2", 0.5)


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"name": "mixup", "ratio": 7}, "mixup.ratio is 7, but must be from 1 to 6."),
        ({"name": "mixup", "ratio": True}, "mixup.ratio is True, but must be from 1 to 6."),
        (
            {"name": "tmix", "ratio": 2, "rotation": 1},
            "tmix has a ratio of 2 and a rotation, but each of its mixtures needs another partner; "
            "leave the rotation out.",
        ),
        (
            {"name": "fgsm", "ratio": 2},
            "Unknown option of fgsm: 'ratio'. Allowed: deep, direction, epsilon, hard, soft, unit.",
        ),
    ],
)
def test_a_ratio_that_no_mixture_has_is_refused(entry, sentence):
    with pytest.raises(InputError) as refused:
        build_augmentations([entry])
    assert str(refused.value) == sentence


@pytest.mark.parametrize("examples", [400, 20_000, 200_000])
def test_a_degree_that_is_auto_goes_by_the_number_of_examples(examples, caplog):
    names = ("knn", "eda", "random_replacement")
    entries = [{"name": name, "degree": "auto"} for name in names]
    with caplog.at_level(logging.INFO, logger="tfaugkd"):
        built = build_augmentations(entries, train_examples=examples)
    advised = {400: 0.5, 20_000: 0.3, 200_000: 0.1}[examples]
    assert [method.degree for method in built] == [advised, advised, 0.2]
    assert f"knn: the degree for {examples} examples is {advised}." in caplog.text


def test_a_degree_that_is_auto_needs_the_number_of_examples():
    with pytest.raises(InputError) as refused:
        build_augmentations([{"name": "knn", "degree": "auto"}])
    assert "knn.degree is 'auto'" in str(refused.value)
    assert "train_examples" in str(refused.value)
    assert build_augmentations([{"name": "knn", "degree": 0.1}]) == [KNN(degree=0.1)]


def test_a_table_is_no_option():
    with pytest.raises(InputError, match="Unknown option of knn: 'candidates'"):
        build_augmentations([{"name": "knn", "candidates": None}])
