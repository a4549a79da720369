"""The sum that a step minimises, term by term.

Clean text has `hard CE(student, y) + soft d(student, teacher)` and the terms of deep distillation;
every augmentation has the same terms with weights of its own. A term is kept for each example until
the end, and is then logged under its own name. An example whose label is withheld counts as 0 in
the terms against labels and as one example in their means, so that these are the same however
examples fall on replicas, and the logged terms add up.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from tfaugkd.augment.method import Augmentation, Logs
from tfaugkd.classifier import Answer
from tfaugkd.config import Objective
from tfaugkd.deep_distillation import DeepDistance
from tfaugkd.losses import hard_loss, soft_loss


class Term(NamedTuple):
    """One term: its weight in the sum, and its value for each example `[B]`."""

    weight: float
    values: tf.Tensor


Terms = dict[str, Term]


class Weights(NamedTuple):
    """The weights of one view's terms, each under the name that its term is logged by."""

    student_loss: float
    distillation_loss: float
    hidden_loss: float
    attention_loss: float
    patient_loss: float

    @property
    def inside(self) -> bool:
        """Whether hidden states or attention maps are compared."""
        return max(self.hidden_loss, self.attention_loss, self.patient_loss) > 0

    @property
    def ask_teacher(self) -> bool:
        """Whether anything is compared with the teacher."""
        return self.distillation_loss > 0 or self.inside

    def names(self, prefix: str) -> list[str]:
        """Lists the names of the terms that have a weight."""
        return [f"{prefix}{name}" for name, weight in self._asdict().items() if weight > 0]


def clean_weights(objective: Objective) -> Weights:
    """Gives the weights of the terms on clean text."""
    deep = objective.deep
    return Weights(objective.hard, objective.soft, deep.hidden, deep.attention, deep.patient)


def view_weights(objective: Objective, method: Augmentation) -> Weights:
    """Gives the weights of the terms on what an augmentation makes."""
    deep = (method.deep * weight for weight in clean_weights(objective)[2:])
    return Weights(method.hard, method.soft, *deep)


def term_names(objective: Objective, augmentations: Sequence[Augmentation]) -> list[str]:
    """Lists the names under which a step's terms, and its degrees, are logged.

    Args:
        objective: The loss on clean text.
        augmentations: What is made up in each step.

    Returns:
        `student_loss`, `distillation_loss`, and `hidden_loss`, `attention_loss` and `patient_loss`
        of deep distillation; then each augmentation's with its name before them.
    """
    names = clean_weights(objective).names("")
    for method in augmentations:
        names += view_weights(objective, method).names(f"{method.name}_")
    names += [f"{method.name}_degree" for method in augmentations if method.makes_tokens]
    for method in augmentations:
        if isinstance(method, Logs):
            names += [f"{method.name}_{name}" for name in method.logs]
    return names


def loss_terms(
    weights: Weights,
    objective: Objective,
    targets: tf.Tensor | None,
    teacher: Answer | None,
    student: Answer,
    deep: DeepDistance | None,
    mask: tf.Tensor,
) -> Terms:
    """Gives the terms of one view that have a weight.

    Args:
        weights: The view's.
        objective: Names the distance.
        targets: `[B, C]`; not read where labels have no weight.
        teacher: The teacher's answer; not read where nothing is compared with it.
        student: The student's answer.
        deep: Compares insides; not read where they have no weight.
        mask: `[B, S]`; 1 for a token, 0 for padding.

    Returns:
        The terms by name.
    """
    values: dict[str, tf.Tensor] = {}
    if weights.student_loss > 0:
        values["student_loss"] = hard_loss(targets, student.logits)
    if weights.distillation_loss > 0:
        assert teacher is not None, "check_distillation refuses a distance to nobody"
        values["distillation_loss"] = soft_loss(objective, teacher.logits, student.logits)
    if weights.inside:
        assert teacher is not None, "check_distillation refuses a distance to nobody"
        assert deep is not None, "the step has one where the weights ask for it"
        values |= deep(teacher, student, mask)
    return {name: Term(getattr(weights, name), value) for name, value in values.items()}


def weighted_sum(terms: Terms, logits: tf.Tensor) -> tf.Tensor:
    """Adds terms up for each example, `[B]`; `logits` `[B, C]` give the shape if there are none."""
    nothing = tf.zeros_like(logits[:, 0])
    return tf.add_n([nothing, *(weight * values for weight, values in terms.values())])


def mean_over_replicas(
    terms: Terms, logits: tf.Tensor, sample_weight: tf.Tensor | None
) -> tf.Tensor:
    """Divides by the global batch, so that the replicas' gradients add up to the whole."""
    # There is none where a batch is looked at whole, before any replica trains.
    context = tf.distribute.get_replica_context()
    replicas = 1 if context is None else context.num_replicas_in_sync
    sums = weighted_sum(terms, logits)
    if sample_weight is not None:
        sums *= tf.cast(sample_weight, sums.dtype)
    return tf.reduce_sum(sums) / (replicas * logits.shape[0])


def dense_gradients(tape: tf.GradientTape, loss: tf.Tensor, sources: tuple) -> tuple:
    """Gives dense gradients, zero where the loss does not depend on a source."""
    own = tf.nest.map_structure(_watched, sources)
    found = tape.gradient(loss, own, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return tf.nest.map_structure(tf.convert_to_tensor, found, expand_composites=False)


def _watched(source: Any) -> Any:
    """Gives what the tape knows a source as."""
    # The tape cannot make zeros of what is not TensorFlow's own.
    value = source.value if isinstance(source, keras.Variable) else source
    if tf.distribute.in_cross_replica_context() and isinstance(
        value, tf.distribute.DistributedValues
    ):
        # Where a batch is looked at whole, the first copy is read.
        return tf.distribute.get_strategy().experimental_local_results(value)[0]
    return value
