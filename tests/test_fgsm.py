import numpy as np
import pytest
import tensorflow as tf
from conftest import LENGTH, both, clean, eight, tokens_of

from tfaugkd.augment.fgsm import FGSM, random_signs
from tfaugkd.classifier import Hidden
from tfaugkd.errors import InputError
from tfaugkd.vocabulary import root_mean_square

TEXTS = ["[CLS] good film [SEP]", "[CLS] a bad plot [SEP]"] * 4


@pytest.fixture(scope="module")
def batch():
    """Two texts, four times over, with gradients of which every third is zero."""
    gradients = np.random.default_rng(0).normal(size=(8, LENGTH, 8)).astype(np.float32)
    gradients[..., ::3] = 0.0
    return clean(tokens_of(*TEXTS), gradients=gradients)


def shift(method, batch, model, draws=None):
    """Gives what a method adds to the student's embeddings."""
    views = method(batch, draws or {}, both(model, model))
    return views.student.states.numpy() - model.embed(batch.student.token_ids).numpy()


def texts_only(batch, model):
    return model.vocabulary.is_text(batch.student.token_ids).numpy()[..., None]


def test_text_is_shifted_by_epsilon_along_the_sign_of_the_gradient(student, batch):
    found = shift(FGSM(epsilon=0.25, unit="absolute"), batch, student)
    signs = np.sign(batch.clean_gradients.numpy())
    assert found == pytest.approx(0.25 * signs * texts_only(batch, student), abs=1e-6)
    assert np.unique(signs).tolist() == [-1, 0, 1]


def test_specials_and_padding_are_not_shifted(student, batch):
    found = shift(FGSM(epsilon=100.0, unit="absolute"), batch, student)
    assert not found[:, [0, 3 + 1 * 3]].any()
    assert not found[np.broadcast_to(~texts_only(batch, student), found.shape)].any()
    assert found[0, 1:3].any(axis=-1).all()


def test_descent_is_the_mirror_of_ascent(student, batch):
    up = shift(FGSM(epsilon=0.5), batch, student)
    down = shift(FGSM(epsilon=0.5, direction="descent"), batch, student)
    assert up.any()
    assert down == pytest.approx(-up, abs=1e-6)


def test_a_step_in_rms_counts_in_entries_of_the_students_table(student, batch):
    found = shift(FGSM(epsilon=2.0), batch, student)
    expected = 2 * float(np.sqrt(np.mean(student.table.numpy() ** 2)))
    assert float(root_mean_square(student.table)) == pytest.approx(expected / 2)
    assert np.abs(found).max() == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("direction", ["ascent", "descent", "random"])
def test_epsilon_zero_leaves_the_text(student, batch, direction):
    method = FGSM(epsilon=0, direction=direction)
    draws = method.draw(tf.constant([1, 2]), 8)
    assert not shift(method, batch, student, draws).any()


def test_the_teacher_reads_clean_text_and_the_label_is_the_originals(teacher, student, batch):
    views = FGSM()(batch, {}, both(teacher, student))
    assert views.teacher is batch.teacher
    assert isinstance(views.student, Hidden)
    assert views.student.padding_mask is batch.student.padding_mask
    assert views.targets is batch.targets
    assert views.degree is None


def test_a_step_up_raises_the_loss_and_a_step_down_lowers_it(student, examples):
    tokens = eight(examples, student)
    labels = tf.constant(examples.labels[:8], tf.int32)

    def loss(view):
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, student.logits(view))

    with tf.GradientTape() as tape:
        states = student.embed(tokens.token_ids)
        tape.watch(states)
        before = loss(Hidden(states, tokens.segment_ids, tokens.padding_mask))
    batch = clean(tokens, examples.labels[:8], tape.gradient(before, states))
    up, down = (
        loss(FGSM(0.001, direction=direction)(batch, {}, both(student, student)).student)
        for direction in ("ascent", "descent")
    )
    assert (up.numpy() > before.numpy()).all()
    assert (down.numpy() < before.numpy()).all()


def test_random_signs_need_no_gradient_and_depend_on_the_seed_alone(student, batch):
    method = FGSM(epsilon=1.0, direction="random")
    assert not method.needs_clean_gradients
    without = batch._replace(clean_gradients=None)
    first = shift(method, without, student, method.draw(tf.constant([1, 2]), 8))
    again = shift(method, without, student, method.draw(tf.constant([1, 2]), 8))
    other = shift(method, without, student, method.draw(tf.constant([1, 3]), 8))
    assert first.any()
    assert first.tolist() == again.tolist()
    assert (first != other).any()


def test_each_example_has_random_signs_of_its_own_wherever_it_stands():
    seeds = FGSM(direction="random").draw(tf.constant([7, 8]), 16)["seed"]
    assert seeds.shape == (16, 2)
    signs = random_signs(seeds, (LENGTH, 8)).numpy()
    assert set(np.unique(signs)) == {-1.0, 1.0}
    assert abs(signs.mean()) < 5 / np.sqrt(signs.size)
    assert len({row.tobytes() for row in signs}) == 16
    second_half = random_signs(seeds[8:], (LENGTH, 8)).numpy()
    assert second_half.tolist() == signs[8:].tolist()


def test_random_signs_are_the_same_under_xla():
    seeds = tf.constant([[1, 2], [3, 4], [-5, 6]])
    compiled = tf.function(lambda s: random_signs(s, (LENGTH, 8)), jit_compile=True)
    assert compiled(seeds).numpy().tolist() == random_signs(seeds, (LENGTH, 8)).numpy().tolist()


def test_data_without_the_random_seeds_are_refused(student, batch):
    with pytest.raises(InputError, match=r"fgsm draws its seed.*same augmentations"):
        FGSM(direction="random")(batch, {}, both(student, student))


def test_the_shift_is_a_constant_to_the_gradient(student, batch):
    with tf.GradientTape() as tape:
        states = FGSM(epsilon=0.5)(batch, {}, both(student, student)).student.states
        loss = tf.reduce_sum(states**2) / 2
    gradient = tf.convert_to_tensor(tape.gradient(loss, student.table.value)).numpy()
    ids = batch.student.token_ids.numpy()
    expected = np.zeros_like(gradient)
    np.add.at(expected, ids, states.numpy())
    assert gradient == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    "options", [{"unit": "metre"}, {"direction": "up"}, {"epsilon": -1.0}, {"epsilon": "large"}]
)
def test_options_out_of_range_are_refused(options):
    (key,) = options
    with pytest.raises(InputError, match=rf"^fgsm\.{key} is "):
        FGSM(**options)
