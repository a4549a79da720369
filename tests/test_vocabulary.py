import keras_hub
import numpy as np
import pytest
import tensorflow as tf
from conftest import ROWS, WORDS, byte_pairs, roberta, tokens_of, wordpiece

from tfaugkd.classifier import SplitClassifier
from tfaugkd.vocabulary import Vocabulary, root_mean_square, spelling


@pytest.fixture(scope="module")
def vocabulary():
    return Vocabulary(wordpiece(keras_hub.models.BertTokenizer), ROWS)


def test_specials_frame_a_text_and_the_unknown_token_does_not(vocabulary):
    special = {WORDS[i] for i in np.flatnonzero(vocabulary.special)}
    assert special == {"[PAD]", "[CLS]", "[SEP]", "[MASK]"}


def test_what_can_be_produced_is_every_other_token_but_the_unused_ones(vocabulary):
    assert vocabulary.producible.shape == (ROWS,)
    left_out = {WORDS[i] for i in range(len(WORDS)) if not vocabulary.producible[i]}
    assert left_out == {"[PAD]", "[CLS]", "[SEP]", "[MASK]", "[unused0]", "[unused1]"}


def test_rows_beyond_the_tokenizer_cannot_be_produced(vocabulary):
    assert not vocabulary.producible[len(WORDS) :].any()
    assert vocabulary.producible[len(WORDS) - 1]


def test_text_is_what_is_no_special(vocabulary):
    tokens = tokens_of("[CLS] good [UNK] [SEP] ##ly [SEP]")
    assert vocabulary.is_text(tokens.token_ids).numpy().tolist() == [
        [False, True, True, False, True] + [False] * 7
    ]


@pytest.mark.parametrize("order", [1, -1])
def test_byte_pairs_are_known_by_id_in_whatever_order_their_file_lists_them(order):
    numbered, merges = byte_pairs()
    numbered |= {"madeupword0000": len(numbered)}
    listed = dict(list(numbered.items())[::order])
    tokenizer = keras_hub.models.RobertaTokenizer(vocabulary=listed, merges=merges)
    vocabulary = Vocabulary(tokenizer, len(numbered))
    assert vocabulary.tokens[numbered["Ġgood"]] == "Ġgood"
    special = {token for token, i in numbered.items() if vocabulary.special[i]}
    assert special == {"<s>", "<pad>", "</s>", "<mask>"}
    left_out = {token for token, i in numbered.items() if not vocabulary.producible[i]}
    assert left_out == special | {"madeupword0000"}


def test_a_split_classifier_knows_its_vocabulary():
    model = SplitClassifier(roberta(layers=1))
    assert model.vocabulary.special.shape == (model.table.shape[0],)


def test_root_mean_square_by_hand():
    # sqrt((9 + 16 + 0 + 0) / 4)
    assert float(root_mean_square(tf.constant([[3.0, -4.0], [0.0, 0.0]]))) == 2.5


def test_a_word_begins_wherever_no_mark_says_that_it_goes_on(vocabulary):
    goes_on = {WORDS[i] for i in range(len(WORDS)) if not vocabulary.begins_word[i]}
    assert goes_on == {"##likely", "##ly", "##s"}


def test_whole_words_can_be_produced_and_go_on_with_nothing(vocabulary):
    words = {WORDS[i] for i in np.flatnonzero(vocabulary.whole_word)}
    assert words == {word for word in WORDS if not word.startswith(("[", "##"))}
    assert vocabulary.whole_word.shape == (ROWS,)


def test_byte_pairs_begin_words_with_a_blank_or_as_punctuation():
    numbered, merges = byte_pairs()
    tokenizer = keras_hub.models.RobertaTokenizer(vocabulary=numbered, merges=merges)
    vocabulary = Vocabulary(tokenizer, len(numbered))
    words = {token for token, i in numbered.items() if vocabulary.whole_word[i]}
    assert words == {"Ġgood", "Ġbad", "Ġfilm", ".", ",", "!", "?"}
    # A blank alone begins a word, but is none.
    assert vocabulary.begins_word[numbered["Ġ"]]
    assert vocabulary.padding == numbered["<pad>"]


def test_spelling_leaves_the_blank_out():
    assert [spelling(token) for token in ("Ġgood", "▁good", "good", "##s", "Ġ")] == [
        "good",
        "good",
        "good",
        "##s",
        "",
    ]
