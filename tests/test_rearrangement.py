import numpy as np
import pytest
import tensorflow as tf
from conftest import WORDS, text_of, tokens_of

from tfaugkd.augment.rearrangement import Edit, rearranged
from tfaugkd.augment.words import read_words

PAIR = "[CLS] un ##likely plot . [SEP] film good [SEP]"


def rewritten(student, text, replace=None, insert=None, move=None, drop=(), length=12):
    """Edits one text; words are counted from 0, specials included."""
    tokens = tokens_of(text, length=length)
    own = np.arange(length)
    replacement, inserted, place = np.full(length, -1), np.full(length, -1), own.copy()
    for word, token in (replace or {}).items():
        replacement[word] = WORDS.index(token)
    for word, token in (insert or {}).items():
        inserted[word] = WORDS.index(token)
    for word, other in (move or {}).items():
        place[word] = other
    parts = (replacement, inserted, place, np.isin(own, drop))
    edit = Edit(*(tf.constant(part[np.newaxis], part.dtype) for part in parts))
    edit = Edit(*(tf.cast(part, tf.int32) for part in edit[:3]), edit.dropped)
    return rearranged(tokens, read_words(student.vocabulary, tokens), edit, padding=0)


def written(tokens):
    return text_of(tokens.token_ids[0])


def segments(tokens):
    return "".join(str(value) for value in tokens.segment_ids.numpy()[0])


def test_an_edit_of_nothing_gives_the_text_back(student):
    found = rewritten(student, PAIR)
    for made, original in zip(found[:3], tokens_of(PAIR)[:3], strict=True):
        assert made.dtype == original.dtype
        assert made.numpy().tolist() == original.numpy().tolist()


def test_words_are_replaced_in_their_place(student):
    found = rewritten(student, PAIR, replace={2: "scene", 6: "great"})
    assert written(found) == "[CLS] un ##likely scene . [SEP] film great [SEP]"


def test_words_move_whole_and_take_their_pieces_along(student):
    found = rewritten(student, PAIR, move={1: 3, 3: 1, 5: 6, 6: 5})
    assert written(found) == "[CLS] . plot un ##likely [SEP] good film [SEP]"


def test_what_stands_behind_a_dropped_word_closes_up_with_its_segment_and_mask(student):
    found = rewritten(student, PAIR, drop=[1, 5])
    assert written(found) == "[CLS] plot . [SEP] good [SEP]"
    assert segments(found) == "000011000000"
    assert found.padding_mask.numpy()[0].tolist() == [1] * 6 + [0] * 6


def test_a_word_is_inserted_behind_another_one_in_its_segment(student):
    found = rewritten(student, PAIR, insert={1: "sad", 6: "fun"})
    assert written(found) == "[CLS] un ##likely sad plot . [SEP] film good fun [SEP]"
    assert segments(found) == "000000011110"
    assert found.padding_mask.numpy()[0].tolist() == [1] * 11 + [0]


def test_a_text_that_grows_too_long_loses_its_end_but_no_special(student):
    found = rewritten(student, PAIR, insert={1: "sad"}, length=9)
    assert written(found) == "[CLS] un ##likely sad plot [SEP] film good [SEP]"
    found = rewritten(student, PAIR, insert={1: "sad", 5: "fun"}, length=9)
    assert written(found) == "[CLS] un ##likely sad plot [SEP] film fun [SEP]"
    found = rewritten(student, PAIR, insert={5: "fun", 6: "dull"}, length=9)
    assert written(found) == "[CLS] un ##likely plot . [SEP] film fun [SEP]"
    assert segments(found) == "000000111"


def test_what_there_is_room_for_pushes_nothing_out(student):
    found = rewritten(student, PAIR, insert={1: "sad", 5: "fun"}, length=10)
    # The first one has room; the second pushes the end of its own text out.
    assert written(found) == "[CLS] un ##likely sad plot . [SEP] film fun [SEP]"


def test_dropping_makes_room(student):
    found = rewritten(student, PAIR, insert={1: "sad"}, drop=[6], length=9)
    assert written(found) == "[CLS] un ##likely sad plot . [SEP] film [SEP]"


@pytest.mark.parametrize("length", [9, 12])
def test_padding_is_the_vocabularys_own(student, length):
    tokens = tokens_of(PAIR, length=length)
    words = read_words(student.vocabulary, tokens)
    nothing = tf.fill([1, length], -1)
    edit = Edit(nothing, nothing, tf.range(length)[tf.newaxis], nothing < 0)
    found = rearranged(tokens, words, edit, padding=7)
    assert found.token_ids.numpy().tolist() == [[7] * length]
    assert not found.padding_mask.numpy().any()
