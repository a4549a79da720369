"""The sum that a step minimises, term by term: `hard CE(student, y) + soft d(student, teacher)`.

Clean text has one such pair of terms, every augmentation another, each with its own weights. A
term is kept for each example until the end, and is then logged under its own name.
"""

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from tfaugkd.augment.method import Augmentation
from tfaugkd.config import Objective
from tfaugkd.losses import hard_loss, soft_loss


class Term(NamedTuple):
    """One term: its weight in the sum, and its value for each example `[B]`."""

    weight: float
    values: tf.Tensor


Terms = dict[str, Term]


def term_names(objective: Objective, augmentations: Sequence[Augmentation]) -> list[str]:
    """Lists the names under which a step's terms, and its degrees, are logged.

    Args:
        objective: The loss on clean text.
        augmentations: What is made up in each step.

    Returns:
        `student_loss` and `distillation_loss`, then each augmentation's with its name before them.
    """
    names = _pair("", objective)
    for method in augmentations:
        names += _pair(f"{method.name}_", method)
    return names + [f"{method.name}_degree" for method in augmentations if method.makes_tokens]


def _pair(prefix: str, weights: Objective | Augmentation) -> list[str]:
    hard = [f"{prefix}student_loss"] if weights.hard > 0 else []
    return hard + ([f"{prefix}distillation_loss"] if weights.soft > 0 else [])


def loss_terms(
    prefix: str,
    weights: Objective | Augmentation,
    objective: Objective,
    targets: tf.Tensor | None,
    teacher_logits: tf.Tensor | None,
    logits: tf.Tensor,
) -> Terms:
    """Gives the terms of one view that have a weight.

    Args:
        prefix: Goes before the terms' names.
        weights: Has `hard` and `soft`.
        objective: Names the distance.
        targets: `[B, C]`; not read where `hard` is 0.
        teacher_logits: `[B, C]`; not read where `soft` is 0.
        logits: The student's, `[B, C]`.

    Returns:
        The terms by name.
    """
    terms: Terms = {}
    if weights.hard > 0:
        terms[f"{prefix}student_loss"] = Term(weights.hard, hard_loss(targets, logits))
    if weights.soft > 0:
        distance = soft_loss(objective, teacher_logits, logits)
        terms[f"{prefix}distillation_loss"] = Term(weights.soft, distance)
    return terms


def weighted_sum(terms: Terms, logits: tf.Tensor) -> tf.Tensor:
    """Adds terms up for each example, `[B]`; `logits` `[B, C]` give the shape if there are none."""
    nothing = tf.zeros_like(logits[:, 0])
    return tf.add_n([nothing, *(weight * values for weight, values in terms.values())])


def mean_over_replicas(
    terms: Terms, logits: tf.Tensor, sample_weight: tf.Tensor | None
) -> tf.Tensor:
    """Divides by the global batch, so that the replicas' gradients add up to the whole."""
    return tf.nn.compute_average_loss(weighted_sum(terms, logits), sample_weight)


def dense_gradients(tape: tf.GradientTape, loss: tf.Tensor, sources: tuple) -> tuple:
    """Gives dense gradients, zero where the loss does not depend on a source."""
    found = tape.gradient(loss, sources, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return tf.nest.map_structure(tf.convert_to_tensor, found, expand_composites=False)
