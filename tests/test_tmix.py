import numpy as np
import pytest
import tensorflow as tf
from conftest import bert, both, clean, sentiment, tokens_of

from tfaugkd.augment.tmix import TMix
from tfaugkd.classifier import Hidden, SplitClassifier
from tfaugkd.data.batches import training_batches
from tfaugkd.distiller import Distiller
from tfaugkd.errors import InputError

SHORT = "[CLS] good film [SEP]"
LONG = "[CLS] the plot was very bad [SEP]"


@pytest.fixture(scope="module")
def batch():
    """A short text whose partner is a long one, and the other way round."""
    return clean(tokens_of(*[SHORT, LONG] * 4), labels=[0, 1] * 4)


def states(model, text, layer):
    """Runs one text alone up to a layer."""
    tokens = tokens_of(text)
    embedded = model.embed(tokens.token_ids)
    found = model.encode(embedded, tokens.segment_ids, tokens.padding_mask, to_layer=layer)
    return found.numpy()[0]


def test_each_model_mixes_its_own_states_behind_its_own_layer(teacher, student, batch):
    views = TMix(student_layer=1, teacher_layer=2, weight=0.3)(batch, {}, both(teacher, student))
    for model, view, layer in ((teacher, views.teacher, 2), (student, views.student, 1)):
        assert isinstance(view, Hidden)
        assert view.layer == layer
        own, other = states(model, SHORT, layer), states(model, LONG, layer)
        expected = np.zeros_like(own)
        expected[:4] = 0.3 * own[:4] + 0.7 * other[:4]  # specials too
        expected[4:7] = 0.7 * other[4:7]  # beside padding
        assert view.states.numpy()[0] == pytest.approx(expected, abs=1e-5)
        assert view.padding_mask.numpy()[0].tolist() == [1] * 7 + [0] * 5


def test_the_middle_layers_are_taken_by_default(teacher, student, batch):
    views = TMix()(batch, {}, both(teacher, student))
    assert (views.teacher.layer, views.student.layer) == (1, 1)


def test_labels_are_mixed_or_stay(student, batch):
    models = both(student, student)
    assert TMix(weight=0.3)(batch, {}, models).targets.numpy()[0] == pytest.approx([0.3, 0.7])
    kept = TMix(weight=0.3, labels="original")(batch, {}, models)
    assert kept.targets.numpy()[0].tolist() == [1.0, 0.0]


def test_weight_one_gives_the_clean_logits(teacher, student, batch):
    views = TMix(weight=1.0)(batch, {}, both(teacher, student))
    for model, view, tokens in (
        (teacher, views.teacher, batch.teacher),
        (student, views.student, batch.student),
    ):
        assert view.padding_mask.numpy().tolist() == tokens.padding_mask.numpy().tolist()
        found = model.logits(view).numpy()
        assert found == pytest.approx(model.logits(tokens).numpy(), abs=1e-5)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"student_layer": 2}, "tmix.student_layer is 2, but must be from 0 to 1: the model has 2"),
        ({"teacher_layer": -1}, "tmix.teacher_layer is -1, but must be from 0 to 2: the model has"),
    ],
)
def test_a_layer_that_nothing_follows_is_refused(teacher, student, batch, options, sentence):
    with pytest.raises(InputError, match=f"^{sentence}"):
        TMix(**options)(batch, {}, both(teacher, student))


def test_what_lies_below_the_mixture_learns_too(teacher):
    student = SplitClassifier(bert(layers=2, seed=3))
    method = TMix(hard=0.0)
    distiller = Distiller(teacher, student, augmentations=[method])
    distiller.compile("sgd", run_eagerly=True)
    data = training_batches(sentiment(8), student.classifier.preprocessor, 8, 12, [method])
    x, y, *_ = next(iter(data))
    clean_batch, draws = distiller.clean_batch(x, y)
    with tf.GradientTape() as tape:
        view = distiller.augment(method, clean_batch, draws).student
        loss = tf.reduce_sum(student.logits(view, training=True) ** 2)
    first = student.classifier.backbone.transformer_layers[0].trainable_variables
    assert all(np.abs(gradient).max() > 0 for gradient in tape.gradient(loss, first))
