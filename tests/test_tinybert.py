import re

import numpy as np
import pytest
from conftest import WORDS, bert
from hypothesis import given, settings
from hypothesis import strategies as st

from tfaugkd.classifier import SplitClassifier
from tfaugkd.errors import InputError
from tfaugkd.tinybert import TinyBertEditing, is_replaceable

TEXT = "The film, a good Plot: Fun-dull!  (very Great)"


@pytest.fixture(scope="module")
def model():
    return SplitClassifier(bert(layers=1, seed=6))


def rewritten(method, texts, copies, model, seed=0):
    return list(method.rewritten(texts, copies, seed, lambda: model))


@pytest.mark.parametrize(
    ("word", "replaceable"),
    [
        *[("film", True), ("Film", True), ("the", False), ("The", False), ("don't", False)],
        *[("caf\u00e9", False), ("3d", False), ("42", False), ("not", False)],
    ],
)
def test_words_of_letters_that_are_no_stop_words_are_replaceable(word, replaceable):
    assert is_replaceable(word) is replaceable


def test_probability_zero_changes_nothing(model):
    found = rewritten(TinyBertEditing(probability=0.0), [TEXT, ""], 3, model)
    assert found == [[TEXT] * 3, [""] * 3]


def test_probability_one_replaces_every_word_and_nothing_else(model):
    ((found,),) = rewritten(TinyBertEditing(probability=1.0), [TEXT], 1, model)
    pattern = r"The (\w+), a (\w+) (\w+): (\w+)-(\w+)!  \(very (\w+)\)"
    new = re.fullmatch(pattern, found).groups()
    old = re.fullmatch(pattern, TEXT).groups()
    for one, other in zip(old, new, strict=True):
        assert one.lower() != other.lower()
        assert one.istitle() == other.istitle()


def test_candidates_are_words_of_the_vocabulary(model):
    method = TinyBertEditing(probability=1.0, candidates=3)
    versions = rewritten(method, ["film"], 60, model)[0]
    assert len(set(versions)) == 3
    assert set(versions) < {word for word in WORDS if word.isalpha()}


def test_the_share_of_words_replaced_is_the_probability(model):
    text = " ".join(["film", "good", "plot", "scene"] * 25)
    versions = rewritten(TinyBertEditing(probability=0.4), [text], 40, model)[0]
    changed = [
        new != old
        for version in versions
        for new, old in zip(version.split(), text.split(), strict=True)
    ]
    # 4,000 draws: one standard deviation is 0.0077.
    assert abs(np.mean(changed) - 0.4) < 0.031


def test_versions_depend_on_the_seed_the_place_and_no_other_text(model):
    method = TinyBertEditing()
    texts = ["good film plot scene actor"] * 70
    first = rewritten(method, texts, 2, model, seed=3)
    assert rewritten(method, texts, 2, model, seed=3) == first
    assert rewritten(method, texts, 2, model, seed=4) != first
    assert rewritten(method, ["dull", *texts[1:]], 2, model, seed=3)[1:] == first[1:]
    assert len({tuple(versions) for versions in first}) > 35


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=40), st.integers(0, 2**31))
def test_any_text_keeps_what_is_no_word(model, text, seed):
    (version,) = rewritten(TinyBertEditing(probability=0.7), [text], 1, model, seed)[0]
    kept = "".join(c for c in text if not c.isascii() or not c.isalpha())
    assert "".join(c for c in version if not c.isascii() or not c.isalpha()) == kept


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"probability": 1.5}, "tinybert.probability is 1.5, but must be from 0 to 1"),
        ({"candidates": 0}, "tinybert.candidates is 0, but must be 1 or more"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        TinyBertEditing(**options)
