"""One step on one replica's batch: Algorithm 1 of AugPro, from texts to gradients.

The `Distiller` around it is what Keras sees; here is what the papers print.
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from tfaugkd.augment.method import Augmentation, Batch, Draws, Logs, Models, Views
from tfaugkd.classifier import Answer, Hidden, SplitClassifier, Tokens
from tfaugkd.config import Objective
from tfaugkd.data.inputs import Inputs, read_inputs
from tfaugkd.deep_distillation import DeepDistance
from tfaugkd.errors import InputError
from tfaugkd.loss_terms import (
    Term,
    Terms,
    Weights,
    clean_weights,
    dense_gradients,
    loss_terms,
    mean_over_replicas,
    view_weights,
)
from tfaugkd.losses import label_targets
from tfaugkd.projection import unit_rows
from tfaugkd.replicas import on_each_replica
from tfaugkd.tokenizer_comparison import same_vocabulary


class Step:
    """What a training step computes, up to the gradients; it changes no weights.

    Args:
        teacher: The teacher, or None.
        student: The student.
        objective: The loss on clean text.
        augmentations: What is made up.
        teacher_dropout: Whether the teacher's dropout is on.
        stored_logits: Whether the teacher's logits of the clean text are read from the data.
    """

    def __init__(
        self,
        teacher: SplitClassifier | None,
        student: SplitClassifier,
        objective: Objective,
        augmentations: Sequence[Augmentation],
        teacher_dropout: bool,
        stored_logits: bool = False,
    ) -> None:
        self.teacher = teacher
        self.student = student
        self.objective = objective
        self.augmentations = tuple(augmentations)
        self.teacher_dropout = teacher_dropout
        self.stored_logits = stored_logits
        self.clean_weights = clean_weights(objective)
        # Set where float16 computes: its small gradients would vanish.
        self.scale_loss: Callable[[tf.Tensor], tf.Tensor] = tf.identity
        self.models: Models | None = None
        self.deep: DeepDistance | None = None
        self.two_vocabularies = False
        if teacher is not None:
            self.two_vocabularies = not same_vocabulary(teacher, student)
            if self.augmentations:
                rows = on_each_replica(unit_rows(tf.convert_to_tensor(teacher.table)))
                self.models = Models(teacher, student, rows, teacher_dropout, objective)
            if objective.deep.weighs:
                self.deep = DeepDistance(objective.deep, teacher, student)

    @property
    def learned(self) -> list[Any]:
        """The variables that learn: the student's, and those of deep projections."""
        projections = [] if self.deep is None else self.deep.projections
        of_projections = [weight for layer in projections for weight in layer.trainable_variables]
        return self.student.classifier.trainable_variables + of_projections

    def losses_and_gradients(
        self, x: dict[str, Any], y: tf.Tensor, sample_weight: tf.Tensor | None
    ) -> tuple[Terms, tf.Tensor, list[tf.Tensor]]:
        """Runs Algorithm 1 up to the gradient of L_KD + L_Aug.

        Args:
            x: Inputs and draws, as `read_inputs` takes them.
            y: Labels `[B]`.
            sample_weight: `[B]`, or None.

        Returns:
            Every term of the loss, the student's logits on clean text `[B, C]`, and the gradients,
            which are scaled where the loss is.
        """
        batch, terms, logits, gradients = self.clean_pass(x, y, sample_weight)
        draws = read_inputs(x).draws
        for method in self.augmentations:
            with tf.GradientTape() as tape:
                augmented = self._augmented_pass(method, batch, draws, tape)
                loss = self.scale_loss(mean_over_replicas(augmented, logits, sample_weight))
            (added,) = dense_gradients(tape, loss, (self.learned,))
            gradients = [one + other for one, other in zip(gradients, added, strict=True)]
            terms |= augmented
        return terms, logits, gradients

    def clean_pass(
        self, x: dict[str, Any], y: tf.Tensor, sample_weight: tf.Tensor | None
    ) -> tuple[Batch, Terms, tf.Tensor, list[tf.Tensor]]:
        """Gives L_KD, its gradients, and the batch with those by the student's embeddings."""
        inputs = self._inputs(x)
        targets = label_targets(y, self.student.num_classes)
        weights = self.clean_weights
        needed = any(method.needs_teacher_answer for method in self.augmentations)
        teacher = self._clean_teacher_answer(inputs, needed)
        with tf.GradientTape() as tape:
            embeddings = self.student.embed(inputs.student.token_ids)
            student = self._student_answer(_behind(embeddings, inputs.student), weights)
            terms = self._terms(weights, targets, teacher, student, inputs.student)
            loss = self.scale_loss(mean_over_replicas(terms, student.logits, sample_weight))
        gradients, by_embeddings = dense_gradients(tape, loss, (self.learned, embeddings))
        batch = Batch(inputs.teacher, inputs.student, targets, by_embeddings, teacher)
        return batch, terms, student.logits, gradients

    def augment(self, method: Augmentation, batch: Batch, draws: dict[str, Draws]) -> Views:
        """Gives the views that an augmentation makes of a batch: h(), and p() where it projects."""
        assert self.models is not None, "check_distillation refuses augmentations without a teacher"
        rows = tf.convert_to_tensor(self.models.teacher_unit_table)
        models = self.models._replace(teacher_unit_table=rows)
        return method(batch, draws.get(method.name, {}), models)

    def _augmented_pass(
        self, method: Augmentation, batch: Batch, draws: dict[str, Draws], tape: tf.GradientTape
    ) -> Terms:
        """Gives L_Aug of one augmentation: its views, and what both models answer."""
        weights = view_weights(self.objective, method)
        views = self.augment(method, batch, draws)
        with tape.stop_recording():
            teacher = batch.teacher_answer if views.teacher is batch.teacher else None
            if teacher is None:
                teacher = self._teacher_answer(views.teacher, weights)
        student = self._student_answer(views.student, weights)
        terms = self._terms(weights, views.targets, teacher, student, views.student)
        named = {f"{method.name}_{name}": term for name, term in terms.items()}
        if views.degree is not None:
            named[f"{method.name}_degree"] = Term(0.0, views.degree)
        if isinstance(method, Logs):
            for name, values in zip(method.logs, views.logged, strict=True):
                named[f"{method.name}_{name}"] = Term(0.0, values)
        return named

    def losses_and_logits(self, x: dict[str, Any], y: tf.Tensor) -> tuple[Terms, tf.Tensor]:
        """Gives L_KD on clean text without dropout, and the student's logits `[B, C]`."""
        inputs = self._inputs(x)
        targets = label_targets(y, self.student.num_classes)
        weights = self.clean_weights
        teacher = self._clean_teacher_answer(inputs, training=False)
        student = self._student_answer(inputs.student, weights, training=False)
        return self._terms(weights, targets, teacher, student, inputs.student), student.logits

    def _inputs(self, x: dict[str, Any]) -> Inputs:
        if self.two_vocabularies and "teacher" not in x:
            raise InputError(
                "The teacher's vocabulary is not the student's, but the data hold the student's "
                "tokens alone: give training_batches and evaluation_batches the teacher's "
                "preprocessor as teacher."
            )
        return read_inputs(x)

    def _clean_teacher_answer(
        self, inputs: Inputs, needed: bool = False, training: bool = True
    ) -> Answer | None:
        """Takes the teacher's logits from the data where they are stored; else asks the teacher."""
        weights = self.clean_weights
        if not self.stored_logits:
            return self._teacher_answer(inputs.teacher, weights, needed, training)
        if not (weights.ask_teacher or needed):
            return None
        stored = self._stored_logits(inputs)
        if not weights.inside:
            return Answer(stored)
        # Hidden states and attention are not stored.
        answer = self._teacher_answer(inputs.teacher, weights, training=training)
        assert answer is not None, "check_distillation refuses deep distillation without a teacher"
        return answer._replace(logits=stored)

    def _stored_logits(self, inputs: Inputs) -> tf.Tensor:
        stored, classes = inputs.teacher_logits, self.student.num_classes
        if stored is None:
            raise InputError(
                "The distiller takes the teacher's logits from the data, but the data hold none: "
                "give training_batches and evaluation_batches teacher_logits."
            )
        if stored.shape[-1] != classes:
            raise InputError(
                f"The data's teacher_logits have {stored.shape[-1]} classes, but the student has "
                f"{classes}."
            )
        return stored

    def _teacher_answer(
        self,
        inputs: Tokens | Hidden,
        weights: Weights,
        needed: bool = False,
        training: bool = True,
    ) -> Answer | None:
        if self.teacher is None or not (weights.ask_teacher or needed):
            return None
        dropout = training and self.teacher_dropout
        answer = _answer(self.teacher, inputs, dropout, weights)
        return tf.nest.map_structure(tf.stop_gradient, answer)

    def _student_answer(
        self, inputs: Tokens | Hidden, weights: Weights, training: bool = True
    ) -> Answer:
        return _answer(self.student, inputs, training, weights)

    def _terms(
        self,
        weights: Weights,
        targets: tf.Tensor | None,
        teacher: Answer | None,
        student: Answer,
        shown: Tokens | Hidden,
    ) -> Terms:
        mask = shown.padding_mask
        return loss_terms(weights, self.objective, targets, teacher, student, self.deep, mask)


def _answer(
    model: SplitClassifier, inputs: Tokens | Hidden, training: bool, weights: Weights
) -> Answer:
    if weights.inside:
        return model.trace(inputs, training, attention=weights.attention_loss > 0)
    return Answer(model.logits(inputs, training))


def _behind(embeddings: tf.Tensor, tokens: Tokens) -> Hidden:
    return Hidden(embeddings, tokens.segment_ids, tokens.padding_mask)
