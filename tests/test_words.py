import numpy as np
import tensorflow as tf
from conftest import WORDS, byte_pairs, roberta, tokens_of

from tfaugkd.augment.words import read_words, single_pieces, touchable, word_starts
from tfaugkd.classifier import SplitClassifier, Tokens

TEXT = "[CLS] un ##likely ##s . [SEP] film un ##ly [SEP]"


def marks(flags):
    return "".join("x" if flag else "." for flag in flags.numpy()[0])


def test_text_may_be_touched_and_nothing_else(student):
    assert marks(touchable(student.vocabulary, tokens_of(TEXT))) == ".xxxx.xxx..."


def test_a_word_begins_wherever_no_piece_goes_on(student):
    assert marks(word_starts(student.vocabulary, tokens_of(TEXT).token_ids)) == "xx..xxxx.xxx"


def test_a_piece_behind_a_special_begins_a_word(student):
    tokens = tokens_of("[CLS] ##ly ##s [SEP] ##ly")
    assert marks(word_starts(student.vocabulary, tokens.token_ids)) == "xx.xxxxxxxxx"


def test_single_pieces_are_words_that_nothing_goes_on_with(student):
    assert marks(single_pieces(student.vocabulary, tokens_of(TEXT))) == "....x.x....."
    full = tokens_of("[CLS] good bad [SEP] film", length=5)
    assert marks(single_pieces(student.vocabulary, full)) == ".xx.x"


def test_byte_pairs_begin_a_word_by_the_blank_before_it():
    vocabulary = SplitClassifier(roberta(layers=1)).vocabulary
    numbered, _ = byte_pairs()
    text = ["<s>", "good", "Ġfilm", "s", ".", "Ġbad", ".", "</s>", "</s>", "a", "</s>", "<pad>"]
    ids = tf.constant([[numbered[token] for token in text]])
    assert marks(word_starts(vocabulary, ids)) == "xxx.xxxxxxxx"
    mask = tf.constant([[1] * 11 + [0]])
    tokens = Tokens(ids, tf.zeros_like(ids), mask)
    assert marks(single_pieces(vocabulary, tokens)) == ".x..xxx..x.."


def test_the_words_of_a_pair(student):
    words = read_words(student.vocabulary, tokens_of(TEXT))
    assert words.of_position.numpy()[0].tolist() == [0, 1, 1, 1, 2, 3, 4, 5, 5, 6, 7, 8]
    assert words.first.numpy()[0, :9].tolist() == [0, 1, 4, 5, 6, 7, 9, 10, 11]
    assert words.pieces.numpy()[0].tolist() == [1, 3, 1, 1, 1, 2, 1, 1, 1, 0, 0, 0]
    assert marks(words.is_text) == ".xx.xx......"
    assert marks(words.touchable) == ".xx.xx......"
    parts = words.part.numpy()[0]
    assert parts[1] == parts[2] != parts[4] == parts[5]


def test_a_word_is_touched_whole_or_not_at_all(student):
    tokens = tokens_of("[CLS] un ##likely good [SEP]")
    # The mask makes padding of the last piece, which no text has; a protected piece is no other.
    hidden = tokens._replace(padding_mask=tf.constant([[1, 1, 0, 1, 1] + [0] * 7]))
    assert marks(read_words(student.vocabulary, hidden).touchable) == "..x........."


def test_a_text_that_fills_the_batch(student):
    tokens = tokens_of("[CLS] good un ##ly", length=4)
    words = read_words(student.vocabulary, tokens)
    assert words.pieces.numpy().tolist() == [[1, 1, 2, 0]]
    assert np.asarray(WORDS)[tokens.token_ids.numpy()[0, words.first.numpy()[0, 2]]] == "un"
