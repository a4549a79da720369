import numpy as np
import pytest
import tensorflow as tf

from tfaugkd.config import Objective
from tfaugkd.errors import InputError
from tfaugkd.losses import (
    check_objective,
    hard_loss,
    has_label,
    kl_divergence,
    label_targets,
    mean_squared_error,
    soft_cross_entropy,
    soft_loss,
)

# At temperature 2 the teacher says 3/4 and 1/4, the student 1/2 and 1/2.
TEACHER = tf.constant([[2 * np.log(3.0), 0.0]], tf.float32)
STUDENT = tf.constant([[5.0, 5.0]])
# -(3/4 log 3/4 + 1/4 log 1/4)
ENTROPY = 0.562335


def test_labels_become_one_row_of_targets_an_example():
    assert label_targets(tf.constant([2, 0]), 3).numpy().tolist() == [[0, 0, 1], [1, 0, 0]]
    assert label_targets(tf.constant([[1], [0]]), 2).numpy().tolist() == [[0, 1], [1, 0]]
    assert label_targets(tf.constant([1.5, -2.0]), 1).numpy().tolist() == [[1.5], [-2.0]]


def test_hard_loss_is_the_cross_entropy_of_each_example():
    # Softmax of (log 3, 0) is (3/4, 1/4), of (0, 0) it is (1/2, 1/2).
    logits = tf.constant([[np.log(3.0), 0.0], [np.log(3.0), 0.0], [0.0, 0.0]], tf.float32)
    targets = label_targets(tf.constant([0, 1, 1]), 2)
    assert hard_loss(targets, logits).numpy() == pytest.approx([0.287682, 1.386294, 0.693147], 1e-5)


def test_hard_loss_takes_mixed_targets():
    logits = tf.constant([[np.log(3.0), 0.0]], tf.float32)
    # 0.6 * 0.287682 + 0.4 * 1.386294
    assert hard_loss(tf.constant([[0.6, 0.4]]), logits).numpy() == pytest.approx([0.727127], 1e-5)


def test_hard_loss_of_one_class_is_the_squared_error():
    targets = label_targets(tf.constant([1.0, 4.0]), 1)
    assert hard_loss(targets, tf.constant([[3.0], [4.0]])).numpy().tolist() == [4.0, 0.0]


def test_hard_loss_stays_finite_far_out():
    loss = hard_loss(tf.constant([[0.0, 1.0]]), tf.constant([[300.0, -300.0]]))
    assert loss.numpy() == pytest.approx([600.0])


def test_mean_squared_error_is_the_mean_over_classes():
    # (1 + 4 + 16) / 3 and 0.
    teacher = tf.constant([[1.0, 2.0, 4.0], [5.0, 5.0, 5.0]])
    student = tf.constant([[0.0, 0.0, 0.0], [5.0, 5.0, 5.0]])
    assert mean_squared_error(teacher, student).numpy().tolist() == [7.0, 0.0]


def test_soft_cross_entropy_softens_both_models_and_is_scaled_by_the_squared_temperature():
    # 4 * (3/4 + 1/4) * log 2
    found = soft_cross_entropy(TEACHER, STUDENT, 2.0)
    assert found.numpy() == pytest.approx([2.772589], 1e-5)


def test_kl_is_the_cross_entropy_without_the_teachers_entropy():
    # At temperature 1 the teacher says 9/10 and 1/10: log 2 - 0.325083.
    assert kl_divergence(TEACHER, STUDENT, 2.0).numpy() == pytest.approx(
        [4 * (0.693147 - ENTROPY)], 1e-4
    )
    assert kl_divergence(TEACHER, STUDENT).numpy() == pytest.approx([0.368064], 1e-4)
    random = np.random.default_rng(0)
    teacher, student = tf.constant(random.normal(size=(2, 9, 4)) * 3, tf.float32)
    entropy = soft_cross_entropy(teacher, teacher, 1.5)
    cross = soft_cross_entropy(teacher, student, 1.5)
    found = kl_divergence(teacher, student, 1.5).numpy()
    assert found == pytest.approx((cross - entropy).numpy(), rel=1e-3, abs=1e-4)
    assert (found > 0).all()


def test_kl_runs_from_teacher_to_student():
    # KL((3/4, 1/4) || (1/2, 1/2)) = 0.130812, the other way round 0.143841.
    teacher, student = tf.constant([[np.log(3.0), 0.0]], tf.float32), tf.constant([[0.0, 0.0]])
    assert kl_divergence(teacher, student).numpy() == pytest.approx([0.130812], 1e-4)
    assert kl_divergence(student, teacher).numpy() == pytest.approx([0.143841], 1e-4)


@pytest.mark.parametrize("distance", [kl_divergence, mean_squared_error])
def test_a_distance_is_zero_where_the_models_agree(distance):
    logits = tf.constant([[1.0, -2.0, 0.5], [30.0, -30.0, 0.0]])
    assert distance(logits, logits).numpy() == pytest.approx([0.0, 0.0], abs=1e-6)


@pytest.mark.parametrize("distance", ["kl", "cross_entropy"])
def test_a_distance_of_probabilities_has_the_hard_losss_gradient_times_t(distance):
    # d/dz [T^2 CE(softmax(t/T), softmax(z/T))] = T (softmax(z/T) - softmax(t/T))
    student = tf.Variable([[5.0, 5.0]])
    with tf.GradientTape() as tape:
        loss = soft_loss(Objective(distance=distance, temperature=2.0), TEACHER, student)
    assert tape.gradient(loss, student).numpy() == pytest.approx(np.array([[-0.5, 0.5]]), rel=1e-5)


@pytest.mark.parametrize(
    ("objective", "expected"),
    [
        (Objective(), mean_squared_error(TEACHER, STUDENT)),
        (Objective(distance="kl", temperature=2.0), kl_divergence(TEACHER, STUDENT, 2.0)),
        (Objective(distance="kl"), kl_divergence(TEACHER, STUDENT, 1.0)),
        (
            Objective(distance="cross_entropy", temperature=3.0),
            soft_cross_entropy(TEACHER, STUDENT, 3.0),
        ),
    ],
)
def test_an_objective_names_its_distance_and_temperature(objective, expected):
    assert soft_loss(objective, TEACHER, STUDENT).numpy().tolist() == expected.numpy().tolist()


@pytest.mark.parametrize("distance", ["kl", "cross_entropy"])
def test_probabilities_of_one_class_are_refused(distance):
    with pytest.raises(InputError, match=f"{distance}.*regression.*'mse'"):
        check_objective(Objective(distance=distance), 1)
    check_objective(Objective(distance=distance), 2)
    check_objective(Objective(distance=distance, soft=0.0), 1)
    check_objective(Objective(distance="mse"), 1)


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"hard": -1.0}, "loss.hard"),
        ({"soft": -0.5}, "loss.soft"),
        ({"distance": "cosine"}, "loss.distance"),
        ({"temperature": 0.0, "distance": "kl"}, "loss.temperature"),
        ({"temperature": 2.0, "distance": "mse"}, "loss.temperature"),
    ],
)
def test_an_objective_without_a_meaning_is_refused(values, key):
    with pytest.raises(InputError, match=f"^{key} is "):
        Objective(**values)


def test_a_withheld_label_counts_in_no_loss_and_no_gradient():
    logits = tf.Variable([[1.0, -2.0], [1.0, -2.0]])
    targets = label_targets(tf.constant([-1, 1]), 2)
    assert has_label(targets).numpy().tolist() == [False, True]
    with tf.GradientTape() as tape:
        loss = hard_loss(targets, logits)
    # log(1 + e^3)
    assert loss.numpy() == pytest.approx([0.0, 3.048587], 1e-5)
    gradient = tape.gradient(loss, logits).numpy()
    assert gradient[0].tolist() == [0.0, 0.0]
    assert gradient[1] == pytest.approx([0.952574, -0.952574], 1e-4)


def test_a_withheld_score_is_nan_because_minus_one_is_a_score():
    targets = label_targets(tf.constant([float("nan"), -1.0]), 1)
    assert hard_loss(targets, tf.constant([[5.0], [1.0]])).numpy().tolist() == [0.0, 4.0]
    # Where all labels are withheld there is no telling classes from scores: nan stands for both.
    assert not has_label(label_targets(tf.constant([float("nan")] * 2), 3)).numpy().any()


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_mixture_has_a_label_only_if_both_texts_have_one(share):
    targets = label_targets(tf.constant([0, -1, 1]), 2)
    mixed = share * targets + (1 - share) * tf.roll(targets, -1, axis=0)
    assert has_label(mixed).numpy().tolist() == [False, False, True]


@pytest.mark.parametrize("label", [2, -2, 0.5])
def test_a_label_that_is_no_class_makes_the_loss_infinite(label):
    targets = label_targets(tf.constant([label, 1]), 2)
    loss = hard_loss(targets, tf.constant([[1.0, 0.0]] * 2)).numpy()
    assert np.isinf(loss[0])
    assert loss[1] == pytest.approx(1.313262, 1e-5)
