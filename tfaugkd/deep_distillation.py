"""Deep distillation: the student imitates hidden states and self-attention maps, layer by layer.

AD2 takes it from MobileBERT (Sun et al., 2020): the feature maps of mapped layers by squared error,
their self-attention maps by KL. Patient KD (Sun et al., 2019) compares [CLS] states alone.

`keras.distillation.FeatureDistillation` is not used: it names layers of a functional model, and
those of a KerasHub backbone cannot be named from outside its classifier; it runs the student a
second time; and it knows no padding, which would be learned like text.
"""

import math

import keras
import tensorflow as tf

from tfaugkd.classifier import Answer, SplitClassifier
from tfaugkd.config import DeepDistillation
from tfaugkd.errors import InputError


class DeepDistance:
    """Compares the insides of two models; holds the projections that are learned on the way.

    Args:
        deep: Weights, and which layers are compared.
        teacher: The teacher.
        student: The student.

    Raises:
        InputError: Layers that are not there, or other numbers of heads.

    Attributes:
        pairs: For each of the student's layers that learn, its index and that of the teacher's
            layer, from 0.
        projections: For each pair, the layer that brings the student's states to the teacher's
            width; none where the widths are the same.
    """

    def __init__(
        self, deep: DeepDistillation, teacher: SplitClassifier, student: SplitClassifier
    ) -> None:
        self.deep = deep
        self.pairs = layer_pairs(deep.layers, student.num_layers, teacher.num_layers)
        self.projections: list[keras.layers.Layer] = []
        if deep.attention > 0 and teacher.num_heads != student.num_heads:
            raise InputError(
                f"loss.deep.attention is {deep.attention}, but the teacher has {teacher.num_heads} "
                f"attention heads and the student {student.num_heads}; set it to 0."
            )
        if deep.patient > 0 and not self.patient_pairs:
            raise InputError(
                f"loss.deep.patient is {deep.patient}, but the student has one layer, and the last "
                "layer is left out; set it to 0."
            )
        if (deep.hidden > 0 or deep.patient > 0) and teacher.width != student.width:
            for one, other in self.pairs:
                name = f"student_{one + 1}_to_teacher_{other + 1}"
                dense = keras.layers.Dense(teacher.width, use_bias=False, name=name)
                dense.build((None, None, student.width))
                self.projections.append(dense)

    @property
    def patient_pairs(self) -> list[tuple[int, int]]:
        """The pairs that Patient KD compares: all but the student's last layer."""
        return self.pairs[:-1]

    def __call__(self, teacher: Answer, student: Answer, mask: tf.Tensor) -> dict[str, tf.Tensor]:
        """Compares what two models made of one view.

        Args:
            teacher: The teacher's answer, with its insides.
            student: The student's.
            mask: `[B, S]`; 1 for a token, 0 for padding.

        Returns:
            `hidden_loss`, `attention_loss` and `patient_loss`, those that have a weight; each
            `[B]`, the sum over the pairs of layers.
        """
        mask = tf.cast(mask, tf.float32)
        losses = {}
        if self.deep.hidden > 0:
            losses["hidden_loss"] = tf.add_n(
                [
                    hidden_loss(teacher.states[there], self._projected(student, pair), mask)
                    for pair, (_, there) in enumerate(self.pairs)
                ]
            )
        if self.deep.attention > 0:
            losses["attention_loss"] = tf.add_n(
                [
                    attention_loss(teacher.attention[there], student.attention[here], mask)
                    for here, there in self.pairs
                ]
            )
        if self.deep.patient > 0:
            losses["patient_loss"] = tf.add_n(
                [
                    patient_loss(teacher.states[there][:, 0], self._projected(student, pair)[:, 0])
                    for pair, (_, there) in enumerate(self.patient_pairs)
                ]
            )
        return losses

    def _projected(self, student: Answer, pair: int) -> tf.Tensor:
        states = student.states[self.pairs[pair][0]]
        return self.projections[pair](states) if self.projections else states


def layer_pairs(
    layers: str | list[int], student_layers: int, teacher_layers: int
) -> list[tuple[int, int]]:
    """Says which of the teacher's layers each of the student's learns from.

    Args:
        layers: "skip": the student's layer i learns from layer ceil(i L_T / L_S), so that the last
            learns from the last (Patient KD's Skip); "last": the student's layers learn from the
            teacher's last ones; or the teacher's layers, counted from 1, one for each of the
            student's.
        student_layers: L_S.
        teacher_layers: L_T.

    Returns:
        Pairs of indices from 0, the student's first.

    Raises:
        InputError: A list of another length, or a layer that the teacher does not have; "last"
            where the student has more layers than the teacher.
    """
    if layers == "skip":
        chosen = [
            math.ceil((layer + 1) * teacher_layers / student_layers)
            for layer in range(student_layers)
        ]
    elif layers == "last":
        chosen = [teacher_layers - student_layers + 1 + layer for layer in range(student_layers)]
    else:
        chosen = list(layers)  # type: ignore[arg-type]
    inside = all(1 <= layer <= teacher_layers for layer in chosen)
    if len(chosen) != student_layers or not inside:
        raise InputError(
            f"loss.deep.layers is {layers!r}, but must be 'skip', 'last' or a list with one of the "
            f"teacher's layers, from 1 to {teacher_layers}, for each of the student's "
            f"{student_layers}."
        )
    return [(here, there - 1) for here, there in enumerate(chosen)]


def hidden_loss(teacher: tf.Tensor, student: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Gives the squared error of hidden states, mean over real tokens and width (AD2; MobileBERT).

    Args:
        teacher: `[B, S, D]`.
        student: `[B, S, D]`.
        mask: float32 `[B, S]`; 1 for a token, 0 for padding.

    Returns:
        `[B]`.
    """
    squares = tf.square(tf.cast(teacher, tf.float32) - tf.cast(student, tf.float32))
    return _mean_over_tokens(tf.reduce_mean(squares, axis=-1), mask)


def attention_loss(teacher: tf.Tensor, student: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Gives KL(teacher || student) of attention rows, mean over heads and real tokens.

    Args:
        teacher: `[B, H, S, S]`, after softmax.
        student: `[B, H, S, S]`.
        mask: float32 `[B, S]`; 1 for a token, 0 for padding.

    Returns:
        `[B]`.
    """
    teacher, student = tf.cast(teacher, tf.float32), tf.cast(student, tf.float32)
    smallest = 1e-9  # a probability that underflows has no logarithm
    ratio = tf.math.log(tf.maximum(teacher, smallest)) - tf.math.log(tf.maximum(student, smallest))
    rows = tf.reduce_sum(teacher * ratio, axis=-1)
    return _mean_over_tokens(tf.reduce_mean(rows, axis=1), mask)


def patient_loss(teacher: tf.Tensor, student: tf.Tensor) -> tf.Tensor:
    """Gives the squared distance of two [CLS] states at length 1 (Sun et al., 2019, Equation 7).

    Args:
        teacher: `[B, D]`.
        student: `[B, D]`.

    Returns:
        `[B]`, from 0 to 4.
    """
    one, other = (
        tf.math.l2_normalize(tf.cast(state, tf.float32), axis=-1) for state in (teacher, student)
    )
    return tf.reduce_sum(tf.square(one - other), axis=-1)


def _mean_over_tokens(values: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    return tf.math.divide_no_nan(
        tf.reduce_sum(values * mask, axis=-1), tf.reduce_sum(mask, axis=-1)
    )
