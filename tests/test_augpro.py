import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from conftest import WORDS, both, clean, eight, text_of, tokens_of
from hypothesis import given, settings
from hypothesis import strategies as st
from test_mixing import SPECIALS, batches

from tfaugkd.augment.augpro import AugPro, augpro_fgsm, augpro_mix, augpro_pga
from tfaugkd.augment.method import degree
from tfaugkd.augment.mixup import MixUp
from tfaugkd.augment.pga import PGA
from tfaugkd.classifier import SplitClassifier, Tokens
from tfaugkd.errors import InputError
from tfaugkd.projection import project

FIRST = "[CLS] good film [SEP]"
SECOND = "[CLS] the plot was very bad [SEP]"


class TwoWords:
    """A model whose table is given by hand; of a classifier it has only what AugPro reads."""

    def __init__(self, model, table):
        self.vocabulary = model.vocabulary
        self.table = tf.constant(table, tf.float32)

    def embed(self, token_ids):
        return tf.gather(self.table, token_ids)


def table_of(rows, model):
    """Makes a table of width 2: the rows that are given, and the rest far from all of them."""
    table = np.tile([[-1.0, -1.0]], [model.table.shape[0], 1])
    for word, row in rows.items():
        table[WORDS.index(word)] = row
    return table


def gradients_of(tokens, seed=0, width=8):
    shape = (*tokens.token_ids.shape, width)
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def degree_by_hand(token_ids, parents):
    text = ~np.isin(token_ids, SPECIALS)
    shares = [
        ((token_ids != parent) & text).sum(-1) / np.maximum(text.sum(-1), 1) for parent in parents
    ]
    return np.min(shares, axis=0)


def test_the_degree_is_the_share_that_differs_from_the_nearer_parent():
    made = tf.constant([[1, 2, 3, 9], [1, 2, 3, 9], [1, 2, 3, 9]])
    parents = (
        tf.constant([[1, 2, 4, 9]] * 3),
        tf.constant([[1, 5, 5, 5], [1, 2, 3, 0], [0, 0, 0, 9]]),
    )
    text = tf.constant([[True, True, True, False]] * 3)
    # 1 of 3 against 2 of 3; 1 of 3 against none; 1 of 3 against 3 of 3.
    assert degree(made, text, parents).numpy() == pytest.approx([1 / 3, 0.0, 1 / 3])


def test_an_example_without_text_has_degree_zero():
    made = tf.constant([[2, 3]])
    assert degree(made, tf.constant([[False, False]]), (made + 1,)).numpy().tolist() == [0.0]


def test_a_mixture_is_projected_on_the_word_between_its_parents(student):
    # "good" points right, "the" up; "fun" lies between, and so does their mixture.
    rows = {"good": [1.0, 0.0], "the": [0.0, 1.0], "fun": [3.0, 3.0], "film": [5.0, 0.1]}
    model = TwoWords(student, table_of(rows, student))
    tokens = tokens_of(*["[CLS] good [SEP]", "[CLS] the film film [SEP]"] * 4)
    views = augpro_mix()(clean(tokens), {}, both(model, model))
    assert text_of(views.student.token_ids[0]) == "[CLS] fun [SEP] film"
    assert text_of(views.student.token_ids[1]) == "[CLS] fun film film [SEP]"
    # "fun film" differs in 1 of 2 from "the film", the nearer parent; "fun film film" in 1 of 3.
    assert views.degree.numpy() == pytest.approx([1 / 2, 1 / 3] * 4)


def test_both_models_read_the_tokens_that_are_made_and_labels_weigh_nothing(
    teacher, student, examples
):
    tokens = eight(examples, student)
    for method in (augpro_mix(), augpro_fgsm(epsilon=3.0)):
        batch = clean(tokens, gradients=gradients_of(tokens))
        views = method(batch, {}, both(teacher, student))
        assert isinstance(views.teacher, Tokens)
        assert views.teacher is views.student
        assert method.hard == 0
        assert views.student.token_ids.dtype == tf.int32
        assert 0 < views.degree.numpy().mean() < 1


def test_degrees_agree_with_counting(teacher, student, examples):
    tokens = eight(examples, student)
    batch = clean(tokens, gradients=gradients_of(tokens))
    ids = tokens.token_ids.numpy()
    mixed = augpro_mix(rotation=3)(batch, {}, both(teacher, student))
    parents = (ids, np.roll(ids, -3, axis=0))
    assert mixed.degree.numpy() == pytest.approx(
        degree_by_hand(mixed.student.token_ids.numpy(), parents)
    )
    shifted = augpro_fgsm(epsilon=3.0)(batch, {}, both(teacher, student))
    made = shifted.student.token_ids.numpy()
    assert shifted.degree.numpy() == pytest.approx(degree_by_hand(made, (ids,)))


@pytest.mark.parametrize("method", [augpro_fgsm(epsilon=0.0), augpro_mix(weight=1.0)])
def test_no_shift_and_no_share_of_a_partner_give_the_text_back(teacher, student, pairs, method):
    tokens = eight(pairs, student)
    batch = clean(tokens, gradients=gradients_of(tokens))
    views = method(batch, {}, both(teacher, student))
    for made, original in zip(views.student[:3], tokens[:3], strict=True):
        assert made.numpy().tolist() == original.numpy().tolist()
    assert not views.degree.numpy().any()


def test_at_weight_zero_the_words_are_the_partners(student):
    tokens = tokens_of(*[FIRST, SECOND] * 4)
    views = augpro_mix(weight=0.0)(clean(tokens), {}, both(student, student))
    assert text_of(views.student.token_ids[0]) == "[CLS] the plot [SEP] very bad"
    # Where the partner has nothing there is nothing to project: the words stay.
    assert text_of(views.student.token_ids[1]) == "[CLS] good film was very bad [SEP]"


def test_a_large_step_changes_nearly_everything(student, examples):
    tokens = eight(examples, student)
    batch = clean(tokens, gradients=gradients_of(tokens))
    degrees = [
        augpro_fgsm(epsilon=epsilon)(batch, {}, both(student, student)).degree.numpy().mean()
        for epsilon in (0.1, 2.0, 1000.0)
    ]
    assert degrees[0] < 0.1 < degrees[1] < 0.9 < degrees[2]


@pytest.fixture(scope="module")
def made_by():
    """Runs a method compiled, without compiling it anew for every batch."""

    def run(method, models, draws=None):
        compiled = tf.function(lambda batch: method(batch, draws or {}, models), jit_compile=True)
        return lambda batch: compiled(batch)

    return run


METHODS = {
    "augpro_mix": augpro_mix(),
    "augpro_mix at 0.3": augpro_mix(weight=0.3, rotation=2),
    "augpro_fgsm": augpro_fgsm(epsilon=3.0),
    "augpro_fgsm, far out": augpro_fgsm(epsilon=1000.0, direction="descent"),
}


@pytest.mark.parametrize("name", METHODS)
def test_no_special_is_ever_made_or_lost(teacher, student, made_by, name):
    run = made_by(METHODS[name], both(teacher, student))
    allowed = {WORDS.index(word) for word in WORDS if not word.startswith("[")} | {1}

    @settings(max_examples=25, deadline=None)
    @given(batches(), st.integers(0, 99))
    def check(tokens, seed):
        views = run(clean(tokens, gradients=gradients_of(tokens, seed)))
        before, after = tokens.token_ids.numpy(), views.student.token_ids.numpy()
        mask = views.student.padding_mask.numpy()
        framed = np.isin(before, SPECIALS[1:])
        assert (after[framed] == before[framed]).all()
        assert (np.isin(after, SPECIALS[1:]) == framed).all()
        assert ((after == 0) == (mask == 0)).all()
        assert (np.sort(mask, axis=1)[:, ::-1] == mask).all()
        assert set(after[(mask == 1) & ~framed]) <= allowed

    check()


def test_augpro_mix_projects_on_the_teachers_table_and_augpro_fgsm_on_the_students(student):
    # Both have "good" right and "the" up, but only in one table something lies between them.
    rows = {"good": [1.0, 0.0], "the": [0.0, 1.0]}
    one = TwoWords(student, table_of(rows | {"fun": [1.0, 1.0]}, student))
    other = TwoWords(student, table_of(rows | {"sad": [1.0, 1.0]}, student))
    tokens = tokens_of(*["[CLS] good [SEP]", "[CLS] the [SEP]"] * 4)
    # From "good" up to (1, 1).
    gradients = np.tile(np.array([0.0, 1.0], np.float32), [8, 12, 1])
    batch = clean(tokens, gradients=gradients)
    models = both(one, other)
    mixed = augpro_mix()(batch, {}, models)
    assert text_of(mixed.student.token_ids[0]) == "[CLS] fun [SEP]"
    shifted = augpro_fgsm(epsilon=1.0, unit="absolute")(batch, {}, models)
    assert text_of(shifted.student.token_ids[0]) == "[CLS] sad [SEP]"


def test_augpro_mix_keeps_the_teachers_table_of_the_start_and_augpro_fgsm_follows_the_students(
    student,
):
    tokens = tokens_of(*["[CLS] good [SEP]", "[CLS] the [SEP]"] * 4)
    rows = {"good": [1.0, 0.0], "the": [0.0, 1.0], "fun": [1.0, 1.0]}
    model = TwoWords(student, table_of(rows, student))
    models = both(model, model)
    moved = TwoWords(student, table_of(rows | {"fun": [-1.0, 0.0], "sad": [1.0, 1.0]}, student))
    gradients = np.tile(np.array([0.0, 1.0], np.float32), [8, 12, 1])
    batch = clean(tokens, gradients=gradients)
    later = models._replace(student=moved)
    assert text_of(augpro_mix()(batch, {}, later).student.token_ids[0]) == "[CLS] fun [SEP]"
    found = augpro_fgsm(epsilon=1.0, unit="absolute")(batch, {}, later)
    assert text_of(found.student.token_ids[0]) == "[CLS] sad [SEP]"


def test_the_options_reach_the_representation():
    mix = augpro_mix(weight=0.3, alpha=0.4, rotation=5, soft=2.0)
    assert mix.of == MixUp(0.3, 0.4, 5, name="augpro_mix")
    assert (mix.name, mix.hard, mix.soft) == ("augpro_mix", 0.0, 2.0)
    fgsm = augpro_fgsm(0.1, "absolute", "random", 0.2, soft=3.0)
    of = fgsm.of
    assert (of.epsilon, of.unit, of.direction) == (0.1, "absolute", "random")
    assert (fgsm.name, fgsm.target_degree, fgsm.soft) == ("augpro_fgsm", 0.2, 3.0)
    assert not fgsm.needs_clean_gradients
    assert augpro_fgsm().needs_clean_gradients
    pga = augpro_pga(2.0, 0.5, 3, "absolute", "random", "hard", 0.2, hard=0.7)
    assert pga.of == PGA(2.0, 0.5, 3, "absolute", "random", "hard", name="augpro_pga")
    assert (pga.name, pga.target_degree, pga.hard, pga.soft) == ("augpro_pga", 0.2, 0.7, 1.0)
    assert augpro_pga().needs_teacher_answer
    assert not pga.needs_teacher_answer
    assert fgsm.draw(tf.constant([1, 2]), 8)["seed"].shape == (8, 2)
    assert mix.draw(tf.constant([1, 2]), 8)["weight"].shape == (8,)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_target_degree_that_cannot_be_aimed_at_is_refused(share):
    with pytest.raises(InputError, match=r"^augpro_fgsm.target_degree is "):
        augpro_fgsm(target_degree=share)


def test_any_representation_can_be_projected(student):
    @dataclasses.dataclass(frozen=True)
    class Shifted(MixUp):
        """Mixes, then turns every embedding round."""

        def represent(self, model, tokens, batch, draws, objective):
            made = super().represent(model, tokens, batch, draws, objective)
            return made._replace(embeddings=-made.embeddings)

    tokens = tokens_of(*[FIRST, SECOND] * 4)
    views = AugPro(Shifted(), "turned")(clean(tokens), {}, both(student, student))
    table = student.table.numpy()
    good = table[tokens.token_ids.numpy()[:2, 1]].mean(axis=0)
    similarity = (table @ -good) / np.linalg.norm(table, axis=1)
    similarity[~student.vocabulary.producible] = -np.inf
    assert int(views.student.token_ids[0, 1]) == similarity.argmax()


def test_models_are_given_as_they_are(teacher, student):
    assert isinstance(teacher, SplitClassifier)
    models = both(teacher, student)
    lengths = np.linalg.norm(models.teacher_unit_table.numpy(), axis=1)
    assert lengths == pytest.approx(np.ones_like(lengths))


@pytest.mark.parametrize("weight", [0.3, 0.5, 1.0])
def test_certified_mixtures_are_those_of_the_full_search(teacher, student, examples, weight):
    batch = clean(eight(examples, student))
    models = both(teacher, student)
    method = augpro_mix(weight=weight)
    certified = method.prepared(teacher)
    assert (method.logs, certified.logs) == ((), ("by_parents", "by_neighbours", "by_search"))
    expected, found = method(batch, {}, models), certified(batch, {}, models)
    assert text_of(found.student.token_ids[0])
    assert found.student.token_ids.numpy().tolist() == expected.student.token_ids.numpy().tolist()
    assert sum(found.logged).numpy() == pytest.approx(np.ones(8))


def test_only_mixtures_in_a_frozen_table_are_certified(teacher):
    fgsm = augpro_fgsm(epsilon=1.0)
    assert fgsm.prepared(teacher) is fgsm
    plainly = dataclasses.replace(augpro_mix(), certify=False)
    assert plainly.prepared(teacher) is plainly


@pytest.mark.parametrize("method", [augpro_fgsm, augpro_pga])
def test_a_recall_below_one_goes_to_the_search(method):
    assert method().search is method(recall=1.0).search is project
    assert method(recall=0.9).search.keywords == {"recall": 0.9}


@pytest.mark.parametrize("recall", [0.0, 1.1])
def test_a_recall_that_is_no_share_is_refused(recall):
    with pytest.raises(InputError, match=r"^augpro_pga.recall is "):
        augpro_pga(recall=recall)
