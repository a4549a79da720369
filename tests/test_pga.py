import numpy as np
import pytest
import tensorflow as tf
from conftest import LENGTH, bert, both, clean, sentiment, tokens_of

from tfaugkd.augment.augpro import augpro_pga
from tfaugkd.augment.pga import PGA, at_length_one, inside_ball
from tfaugkd.classifier import Answer, Hidden, SplitClassifier
from tfaugkd.config import Objective
from tfaugkd.data.batches import training_batches
from tfaugkd.distiller import Distiller
from tfaugkd.errors import InputError
from tfaugkd.losses import hard_loss, kl_divergence

TEXTS = ["[CLS] good film [SEP]", "[CLS] the plot was very bad [SEP]"] * 4
KL = Objective(distance="kl", temperature=2.0)


@pytest.fixture(scope="module")
def models(teacher, student):
    return both(teacher, student)._replace(objective=KL)


@pytest.fixture(scope="module")
def batch(teacher):
    tokens = tokens_of(*TEXTS)
    answer = Answer(teacher.logits(tokens))
    return clean(tokens, labels=[0, 1] * 4)._replace(teacher_answer=answer)


def shift(method, batch, models, draws=None):
    """Gives what a method adds to the student's embeddings."""
    views = method(batch, draws or {}, models)
    assert views.teacher is batch.teacher
    embeddings = models.student.embed(batch.student.token_ids)
    return (views.student.states - embeddings).numpy()


def gradient(batch, models, phi, at=0.0):
    """Gives the gradient of each text's phi by the student's embeddings of text, by hand."""
    model, tokens = models.student, batch.student
    embeddings = tf.Variable(model.embed(tokens.token_ids) + at)
    with tf.GradientTape() as tape:
        hidden = Hidden(tf.identity(embeddings), tokens.segment_ids, tokens.padding_mask)
        loss = tf.reduce_sum(phi(model.logits(hidden)))
    found = tape.gradient(loss, embeddings).numpy()
    return found * model.vocabulary.is_text(tokens.token_ids).numpy()[..., None]


def lengths(values):
    return np.sqrt((values**2).sum((1, 2)))


def kl_of(batch):
    return lambda logits: kl_divergence(batch.teacher_answer.logits, logits, 2.0)


def test_one_step_goes_along_the_gradient_of_the_distance_to_the_teacher(batch, models):
    found = shift(PGA(radius=1.0, step_size=0.25), batch, models)
    uphill = gradient(batch, models, kl_of(batch))
    assert found == pytest.approx(0.25 * uphill / lengths(uphill)[:, None, None], abs=1e-5)


def test_a_hard_adversary_climbs_the_loss_against_labels(batch, models):
    method = PGA(radius=1.0, step_size=0.25, adversary="hard")
    found = shift(method, batch._replace(teacher_answer=None), models)
    uphill = gradient(batch, models, lambda logits: hard_loss(batch.targets, logits))
    assert found == pytest.approx(0.25 * uphill / lengths(uphill)[:, None, None], abs=1e-5)


def test_the_second_step_starts_where_the_first_one_ended(batch, models):
    first = shift(PGA(radius=9.0, step_size=0.5), batch, models)
    uphill = gradient(batch, models, kl_of(batch), at=first)
    second = shift(PGA(radius=9.0, step_size=0.5, steps=2), batch, models)
    expected = first + 0.5 * uphill / lengths(uphill)[:, None, None]
    assert second == pytest.approx(expected, abs=1e-4)


def test_the_shift_stays_inside_the_ball_and_raises_the_loss(batch, models):
    found = shift(PGA(radius=0.3, step_size=0.2, steps=3), batch, models)
    assert (lengths(found) <= 0.3 + 1e-5).all()
    assert lengths(found).min() > 0.15
    model, tokens, distance = models.student, batch.student, kl_of(batch)
    moved = Hidden(model.embed(tokens.token_ids) + found, *tokens[1:3])
    assert (distance(model.logits(moved)) > distance(model.logits(tokens))).numpy().all()


def test_ads_own_radius_is_longer_than_nothing_and_cuts_its_step(batch, models):
    assert lengths(shift(PGA(), batch, models)) == pytest.approx([1e-5] * 8, rel=0.1)


def test_radius_zero_changes_nothing(batch, models):
    assert not shift(PGA(radius=0.0), batch, models).any()


def test_specials_and_padding_are_not_shifted(batch, models):
    draws = PGA(start="random").draw(tf.constant([1, 2]), 8)
    found = shift(PGA(radius=5.0, step_size=1.0, start="random"), batch, models, draws)
    text = models.student.vocabulary.is_text(batch.student.token_ids).numpy()
    assert not found[~text].any()
    assert np.abs(found[text]).max(-1).all()


def test_a_random_start_lies_on_the_ball_and_comes_from_each_texts_own_seed(batch, models):
    method = PGA(radius=2.0, step_size=1e-9, start="random")
    draws = method.draw(tf.constant([1, 2]), 8)
    found = shift(method, batch, models, draws)
    assert lengths(found) == pytest.approx([2.0] * 8, rel=1e-4)
    turned = shift(method, batch, models, {"seed": draws["seed"][::-1]})
    assert np.abs(turned - found).max() > 0.1
    assert turned[1] == pytest.approx(
        shift(method, batch, models, {"seed": tf.repeat(draws["seed"][6:7], 8, 0)})[1], abs=1e-6
    )


def test_in_rms_a_radius_is_as_long_as_a_step_of_fgsm(batch, models):
    found = shift(PGA(radius=0.5, step_size=None, unit="rms"), batch, models)
    rms = np.sqrt(np.mean(models.student.table.numpy() ** 2))
    # The texts have 2 and 5 tokens of width 8.
    expected = [0.5 * rms * np.sqrt(2 * 8), 0.5 * rms * np.sqrt(5 * 8)] * 4
    assert lengths(found) == pytest.approx(expected, rel=1e-4)


def test_xla_gives_what_eager_execution_gives(batch, models):
    method = PGA(radius=0.5, step_size=0.2, steps=2, start="random")
    draws = method.draw(tf.constant([3, 4]), 8)

    def states(batch, draws):
        return method(batch, draws, models).student.states

    compiled = tf.function(states, jit_compile=True)(batch, draws)
    assert compiled.numpy() == pytest.approx(states(batch, draws).numpy(), abs=1e-5)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"radius": -1.0}, "pga.radius is -1.0, but must be a number from 0, or 'auto'."),
        ({"radius": "big"}, "pga.radius is 'big', but must be a number from 0, or 'auto'."),
        ({"step_size": 0.0}, "pga.step_size is 0.0, but must be above 0."),
        ({"steps": 0}, "pga.steps is 0, but must be 1 or more."),
        ({"start": "far"}, "pga.start is 'far', but must be one of ('zero', 'random')."),
        ({"adversary": "x"}, "pga.adversary is 'x', but must be one of ('soft', 'hard')."),
        ({"unit": "cm"}, "pga.unit is 'cm', but must be one of ('rms', 'absolute')."),
    ],
)
def test_options_that_no_ball_has_are_refused(options, sentence):
    with pytest.raises(InputError) as refused:
        PGA(**options)
    assert str(refused.value) == sentence


def test_helpers_of_length_leave_zero_alone():
    nothing = tf.zeros([2, 3, 4])
    assert not at_length_one(nothing).numpy().any()
    assert not inside_ball(nothing, tf.ones([2, 1, 1])).numpy().any()


def test_a_run_logs_a_clean_and_an_adversarial_loss_that_differ(teacher):
    student = SplitClassifier(bert(layers=1, seed=5))
    method = PGA(radius=1.0, step_size=1.0)
    distiller = Distiller(teacher, student, KL, [method])
    distiller.compile("adam", run_eagerly=True)
    data = training_batches(sentiment(16), student.classifier.preprocessor, 8, LENGTH, [method])
    logs = distiller.fit(data, steps_per_epoch=2, verbose=0).history
    assert logs["pga_distillation_loss"][0] > 1.05 * logs["distillation_loss"][0]


def test_projected_it_makes_the_degree_that_is_asked(teacher):
    student = SplitClassifier(bert(layers=1, seed=5))
    method = augpro_pga(target_degree=0.5)
    distiller = Distiller(teacher, student, KL, [method])
    distiller.compile("adam", run_eagerly=True)
    data = training_batches(sentiment(16), student.classifier.preprocessor, 8, LENGTH, [method])
    distiller.calibrate(data)
    (found,) = distiller.augmentations
    assert isinstance(found.of.radius, float)
    batches = [distiller.clean_batch(x, y) for x, y, *_ in data.take(2)]
    degrees = [distiller.augment(found, *each).degree.numpy() for each in batches]
    assert np.mean(degrees) == pytest.approx(0.5, abs=0.15)
