import numpy as np
import pytest
import tensorflow as tf
from conftest import WORDS, both, clean, eight, tokens_of

from tfaugkd.augment.mixup import MixUp
from tfaugkd.classifier import Hidden
from tfaugkd.errors import InputError

GOOD = "[CLS] good film [SEP]"
PLOT = "[CLS] the plot was very bad [SEP]"


def rows(model, text):
    return model.table.numpy()[tokens_of(text).token_ids.numpy()[0]]


@pytest.fixture(scope="module")
def short_and_long():
    """A short text whose partner is a long one, six times over, and the other way round."""
    return clean(tokens_of(GOOD, PLOT, *[GOOD, PLOT] * 3), labels=[0, 1] * 4)


def test_both_models_read_the_mixture_of_their_own_embeddings(teacher, student, short_and_long):
    views = MixUp(weight=0.3)(short_and_long, {}, both(teacher, student))
    for model, view in ((teacher, views.teacher), (student, views.student)):
        assert isinstance(view, Hidden)
        own, other = rows(model, GOOD), rows(model, PLOT)
        expected = np.zeros_like(own)
        expected[0] = own[0]  # [CLS]
        expected[1:3] = 0.3 * own[1:3] + 0.7 * other[1:3]
        expected[3] = own[3]  # [SEP]
        expected[4:6] = 0.7 * other[4:6]  # "very bad", beside padding
        assert view.states.numpy()[0] == pytest.approx(expected, abs=1e-6)
        assert view.padding_mask.numpy()[0].tolist() == [1] * 6 + [0] * 6
        assert view.layer == 0


def test_a_longer_text_mixes_with_nothing_where_its_partner_has_ended(student, short_and_long):
    view = MixUp(weight=0.3)(short_and_long, {}, both(student, student)).student
    own, other = rows(student, PLOT), rows(student, GOOD)
    expected = np.zeros_like(own)
    expected[[0, 6]] = own[[0, 6]]
    expected[1:3] = 0.3 * own[1:3] + 0.7 * other[1:3]
    expected[3:6] = 0.3 * own[3:6]  # beside [SEP] and padding
    assert view.states.numpy()[1] == pytest.approx(expected, abs=1e-6)


def test_labels_are_mixed_alike(student, short_and_long):
    views = MixUp(weight=0.3)(short_and_long, {}, both(student, student))
    assert views.targets.numpy() == pytest.approx(np.array([[0.3, 0.7], [0.7, 0.3]] * 4))
    assert views.degree is None


def test_each_example_can_have_a_weight_of_its_own(student, short_and_long):
    weights = np.linspace(0.0, 1.0, 8, dtype=np.float32)
    method = MixUp(alpha=0.4)
    views = method(short_and_long, {"weight": tf.constant(weights)}, both(student, student))
    firsts = np.where(np.arange(8) % 2 == 0, weights, 1 - weights)
    assert views.targets.numpy() == pytest.approx(np.stack([firsts, 1 - firsts], axis=1))
    good = student.table.numpy()[tokens_of("good the").token_ids.numpy()[0, :2]]
    own = np.where(np.arange(8) % 2 == 0, 0, 1)
    expected = weights[:, None] * good[own] + (1 - weights)[:, None] * good[1 - own]
    assert views.student.states.numpy()[:, 1] == pytest.approx(expected, abs=1e-6)


def test_the_rotation_chooses_the_partner(student):
    texts = tokens_of(*(f"[CLS] {word} [SEP]" for word in WORDS[7:15]))
    batch = clean(texts, labels=[0, 0, 0, 1, 0, 0, 0, 0])
    views = MixUp(rotation=3)(batch, {}, both(student, student))
    assert views.targets.numpy()[0].tolist() == [0.5, 0.5]
    assert views.targets.numpy()[[1, 2, 4, 5, 6, 7]].tolist() == [[1.0, 0.0]] * 6
    table, ids = student.table.numpy(), texts.token_ids.numpy()[:, 1]
    expected = (table[ids[0]] + table[ids[3]]) / 2
    assert views.student.states.numpy()[0, 1] == pytest.approx(expected, abs=1e-6)


def test_at_weight_one_both_models_answer_as_to_clean_text(teacher, student, examples):
    tokens = eight(examples, student)
    batch = clean(tokens)
    views = MixUp(weight=1.0)(batch, {}, both(teacher, student))
    assert views.targets.numpy().tolist() == batch.targets.numpy().tolist()
    for model, view in ((teacher, views.teacher), (student, views.student)):
        assert model.logits(view).numpy() == pytest.approx(model.logits(tokens).numpy(), abs=1e-6)
        real = tokens.padding_mask.numpy() == 1
        assert view.padding_mask.numpy().tolist() == tokens.padding_mask.numpy().tolist()
        embedded = model.embed(tokens.token_ids).numpy()
        assert view.states.numpy()[real].tolist() == embedded[real].tolist()


def test_the_mixture_of_a_text_with_itself_is_the_text(student):
    tokens = tokens_of(*[PLOT] * 8)
    view = MixUp(weight=0.3)(clean(tokens), {}, both(student, student)).student
    assert student.logits(view).numpy() == pytest.approx(student.logits(tokens).numpy(), abs=1e-5)


def test_gradients_reach_the_students_embeddings(student, short_and_long):
    with tf.GradientTape() as tape:
        view = MixUp()(short_and_long, {}, both(student, student)).student
        loss = tf.reduce_sum(view.states)
    gradient = tf.convert_to_tensor(tape.gradient(loss, student.table.value)).numpy()
    # "good" is mixed at one half in both roles of four pairs, [CLS] stays whole eight times.
    ids = tokens_of("good [CLS]").token_ids.numpy()[0, :2]
    assert gradient[ids, 0] == pytest.approx([4.0, 8.0])


def test_shares_are_drawn_only_where_they_are_random():
    assert MixUp().draw(tf.constant([1, 2]), 8) == {}
    drawn = MixUp(alpha=0.4).draw(tf.constant([1, 2]), 8)
    assert list(drawn) == ["weight"]
    assert drawn["weight"].shape == (8,)


def test_data_without_the_random_shares_are_refused(student, short_and_long):
    with pytest.raises(InputError, match=r"mixup draws its weight.*same augmentations"):
        MixUp(alpha=0.4)(short_and_long, {}, both(student, student))


@pytest.mark.parametrize(
    "options",
    [
        {"weight": 1.5},
        {"weight": -0.1},
        {"alpha": 0.0},
        {"rotation": 0},
        {"rotation": 4},
        {"rotation": 8},
    ],
)
def test_options_out_of_range_are_refused(options):
    (key,) = options
    with pytest.raises(InputError, match=rf"^mixup\.{key} is "):
        MixUp(**options)
