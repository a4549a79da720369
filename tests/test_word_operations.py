import numpy as np
import pytest
import tensorflow as tf
from conftest import WORDS, tokens_of

from tfaugkd.augment.candidates import candidates_of
from tfaugkd.augment.randomness import example_seeds, random_numbers
from tfaugkd.augment.word_operations import NUMBERS, Text, random_edit, share
from tfaugkd.augment.words import read_words

# Eight words of text in two segments, one of two pieces; "good" and "film" have synonyms.
PAIR = "[CLS] good un ##likely plot [SEP] film the was very bad [SEP]"
SYNONYMS = candidates_of(
    {
        WORDS.index("good"): [WORDS.index("great"), WORDS.index("fun")],
        WORDS.index("film"): [WORDS.index("movie")],
    },
    len(WORDS),
)
FIRST, SECOND = {1, 2, 3}, {5, 6, 7, 8, 9}
COPIES = 400


@pytest.fixture(scope="module")
def text(student):
    tokens = tokens_of(*[PAIR] * COPIES)
    words = read_words(student.vocabulary, tokens)
    heads = tf.gather(tokens.token_ids, words.first, batch_dims=1)
    has_synonym = words.touchable & (words.pieces == 1) & SYNONYMS.exist(heads)
    return Text(words, heads, words.touchable, has_synonym, SYNONYMS)


@pytest.fixture(scope="module")
def numbers():
    return random_numbers(example_seeds(tf.constant([1, 2]), COPIES), (13, NUMBERS))


def edited(text, numbers, *rates):
    edit, done = random_edit(text, rates, numbers)
    return type(edit)(*(part.numpy() for part in edit)), done.numpy()


def moved(edit):
    return edit.place != np.arange(12)


def test_rate_zero_does_nothing(text, numbers):
    edit, done = edited(text, numbers, 0, 0, 0, 0)
    assert (edit.replacement == -1).all()
    assert (edit.inserted == -1).all()
    assert not moved(edit).any()
    assert not edit.dropped.any()
    assert not done.any()


def test_an_operation_of_rate_zero_is_never_drawn_and_the_others_as_often(text, numbers):
    edit, done = edited(text, numbers, 0.25, 0, 0.25, 0.25)
    replaced = (edit.replacement >= 0).any(axis=1)
    swapped, dropped = moved(edit).any(axis=1), edit.dropped.any(axis=1)
    assert (edit.inserted == -1).all()
    assert (replaced.astype(int) + swapped + dropped == 1).all()
    # A third of 400 are expected, with a standard deviation of 9.4.
    assert all(abs(kind.sum() - COPIES / 3) < 4 * 9.4 for kind in (replaced, swapped, dropped))
    assert (done == 0.25).all()


def test_words_with_synonyms_are_replaced_by_one(text, numbers):
    edit, done = edited(text, numbers, 0.5, 0, 0, 0)
    # Four operations are asked for, but there are two words with synonyms.
    assert (done == 0.25).all()
    great, fun, movie = (WORDS.index(word) for word in ("great", "fun", "movie"))
    assert set(edit.replacement[:, 1]) == {great, fun}
    assert abs((edit.replacement[:, 1] == great).sum() - 200) < 4 * 10
    assert (edit.replacement[:, 5] == movie).all()
    assert (edit.replacement[:, [0, 2, 3, 4, 6, 7, 8, 9, 10, 11]] == -1).all()


def test_synonyms_of_a_text_are_inserted_in_it(text, numbers):
    edit, done = edited(text, numbers, 0, 0.5, 0, 0)
    assert (done == 0.5).all()
    assert ((edit.inserted >= 0).sum(axis=1) == 4).all()
    places = {word: set(edit.inserted[:, word]) - {-1} for word in range(12)}
    first, second = {WORDS.index("great"), WORDS.index("fun")}, {WORDS.index("movie")}
    assert all(places[word] == first for word in FIRST)
    assert all(places[word] == second for word in SECOND)
    assert not any(places[word] for word in set(range(12)) - FIRST - SECOND)


def test_nothing_is_inserted_where_no_word_has_a_synonym(student, numbers):
    tokens = tokens_of(*["[CLS] good plot [SEP] the actor was sad [SEP]"] * COPIES)
    words = read_words(student.vocabulary, tokens)
    heads = tf.gather(tokens.token_ids, words.first, batch_dims=1)
    text = Text(words, heads, words.touchable, SYNONYMS.exist(heads), SYNONYMS)
    edit, done = edited(text, numbers, 0, 1.0, 0, 0)
    assert (edit.inserted[:, [1, 2]] >= 0).all()
    assert (edit.inserted[:, 3:] == -1).all()
    assert done == pytest.approx(np.full(COPIES, 2 / 6))


def test_words_are_swapped_inside_their_text(text, numbers):
    edit, done = edited(text, numbers, 0, 0, 0.25, 0)
    assert (done == 0.25).all()
    # Two swaps move four words; of three and five words, all pairs occur.
    assert (moved(edit).sum(axis=1) == 4).all()
    rows = np.arange(COPIES)[:, np.newaxis]
    assert (edit.place[rows, edit.place] == np.arange(12)).all()
    for part in (FIRST, SECOND):
        for word in part:
            assert set(edit.place[:, word]) == part
    assert not moved(edit)[:, [0, 4, 10, 11]].any()


def test_there_are_no_more_swaps_than_pairs_of_words(text, numbers):
    edit, done = edited(text, numbers, 0, 0, 1.0, 0)
    # One pair of three words, two pairs of five; of eight words that is three swaps.
    assert (moved(edit).sum(axis=1) == 6).all()
    assert (done == 3 / 8).all()


def test_words_are_deleted_but_one_of_each_text(text, numbers):
    edit, done = edited(text, numbers, 0, 0, 0, 1.0)
    assert (edit.dropped[:, [1, 2, 3]].sum(axis=1) == 2).all()
    assert (edit.dropped[:, [5, 6, 7, 8, 9]].sum(axis=1) == 4).all()
    assert not edit.dropped[:, [0, 4, 10, 11]].any()
    assert (done == 6 / 8).all()
    left = [(~edit.dropped[:, word]).sum() for word in (1, 2, 3)]
    # Each of the three stays in a third of 400 texts, with a standard deviation of 9.4.
    assert all(abs(count - COPIES / 3) < 4 * 9.4 for count in left)


@pytest.mark.parametrize("rate", [0.1, 0.3])
def test_the_number_of_operations_is_exact_in_expectation(text, numbers, rate):
    _, done = edited(text, numbers, 0, 0, 0, rate)
    # 8 * 0.3 is 2 or 3 operations, 8 * 0.1 none or one.
    assert set(done * 8) == {np.floor(8 * rate), np.ceil(8 * rate)}
    assert done.mean() == pytest.approx(rate, abs=4 * 0.5 / 8 / np.sqrt(COPIES))


def test_xla_makes_the_edits_of_eager_execution(text, numbers):
    rates = (0.3, 0.3, 0.2, 0.4)
    eager, done = edited(text, numbers, *rates)
    compiled = tf.function(lambda n: random_edit(text, rates, n), jit_compile=True)
    again, done_again = compiled(numbers)
    assert (done_again.numpy() == done).all()
    for one, other in zip(eager, again, strict=True):
        assert (one == other.numpy()).all()


def test_a_share_of_nothing_is_zero():
    flags = tf.constant([[True, False, True], [False, False, False]])
    of = tf.constant([[True, True, True], [False, False, False]])
    assert share(flags, of).numpy() == pytest.approx([2 / 3, 0.0])
