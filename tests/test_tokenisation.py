import keras_hub
import numpy as np
import pytest
import tensorflow as tf
from conftest import FAMILIES, LENGTH, WORDS, distil_bert, sentiment, text_of, wordpiece

from tfaugkd.data import tokenisation
from tfaugkd.data.examples import Examples
from tfaugkd.data.tokenisation import tokenise
from tfaugkd.layer_selection import copy_preprocessor


@pytest.fixture(scope="module")
def preprocessor():
    return keras_hub.models.BertTextClassifierPreprocessor(
        wordpiece(keras_hub.models.BertTokenizer), sequence_length=64
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_texts_are_tokenised_as_the_models_own_preprocessor_does(family):
    own = FAMILIES[family](layers=1).preprocessor
    texts = sentiment(5)
    found = tokenise(own, texts, 10)
    expected = own(tf.constant(texts.text_a))
    assert found.keys() == expected.keys()
    assert own.sequence_length == 10
    for name, rows in found.items():
        assert rows.dtype == np.int32
        assert rows.shape == (5, 10)
        assert rows.tolist() == np.asarray(expected[name]).astype(int).tolist()


def test_pairs_are_two_segments_and_no_text_with_a_label(preprocessor):
    pair = Examples(["a good film", "bad"], ["very", "the plot"], None, ["0", "1"], ())
    found = tokenise(preprocessor, pair, LENGTH)
    assert text_of(found["token_ids"][0]) == "[CLS] a good film [SEP] very [SEP]"
    assert text_of(found["token_ids"][1]) == "[CLS] bad [SEP] the plot [SEP]"
    assert found["segment_ids"].tolist() == [
        [0] * 5 + [1] * 2 + [0] * 5,
        [0] * 3 + [1] * 3 + [0] * 6,
    ]


@pytest.mark.parametrize("sequence_length", [8, LENGTH])
def test_pairs_have_bert_s_segments_where_the_family_has_none(preprocessor, sequence_length):
    pair = Examples(["a good film", "bad"], ["very", "the plot"], None, ["0", "1"], ())
    expected = tokenise(preprocessor, pair, sequence_length)
    found = tokenise(distil_bert(layers=1).preprocessor, pair, sequence_length)
    assert found.keys() == expected.keys()
    for name, rows in found.items():
        np.testing.assert_array_equal(rows, expected[name])


def test_words_are_cut_into_pieces_and_long_texts_cut_off(preprocessor):
    texts = Examples(["unlikely films zzz", "a " * 50], None, None, ["0", "1"], ())
    found = tokenise(preprocessor, texts, 8)["token_ids"]
    assert text_of(found[0]) == "[CLS] un ##likely film ##s [UNK] [SEP]"
    assert text_of(found[1]) == "[CLS] a a a a a a [SEP]"


def test_more_texts_than_are_tokenised_at_once_stay_in_order(preprocessor):
    words = [WORDS[7 + i % 17] for i in range(1100)]
    texts = Examples(words, None, None, [str(i) for i in range(1100)], ())
    found = tokenise(preprocessor, texts, 8)["token_ids"][:, 1]
    assert [WORDS[i] for i in found] == words


def test_the_same_texts_are_tokenised_once_for_all_models_with_one_tokenizer(
    preprocessor, monkeypatch
):
    other, texts, asked = copy_preprocessor(preprocessor), sentiment(5), []
    real = tokenisation._tokenised
    monkeypatch.setattr(tokenisation, "_tokenised", lambda *told: asked.append(told) or real(*told))
    first = tokenise(preprocessor, texts, LENGTH)
    first["teacher"] = "what a caller adds"
    again = tokenise(other, texts, LENGTH)
    assert len(asked) == 1
    assert other.sequence_length == LENGTH
    assert again.keys() == first.keys() - {"teacher"}
    with pytest.raises(ValueError, match="read-only"):
        again["token_ids"][0, 0] = 7
    shorter = tokenise(preprocessor, texts, LENGTH - 1)
    assert shorter["token_ids"].shape == (5, LENGTH - 1)
    tokenise(preprocessor, sentiment(5), LENGTH)
    tokenise(distil_bert(layers=1).preprocessor, texts, LENGTH)
    assert len(asked) == 4


def test_what_is_large_is_not_kept(preprocessor, monkeypatch):
    monkeypatch.setattr(tokenisation, "_KEPT_BYTES", 2 * 5 * LENGTH * 4)
    texts = sentiment(5)
    tokenise(preprocessor, texts, LENGTH)
    assert tokenisation._kept[texts] == {}
