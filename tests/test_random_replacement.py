import numpy as np
import pytest
import tensorflow as tf
from conftest import WORDS, both, clean, eight, jitted, text_of, tokens_of
from hypothesis import given, settings
from hypothesis import strategies as st
from test_mixing import SPECIALS, batches

from tfaugkd.augment.random_replacement import RandomReplacement
from tfaugkd.augment.words import single_pieces
from tfaugkd.errors import InputError

TEXT = "[CLS] the film was very un ##likely , good fun [SEP]"


def drawn_by(method, number=0):
    return method.draw(tf.constant([5, number]), 8)


@pytest.fixture(scope="module")
def compiled(student):
    method = RandomReplacement(degree=0.3)
    return method, jitted(method, both(student, student))


def test_words_become_any_other_word_and_the_degree_is_the_asked_one(compiled):
    method, run = compiled
    batch = clean(tokens_of(*[TEXT] * 8))
    degrees, found = [], set()
    for number in range(100):
        views = run(batch, drawn_by(method, number))
        degrees.append(views.degree.numpy())
        found |= {WORDS[row[2]] for row in views.student.token_ids.numpy()}
    # 7 of 9 tokens can be replaced, each with probability 0.39.
    error = np.sqrt(7 * 0.39 * 0.61) / 9 / np.sqrt(800)
    assert np.mean(degrees) == pytest.approx(0.3, abs=4 * error)
    assert found == {word for word in WORDS if not word.startswith(("[", "##"))}


def test_degree_zero_gives_the_text_back_and_one_leaves_no_whole_word(student):
    batch = clean(tokens_of(*[TEXT] * 8))
    for degree, places in ((0.0, set()), (1.0, {1, 2, 3, 4, 7, 8, 9})):
        method = RandomReplacement(degree=degree)
        views = method(batch, drawn_by(method), both(student, student))
        changed = views.student.token_ids.numpy() != batch.student.token_ids.numpy()
        assert all(set(np.flatnonzero(row)) == places for row in changed)
    assert views.degree.numpy() == pytest.approx(np.full(8, 7 / 9))
    assert text_of(views.student.token_ids[0]).split()[5:7] == ["un", "##likely"]


def test_xla_makes_the_text_of_eager_execution(compiled, student, pairs):
    method, run = compiled
    batch = clean(eight(pairs, student))
    eager = method(batch, drawn_by(method), both(student, student))
    made = run(batch, drawn_by(method)).student.token_ids
    assert (made.numpy() == eager.student.token_ids.numpy()).all()


def test_only_whole_words_change_and_only_into_such(compiled, student):
    method, run = compiled
    words = set(np.flatnonzero(student.vocabulary.whole_word))

    @settings(max_examples=25, deadline=None)
    @given(batches(), st.integers(0, 99))
    def check(tokens, number):
        views = run(clean(tokens), drawn_by(method, number))
        before, after = tokens.token_ids.numpy(), views.student.token_ids.numpy()
        changed = before != after
        assert not changed[~single_pieces(student.vocabulary, tokens).numpy()].any()
        assert not changed[np.isin(before, SPECIALS)].any()
        assert set(after[changed]) <= words

    check()


def test_a_student_learns(token_history):
    history = token_history
    before, after = history["random_replacement_distillation_loss"]
    assert after < 0.7 * before
    assert history["random_replacement_degree"][0] == pytest.approx(0.4, abs=0.1)
    assert "random_replacement_student_loss" in history


def test_a_degree_out_of_range_is_refused():
    with pytest.raises(InputError, match=r"^random_replacement\.degree is -1"):
        RandomReplacement(degree=-1)
