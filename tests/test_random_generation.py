import numpy as np
import tensorflow as tf
from conftest import WORDS, both, clean, eight, jitted, tokens_of
from hypothesis import given, settings
from hypothesis import strategies as st
from test_mixing import SPECIALS, batches

from tfaugkd.augment.random_generation import RandomGeneration


def drawn_by(method, number=0):
    return method.draw(tf.constant([5, number]), 8)


def test_every_text_is_made_of_all_words_alike(student):
    method = RandomGeneration()
    batch = clean(tokens_of(*["[CLS] the film was un ##likely and very good fun [SEP]"] * 8))
    run = jitted(method, both(student, student))
    made = [run(batch, drawn_by(method, n)).student.token_ids.numpy()[:, 4] for n in range(100)]
    words = [i for i, word in enumerate(WORDS) if not word.startswith(("[", "##"))]
    words.remove(WORDS.index("un"))
    counts = np.bincount(np.ravel(made), minlength=len(WORDS))
    assert counts[words].sum() == 800
    expected = 800 / len(words)
    assert np.abs(counts[words] - expected).max() < 4 * np.sqrt(expected)


def test_xla_makes_the_text_of_eager_execution(student, pairs):
    method, models = RandomGeneration(), both(student, student)
    batch = clean(eight(pairs, student))
    eager = method(batch, drawn_by(method), models)
    made = jitted(method, models)(batch, drawn_by(method)).student.token_ids
    assert (made.numpy() == eager.student.token_ids.numpy()).all()


def test_specials_and_length_stay_and_nothing_else(student):
    method = RandomGeneration()
    run = jitted(method, both(student, student))
    words = set(np.flatnonzero(student.vocabulary.whole_word))

    @settings(max_examples=25, deadline=None)
    @given(batches(), st.integers(0, 99))
    def check(tokens, number):
        views = run(clean(tokens), drawn_by(method, number))
        before, after = tokens.token_ids.numpy(), views.student.token_ids.numpy()
        text = ~np.isin(before, SPECIALS)
        assert (after[~text] == before[~text]).all()
        assert (after[text] != before[text]).all()
        assert set(after[text]) <= words
        assert (views.degree.numpy() == text.any(axis=1)).all()

    check()


def test_a_student_learns(token_history):
    history = token_history
    before, after = history["random_generation_distillation_loss"]
    assert after < 0.7 * before
    assert history["random_generation_degree"] == [1.0, 1.0]
