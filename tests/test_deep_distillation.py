import numpy as np
import pytest
import tensorflow as tf
from conftest import LENGTH, bert, distil_bert, sentiment, tokens_of

from tfaugkd.augment.fgsm import FGSM
from tfaugkd.augment.pga import PGA
from tfaugkd.classifier import Answer, SplitClassifier
from tfaugkd.config import DeepDistillation, Objective
from tfaugkd.data.batches import training_batches
from tfaugkd.deep_distillation import (
    DeepDistance,
    attention_loss,
    hidden_loss,
    layer_pairs,
    patient_loss,
)
from tfaugkd.distiller import Distiller
from tfaugkd.errors import InputError

MASK = tf.constant([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]])


@pytest.mark.parametrize(
    ("layers", "student_layers", "teacher_layers", "pairs"),
    [
        ("skip", 6, 12, [(0, 1), (1, 3), (2, 5), (3, 7), (4, 9), (5, 11)]),
        ("skip", 2, 3, [(0, 1), (1, 2)]),
        ("last", 2, 6, [(0, 4), (1, 5)]),
        ([1, 4], 2, 6, [(0, 0), (1, 3)]),
        ("skip", 4, 2, [(0, 0), (1, 0), (2, 1), (3, 1)]),
    ],
)
def test_layers_are_mapped(layers, student_layers, teacher_layers, pairs):
    assert layer_pairs(layers, student_layers, teacher_layers) == pairs


@pytest.mark.parametrize(("layers", "count"), [([1], 2), ([1, 7], 2), ([0, 1], 2), ("last", 7)])
def test_layers_that_are_not_there_are_refused(layers, count):
    with pytest.raises(InputError, match=r"^loss.deep.layers is .* from 1 to 6, for each of the"):
        layer_pairs(layers, count, 6)


def test_hidden_states_by_hand():
    teacher = tf.constant([[[1.0, 2.0], [0.0, 0.0], [9.0, 9.0]], [[0.0, 0.0]] * 3])
    student = tf.constant([[[0.0, 0.0], [0.0, 4.0], [0.0, 0.0]], [[1.0, 1.0]] * 3])
    # Tokens: (1 + 4) / 2 and 16 / 2, padding left out; then 1 everywhere.
    assert hidden_loss(teacher, student, MASK).numpy() == pytest.approx([5.25, 1.0])


def test_attention_by_hand():
    half, sure = [0.5, 0.5, 0.0], [1.0, 0.0, 0.0]
    teacher = tf.constant([[[sure, half, sure]], [[half, half, half]]])
    student = tf.constant([[[half, half, half]], [[half, half, half]]])
    # KL(sure || half) = log 2, for one of the first text's two tokens.
    assert attention_loss(teacher, student, MASK).numpy() == pytest.approx([0.3465736, 0.0])


def test_patient_states_by_hand():
    teacher = tf.constant([[3.0, 4.0], [0.0, 2.0], [1.0, 0.0]])
    student = tf.constant([[6.0, 8.0], [5.0, 0.0], [-2.0, 0.0]])
    # The same direction; at right angles; opposite.
    assert patient_loss(teacher, student).numpy() == pytest.approx([0.0, 2.0, 4.0])


def test_a_model_agrees_with_itself(teacher):
    tokens = tokens_of("[CLS] good film [SEP]", "[CLS] bad [SEP] plot [SEP]")
    deep = DeepDistance(DeepDistillation(1.0, 1.0, 1.0), teacher, teacher)
    answer = teacher.trace(tokens)
    found = deep(answer, answer, tokens.padding_mask)
    assert list(found) == ["hidden_loss", "attention_loss", "patient_loss"]
    for values in found.values():
        assert values.numpy() == pytest.approx([0.0, 0.0], abs=1e-6)
    assert deep.projections == []


def test_padding_does_not_matter(teacher, student):
    deep = DeepDistance(DeepDistillation(1.0, 1.0, 1.0), teacher, student)
    found = []
    for length in (5, LENGTH):
        tokens = tokens_of("[CLS] good film [SEP]", length=length)
        losses = deep(teacher.trace(tokens), student.trace(tokens), tokens.padding_mask)
        found.append([float(values[0]) for values in losses.values()])
    assert found[0] == pytest.approx(found[1], rel=1e-5)
    assert min(found[0]) > 1e-3


def test_patient_distillation_leaves_the_last_layer_out(teacher, student):
    deep = DeepDistance(DeepDistillation(patient=1.0), teacher, student)
    assert deep.pairs == [(0, 1), (1, 2)]
    answer = student.trace(tokens_of("[CLS] good [SEP]"), attention=False)
    other = teacher.trace(tokens_of("[CLS] bad [SEP]"), attention=False)
    (found,) = deep(other, answer, tf.ones([1, LENGTH])).values()
    expected = patient_loss(other.states[1][:, 0], answer.states[0][:, 0])
    assert found.numpy() == pytest.approx(expected.numpy())
    with pytest.raises(InputError, match=r"^loss.deep.patient is 1.0, but the student has one"):
        DeepDistance(DeepDistillation(patient=1.0), teacher, SplitClassifier(bert(layers=1)))


def test_other_numbers_of_heads_are_refused(teacher):
    one_head = SplitClassifier(bert(layers=1))
    one_head.classifier.backbone.num_heads = 1
    with pytest.raises(InputError, match=r"the teacher has 2 attention heads and the student 1;"):
        DeepDistance(DeepDistillation(attention=1.0), teacher, one_head)


def test_a_student_of_another_width_learns_through_a_projection_that_is_not_saved(tmp_path):
    teacher = SplitClassifier(bert(layers=2, seed=1, width=16))
    student = SplitClassifier(bert(layers=2, seed=2))
    objective = Objective(deep=DeepDistillation(hidden=1.0, attention=0.5, patient=2.0))
    method = PGA(radius=0.5, step_size=0.5, deep=1.0)
    distiller = Distiller(teacher, student, objective, [method])
    distiller.compile("adam")
    data = training_batches(sentiment(16), student.classifier.preprocessor, 8, LENGTH, [method])
    projection = distiller.deep_projections[0].kernel
    assert projection.shape == (8, 16)
    before = projection.numpy()
    logs = distiller.fit(data, steps_per_epoch=4, epochs=3, verbose=0).history
    assert np.abs(projection.numpy() - before).max() > 1e-4
    for name in ("hidden_loss", "pga_hidden_loss", "patient_loss", "pga_attention_loss"):
        assert logs[name][-1] < logs[name][0], name
    parts = [1.0, 1.0, 1.0, 0.5, 2.0, 1.0, 1.0, 0.5, 2.0]
    names = ["student", "distillation", "hidden", "attention", "patient"]
    names += ["pga_distillation", "pga_hidden", "pga_attention", "pga_patient"]
    total = sum(w * logs[f"{name}_loss"][-1] for w, name in zip(parts, names, strict=True))
    assert logs["loss"][-1] == pytest.approx(total, rel=1e-4)
    counted = sum(np.prod(weight.shape) for weight in student.classifier.weights)
    assert student.parameter_count == counted


def test_xla_gives_the_losses_and_gradients_of_eager_execution(teacher):
    student = SplitClassifier(bert(layers=2, seed=4))
    objective = Objective(deep=DeepDistillation(hidden=1.0, attention=0.5, patient=2.0))
    method = FGSM(epsilon=0.3, deep=0.5)
    data = training_batches(sentiment(16), student.classifier.preprocessor, 8, LENGTH, [method])
    batch = (*next(iter(data))[:2], None)
    found = []
    for eagerly in (True, False):
        distiller = Distiller(teacher, student, objective, [method])
        distiller.compile("sgd", run_eagerly=eagerly)
        terms, _, gradients = distiller.losses_and_gradients(*batch)
        found.append([*(term.values for term in terms.values()), *gradients])
    for one, other in zip(*found, strict=True):
        assert np.asarray(one) == pytest.approx(np.asarray(other), rel=1e-3, abs=1e-4)


def test_every_weight_of_the_objective_reaches_the_student(teacher):
    student = SplitClassifier(bert(layers=2, seed=4))
    data = training_batches(sentiment(16), student.classifier.preprocessor, 8, LENGTH)
    batch = (*next(iter(data))[:2], None)
    first = student.classifier.backbone.transformer_layers[0].trainable_variables[0]
    for name in ("hidden", "attention", "patient"):
        objective = Objective(0.0, 0.0, deep=DeepDistillation(**{name: 1.0}))
        distiller = Distiller(teacher, student, objective)
        distiller.compile("sgd", run_eagerly=True)
        terms, _, gradients = distiller.losses_and_gradients(*batch)
        assert list(terms) == [f"{name}_loss"]
        place = [variable is first for variable in distiller.step.learned].index(True)
        assert np.abs(gradients[place]).max() > 1e-6


def test_insides_are_compared_only_where_positions_hold_the_same_words():
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "film"]
    other = SplitClassifier(bert(layers=2, words=words))
    student = SplitClassifier(distil_bert(layers=2))
    with pytest.raises(InputError, match=r"^loss.deep needs a teacher and a student with one voc"):
        Distiller(other, student, Objective(deep=DeepDistillation(hidden=1.0)))
    Distiller(other, student, Objective(deep=DeepDistillation(patient=1.0)))


@pytest.mark.parametrize("weight", ["hidden", "attention", "patient"])
def test_a_negative_weight_is_refused(weight):
    with pytest.raises(InputError, match=rf"^loss.deep.{weight} is -1.0, but must be 0 or more."):
        DeepDistillation(**{weight: -1.0})


def test_a_factor_without_weights_is_refused(teacher, student):
    with pytest.raises(InputError, match=r"^fgsm.deep is 1.0, but it multiplies the weights in"):
        Distiller(teacher, student, augmentations=[FGSM(deep=1.0)])


def test_without_a_teacher_there_is_nothing_to_look_into(student):
    with pytest.raises(InputError, match=r"^loss.deep has a weight, but there is no teacher;"):
        Distiller(None, student, Objective(soft=0.0, deep=DeepDistillation(hidden=1.0)))


def test_an_answer_is_empty_where_nothing_was_asked():
    assert Answer(tf.zeros([2, 2])).states == ()
