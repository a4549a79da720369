"""Losses, one number an example: `[B, C]` to `[B]`.

They are reduced once, in the distiller, so that any number of replicas gives the same update.
"""

import tensorflow as tf

from tfaugkd.config import Objective
from tfaugkd.data.examples import WITHHELD
from tfaugkd.errors import InputError


def label_targets(labels: tf.Tensor, num_classes: int) -> tf.Tensor:
    """Turns labels into targets that can be mixed.

    A mixture with a withheld label is withheld too, as whatever is added to nan is nan.

    Args:
        labels: `[B]`; class indices, or scores where `num_classes` is 1. A withheld label is nan,
            or, of a class, -1.
        num_classes: C; 1 for regression.

    Returns:
        `[B, C]` float32: one-hot classes, or the scores themselves; nan where the label is
        withheld, and infinite where it is no class, so that the loss is, too.
    """
    labels = tf.cast(tf.reshape(labels, [-1, 1]), tf.float32)
    if num_classes == 1:
        return labels
    targets = tf.cast(labels == tf.range(num_classes, dtype=tf.float32), tf.float32)
    is_class = tf.reduce_any(targets > 0, axis=-1, keepdims=True)
    targets = tf.where(is_class, targets, float("inf"))
    return tf.where((labels == WITHHELD) | tf.math.is_nan(labels), float("nan"), targets)


def has_label(targets: tf.Tensor) -> tf.Tensor:
    """Tells whose label is known: targets `[B, C]` from `label_targets` to bool `[B]`."""
    return ~tf.reduce_any(tf.math.is_nan(targets), axis=-1)


def hard_loss(targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Compares logits with labels: cross-entropy, or the squared error where C is 1.

    Args:
        targets: `[B, C]` from `label_targets`, or a mixture of two such rows (MixKD, Equation 7).
        logits: `[B, C]`.

    Returns:
        `[B]`; 0 where the label is withheld.
    """
    labelled = has_label(targets)
    # Inside, too: a nan that is not chosen would still be one in the gradient.
    known = tf.where(labelled[:, tf.newaxis], targets, 0.0)
    if targets.shape[-1] == 1:
        loss = mean_squared_error(known, logits)
    else:
        loss = -tf.reduce_sum(known * tf.nn.log_softmax(logits), axis=-1)
    return tf.where(labelled, loss, 0.0)


def mean_squared_error(teacher_logits: tf.Tensor, student_logits: tf.Tensor) -> tf.Tensor:
    """Gives the squared difference of two rows of logits, mean over the classes (not their sum).

    Args:
        teacher_logits: `[B, C]`.
        student_logits: `[B, C]`.

    Returns:
        `[B]`.
    """
    return tf.reduce_mean(tf.square(teacher_logits - student_logits), axis=-1)


def soft_cross_entropy(
    teacher_logits: tf.Tensor, student_logits: tf.Tensor, temperature: float = 1.0
) -> tf.Tensor:
    """Gives the cross-entropy of softened probabilities, times T^2 (Hinton et al., 2015).

    Args:
        teacher_logits: `[B, C]`.
        student_logits: `[B, C]`.
        temperature: T, above 0.

    Returns:
        `[B]`.
    """
    teacher = tf.nn.softmax(teacher_logits / temperature)
    student = tf.nn.log_softmax(student_logits / temperature)
    return -tf.reduce_sum(teacher * student, axis=-1) * temperature**2


def kl_divergence(
    teacher_logits: tf.Tensor, student_logits: tf.Tensor, temperature: float = 1.0
) -> tf.Tensor:
    """Gives KL(teacher || student) of softened probabilities, times T^2 (AD2, Equation 2).

    Args:
        teacher_logits: `[B, C]`.
        student_logits: `[B, C]`.
        temperature: T, above 0.

    Returns:
        `[B]`; 0 where the two agree.
    """
    teacher = tf.nn.softmax(teacher_logits / temperature)
    difference = tf.nn.log_softmax(teacher_logits / temperature) - tf.nn.log_softmax(
        student_logits / temperature
    )
    return tf.reduce_sum(teacher * difference, axis=-1) * temperature**2


def soft_loss(
    objective: Objective, teacher_logits: tf.Tensor, student_logits: tf.Tensor
) -> tf.Tensor:
    """Gives the distance `d` of AugPro's Equation 4 that an objective names.

    Args:
        objective: Names the distance and its temperature.
        teacher_logits: `[B, C]`.
        student_logits: `[B, C]`.

    Returns:
        `[B]`.
    """
    if objective.distance == "mse":
        return mean_squared_error(teacher_logits, student_logits)
    distance = kl_divergence if objective.distance == "kl" else soft_cross_entropy
    return distance(teacher_logits, student_logits, objective.temperature)


def check_objective(objective: Objective, num_classes: int) -> None:
    """Refuses a distance between probabilities where there is one class, whose probability is 1.

    Args:
        objective: Names the distance.
        num_classes: C; 1 for regression.

    Raises:
        InputError: "kl" or "cross_entropy" with one class.
    """
    if num_classes == 1 and objective.soft > 0 and objective.distance != "mse":
        raise InputError(
            f"loss.distance is {objective.distance!r}, which is always zero for a model with one "
            "output (regression); use 'mse'."
        )
