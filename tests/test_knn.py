import numpy as np
import pytest
import tensorflow as tf
from conftest import LENGTH, WORDS, both, clean, eight, jitted, text_of, tokens_of
from hypothesis import given, settings
from hypothesis import strategies as st
from test_mixing import SPECIALS, batches

from tfaugkd.augment.knn import KNN
from tfaugkd.augment.words import single_pieces
from tfaugkd.errors import InputError

TEXT = "[CLS] good film un ##likely [SEP]"


def drawn_by(method, number=0):
    return method.draw(tf.constant([5, number]), 8)


def nearest_by_hand(model, word, k):
    table = model.table.numpy().astype(np.float64)
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    cosines = table @ table[WORDS.index(word)]
    cosines[~model.vocabulary.whole_word] = -np.inf
    cosines[WORDS.index(word)] = -np.inf
    return {WORDS[i] for i in np.argsort(-cosines)[:k]}


def test_words_become_neighbours_in_the_teachers_table(teacher, student):
    method = KNN(degree=1.0, k=3).prepared(teacher)
    found = {1: set(), 2: set()}
    for number in range(12):
        batch = clean(tokens_of(*[TEXT] * 8))
        views = method(batch, drawn_by(method, number), both(teacher, student))
        for row in views.student.token_ids.numpy():
            assert text_of(row).split()[3:] == ["un", "##likely", "[SEP]"]
            for place in found:
                found[place].add(WORDS[row[place]])
    assert found[1] == nearest_by_hand(teacher, "good", 3)
    assert found[2] == nearest_by_hand(teacher, "film", 3)
    assert found[1] != nearest_by_hand(student, "good", 3)


def test_degree_zero_gives_the_text_back(teacher, student):
    method = KNN(degree=0).prepared(teacher)
    batch = clean(tokens_of(*[TEXT] * 8))
    views = method(batch, drawn_by(method), both(teacher, student))
    assert (views.student.token_ids.numpy() == batch.student.token_ids.numpy()).all()
    assert not views.degree.numpy().any()


def test_the_measured_degree_is_the_asked_one(teacher, student):
    method = KNN(degree=0.3, k=5).prepared(teacher)
    run = jitted(method, both(teacher, student))
    batch = clean(tokens_of(*["[CLS] the film was very un ##likely , good fun [SEP]"] * 8))
    degrees = [run(batch, drawn_by(method, number)).degree.numpy() for number in range(100)]
    # 7 of 9 tokens can be replaced, each with probability 0.39.
    error = np.sqrt(7 * 0.39 * 0.61) / 9 / np.sqrt(800)
    assert np.mean(degrees) == pytest.approx(0.3, abs=4 * error)


def test_labels_stay_and_both_models_read_the_new_text(teacher, student):
    method = KNN().prepared(teacher)
    batch = clean(tokens_of(*[TEXT] * 8))
    views = method(batch, drawn_by(method), both(teacher, student))
    assert views.targets is batch.targets
    assert views.teacher is views.student
    assert (method.hard, method.soft) == (0.0, 1.0)


@pytest.fixture(scope="module")
def compiled(teacher, student):
    method = KNN(degree=0.6, k=4).prepared(teacher)
    return method, jitted(method, both(teacher, student))


def test_xla_makes_the_text_of_eager_execution(compiled, teacher, student, pairs):
    method, run = compiled
    batch = clean(eight(pairs, student))
    eager = method(batch, drawn_by(method), both(teacher, student))
    views = run(batch, drawn_by(method))
    assert (views.student.token_ids.numpy() == eager.student.token_ids.numpy()).all()
    assert (views.degree.numpy() == eager.degree.numpy()).all()


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
        assert set(after[changed]) <= words
        assert not changed[np.isin(before, SPECIALS)].any()

    check()


def test_a_student_learns(token_history):
    history = token_history
    before, after = history["knn_distillation_loss"]
    assert after < 0.7 * before
    assert history["knn_degree"][0] == pytest.approx(0.4, abs=0.1)


def test_a_method_that_is_not_prepared_says_so(teacher, student):
    batch = clean(tokens_of(*[TEXT] * 8))
    with pytest.raises(InputError, match="knn has no table to draw from yet"):
        KNN()(batch, drawn_by(KNN()), both(teacher, student))


def test_data_without_draws_are_refused(teacher, student):
    batch = clean(tokens_of(*[TEXT] * 8, length=LENGTH))
    with pytest.raises(InputError, match="knn draws its seed"):
        KNN().prepared(teacher)(batch, {}, both(teacher, student))


@pytest.mark.parametrize("options", [{"degree": 1.5}, {"degree": "all"}, {"k": 0}])
def test_options_out_of_range_are_refused(options):
    (key,) = options
    with pytest.raises(InputError, match=rf"^knn\.{key} is "):
        KNN(**options)
