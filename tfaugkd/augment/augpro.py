"""AugPro: represent, then project to tokens that both models read (AugPro, Algorithm 1)."""

from dataclasses import dataclass
from typing import Literal

import tensorflow as tf

from tfaugkd.augment.fgsm import FGSM
from tfaugkd.augment.method import (
    Batch,
    Draws,
    Models,
    Representation,
    Represents,
    Views,
    degree,
)
from tfaugkd.augment.mixup import MixUp
from tfaugkd.classifier import SplitClassifier
from tfaugkd.errors import InputError
from tfaugkd.projection import project, unit_rows


@dataclass(frozen=True)
class AugPro:
    """Turns the representations of any method back into text, and has the teacher label it.

    Projection need not preserve the label, so by default there is no loss against labels.

    Args:
        of: The representation function `h`.
        name: The name under which its losses are logged.
        soft: Weight of the distance to the teacher (AugPro, Equations 6 and 7).
        target_degree: Share of tokens to change, where epsilon is "auto".
    """

    of: Represents
    name: str
    soft: float = 1.0
    target_degree: float = 0.3

    hard = 0.0
    makes_tokens = True
    one_vocabulary_because = "both models read the tokens that projection finds"

    def __post_init__(self) -> None:
        if not 0 < self.target_degree < 1:
            raise InputError(
                f"{self.name}.target_degree is {self.target_degree!r}, but must lie between 0 and "
                "1."
            )

    @property
    def needs_clean_gradients(self) -> bool:
        """Tells whether the representation follows the gradient of the clean loss."""
        return self.of.needs_clean_gradients

    def draw(self, seed: tf.Tensor, batch_size: int) -> Draws:
        """Draws what the representation needs."""
        return self.of.draw(seed, batch_size)

    def __call__(self, batch: Batch, draws: Draws, models: Models) -> Views:
        """Shows both models the projected text."""
        # The teacher's table is frozen and its unit rows are at hand; the student's moves.
        if self.of.space == "teacher":
            model, tokens, unit_table = models.teacher, batch.teacher, models.teacher_unit_table
        else:
            model, tokens = models.student, batch.student
            unit_table = tf.stop_gradient(unit_rows(tf.convert_to_tensor(model.table)))
        made = self.of.represent(model, tokens, batch, draws)
        text = _projected(made, unit_table, model)
        changed = degree(text, made.is_text, made.parents)
        view = made.tokens._replace(token_ids=text)
        return Views(view, view, None, changed)


def _projected(made: Representation, unit_table: tf.Tensor, model: SplitClassifier) -> tf.Tensor:
    return project(
        tf.stop_gradient(made.embeddings),
        made.tokens.token_ids,
        made.is_text,
        unit_table,
        model.vocabulary.producible,
    )


def augpro_mix(
    weight: float = 0.5, alpha: float | None = None, rotation: int = 1, soft: float = 1.0
) -> AugPro:
    """Builds AugPro-Mix: MixUp of the teacher's word embeddings, projected on the teacher's table.

    Args:
        weight: The example's share of the mixture, from 0 to 1. Away from 0.5 nearly all tokens
            are those of the parent with the larger weighted norm.
        alpha: Draw each example's share from Beta(alpha, alpha) instead.
        rotation: Which example of its block of 8 is the partner: 1, 2, 3, 5, 6 or 7.
        soft: Weight of the distance to the teacher (AugPro, Equation 6).

    Returns:
        The augmentation.
    """
    return AugPro(MixUp(weight, alpha, rotation, name="augpro_mix"), "augpro_mix", soft)


def augpro_fgsm(
    epsilon: float | Literal["auto"] = "auto",
    unit: Literal["rms", "absolute"] = "rms",
    direction: Literal["ascent", "descent", "random"] = "ascent",
    target_degree: float = 0.3,
    soft: float = 1.0,
) -> AugPro:
    """Builds AugPro-FGSM: FGSM on the student's embeddings, projected on the student's table.

    Args:
        epsilon: Size of the step, or "auto": the one that changes `target_degree` of the tokens
            of the first batches. AugPro's 35 suits T5's large embeddings and no other.
        unit: "rms" or "absolute"; see `FGSM`.
        direction: "ascent", "descent" or "random"; see `FGSM`.
        target_degree: Share of tokens to change, between 0 and 1.
        soft: Weight of the distance to the teacher (AugPro, Equation 7).

    Returns:
        The augmentation.
    """
    shift = FGSM(epsilon, unit, direction, name="augpro_fgsm")
    return AugPro(shift, "augpro_fgsm", soft, target_degree)
