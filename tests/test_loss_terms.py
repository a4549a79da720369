import pytest
import tensorflow as tf

from tfaugkd.augment.augpro import augpro_fgsm, augpro_mix
from tfaugkd.augment.fgsm import FGSM
from tfaugkd.augment.mixup import MixUp
from tfaugkd.classifier import Answer
from tfaugkd.config import DeepDistillation, Objective
from tfaugkd.loss_terms import (
    Term,
    Weights,
    clean_weights,
    dense_gradients,
    loss_terms,
    mean_over_replicas,
    term_names,
    view_weights,
    weighted_sum,
)

TARGETS = tf.constant([[1.0, 0.0], [0.0, 1.0]])
# For these logits the cross-entropy is log 2, and the squared error 1 and 4.
STUDENT = tf.constant([[0.0, 0.0], [0.0, 0.0]])
TEACHER = tf.constant([[1.0, -1.0], [2.0, 2.0]])
TERMS = {
    "student_loss": Term(0.5, tf.constant([2.0, 4.0])),
    "distillation_loss": Term(2.0, tf.constant([1.0, 3.0])),
    "augpro_mix_degree": Term(0.0, tf.constant([0.7, 0.9])),
}


def test_what_is_logged_has_a_weight_or_is_a_degree():
    methods = [MixUp(), FGSM(hard=0.5, soft=0.0), augpro_mix(), augpro_fgsm()]
    assert term_names(Objective(), methods) == [
        "student_loss",
        "distillation_loss",
        "mixup_student_loss",
        "mixup_distillation_loss",
        "fgsm_student_loss",
        "augpro_mix_distillation_loss",
        "augpro_fgsm_distillation_loss",
        "augpro_mix_degree",
        "augpro_fgsm_degree",
    ]
    assert term_names(Objective(hard=0.0), []) == ["distillation_loss"]
    assert term_names(Objective(soft=0.0), []) == ["student_loss"]


def terms_of(weights, objective, targets, teacher):
    answer = None if teacher is None else Answer(teacher)
    return loss_terms(weights, objective, targets, answer, Answer(STUDENT), None, tf.ones([2, 3]))


def test_a_view_has_a_term_against_labels_and_one_against_the_teacher():
    weights = view_weights(Objective(), MixUp(hard=0.3, soft=2.0))
    found = terms_of(weights, Objective(), TARGETS, TEACHER)
    assert {name: term.weight for name, term in found.items()} == {
        "student_loss": 0.3,
        "distillation_loss": 2.0,
    }
    assert found["student_loss"].values.numpy() == pytest.approx([0.693147] * 2)
    assert found["distillation_loss"].values.numpy().tolist() == [1.0, 4.0]


def test_a_term_without_a_weight_is_not_computed():
    labels_alone = Objective(soft=0.0)
    labels = terms_of(clean_weights(labels_alone), labels_alone, TARGETS, None)
    assert list(labels) == ["student_loss"]
    teacher = terms_of(view_weights(Objective(), augpro_mix()), Objective(), None, TEACHER)
    assert list(teacher) == ["distillation_loss"]


def test_the_distance_is_the_objectives():
    kl = Objective(distance="kl", temperature=2.0)
    found = terms_of(view_weights(kl, FGSM()), kl, None, TEACHER)["distillation_loss"]
    # At temperature 2 the first teacher says 0.731 and 0.269: 4 (log 2 - 0.582203).
    assert found.values.numpy() == pytest.approx([4 * (0.693147 - 0.582203), 0.0], rel=1e-4)


def test_a_views_insides_weigh_the_objectives_weights_times_its_own_factor():
    deep = Objective(deep=DeepDistillation(hidden=0.5, patient=3.0))
    assert clean_weights(deep) == Weights(1.0, 1.0, 0.5, 0.0, 3.0)
    assert view_weights(deep, FGSM(deep=2.0)) == Weights(0.0, 1.0, 1.0, 0.0, 6.0)
    assert not view_weights(deep, FGSM()).inside
    assert term_names(deep, [FGSM(deep=2.0), MixUp()]) == [
        "student_loss",
        "distillation_loss",
        "hidden_loss",
        "patient_loss",
        "fgsm_distillation_loss",
        "fgsm_hidden_loss",
        "fgsm_patient_loss",
        "mixup_student_loss",
        "mixup_distillation_loss",
    ]


def test_terms_are_added_up_for_each_example():
    assert weighted_sum(TERMS, STUDENT).numpy().tolist() == [3.0, 8.0]
    assert weighted_sum({}, STUDENT).numpy().tolist() == [0.0, 0.0]


def test_the_loss_is_divided_by_the_number_of_examples_whatever_they_weigh():
    assert float(mean_over_replicas(TERMS, STUDENT, None)) == 5.5
    assert float(mean_over_replicas(TERMS, STUDENT, tf.constant([1.0, 0.0]))) == 1.5
    assert float(mean_over_replicas(TERMS, STUDENT, tf.constant([2.0, 2.0]))) == 11.0


def test_gradients_are_dense_and_zero_where_nothing_depends():
    table, unused = tf.Variable(tf.ones([3, 2])), tf.Variable([5.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.gather(table, [1, 1]))
    assert isinstance(tape.gradient(loss, table), tf.IndexedSlices)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.gather(table, [1, 1]))
    ((found, none),) = dense_gradients(tape, loss, ([table, unused],))
    assert isinstance(found, tf.Tensor)
    assert found.numpy().tolist() == [[0.0, 0.0], [2.0, 2.0], [0.0, 0.0]]
    assert none.numpy().tolist() == [0.0]
