import shutil
from dataclasses import replace

import numpy as np
import pytest
from conftest import sentiment

from tfaugkd.fingerprint import (
    file_fingerprint,
    first_difference,
    folder_fingerprint,
    preset_fingerprint,
    texts_fingerprint,
)


def test_texts_are_told_apart_by_what_is_trained_on():
    examples = sentiment(20, pairs=True)
    found = texts_fingerprint(examples)
    assert found.startswith("20 texts, sha256 ")
    assert texts_fingerprint(replace(examples, groups=["film"] * 20)) == found
    others = [
        replace(examples, labels=1 - np.asarray(examples.labels)),
        replace(examples, labels=None),
        replace(examples, protect=("film",)),
        replace(examples, ids=[f"row {i}" for i in range(20)]),
        replace(examples, text_b=None),
        replace(examples, label_names=("positive", "negative")),
        examples.take(range(19)),
        examples.take(range(19, -1, -1)),
    ]
    assert len({found, *map(texts_fingerprint, others)}) == 9


def test_folders_are_told_apart_by_names_and_bytes(tmp_path):
    first = tmp_path / "first"
    (first / "deep").mkdir(parents=True)
    (first / "deep" / "a").write_bytes(b"one")
    (first / "b").write_bytes(b"two")
    found = folder_fingerprint(first)
    assert found.startswith("files with sha256 ")
    assert preset_fingerprint(str(first)) == found
    assert folder_fingerprint(shutil.copytree(first, tmp_path / "copy")) == found
    (tmp_path / "copy" / "b").rename(tmp_path / "copy" / "c")
    (first / "b").write_bytes(b"twO")
    assert len({found, folder_fingerprint(first), folder_fingerprint(tmp_path / "copy")}) == 3


def test_files_are_told_apart_by_bytes(tmp_path):
    for name, content in [("a", "one"), ("b", "one"), ("c", "two")]:
        (tmp_path / name).write_text(content)
    first, same, other = (file_fingerprint(tmp_path / name) for name in "abc")
    assert first == same != other


@pytest.mark.parametrize("name", ["bert_base_en", None])
def test_a_preset_of_the_hub_is_told_by_its_name(name):
    assert preset_fingerprint(name) == name


@pytest.mark.parametrize(
    ("old", "new", "difference"),
    [
        ({"train": {"steps": 20}}, {"train": {"steps": 30}}, "train.steps 20, not 30"),
        ({"a": 1, "b": [{"c": 2}]}, {"a": 1, "b": [{"c": 3}]}, "b[0].c 2, not 3"),
        ({"b": []}, {"b": [{"name": "mixup"}]}, "no b[0].name, not 'mixup'"),
        ({"a": 1, "b": {"c": None}}, {"a": 1}, "b.c None, not without"),
        ({"a": 1.0, "b": None}, {"a": 1, "b": None}, None),
        ({"a": {}}, {"a": {}}, None),
    ],
)
def test_the_first_difference_in_words(old, new, difference):
    assert first_difference(old, new) == difference
