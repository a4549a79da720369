"""MixUp of word embeddings, as in MixKD (Equations 4 to 7) and AugPro (Equation 1)."""

from dataclasses import dataclass
from typing import Literal

import tensorflow as tf

from tfaugkd.augment.method import Batch, Draws, Models, Representation, Views
from tfaugkd.augment.mixing import (
    check_mixing,
    draw_shares,
    mixed_embeddings,
    mixed_targets,
    mixed_tokens,
    partner,
    position_shares,
    shares,
)
from tfaugkd.augment.words import touchable
from tfaugkd.certificate import Mixture
from tfaugkd.classifier import SplitClassifier, Tokens
from tfaugkd.config import Objective


@dataclass(frozen=True)
class MixUp:
    """Mixes each example's word embeddings and label with those of another one.

    Both models read the mixture, each of its own embeddings; the labels are mixed alike, and where
    one of the two is withheld so is the mixture's; or they stay the original's.

    Args:
        weight: The example's share, from 0 to 1 (AugPro takes 0.5).
        alpha: Draw each example's share from Beta(alpha, alpha) instead (MixKD takes 0.4).
        rotation: Which example of its block of 8 is the partner: 1, 2, 3, 5, 6 or 7.
        labels: "mixed" or "original"; what the loss against labels takes.
        hard: Weight of the loss against labels (MixKD's alpha_SM).
        soft: Weight of the distance to the teacher (MixKD's alpha_TMKD).
        deep: Factor on the weights of deep distillation.
        name: The name under which its losses are logged.
    """

    weight: float = 0.5
    alpha: float | None = None
    rotation: int = 1
    labels: Literal["mixed", "original"] = "mixed"
    hard: float = 1.0
    soft: float = 1.0
    deep: float = 0.0
    name: str = "mixup"

    space = "teacher"
    needs_clean_gradients = False
    needs_teacher_answer = False
    makes_tokens = False
    one_vocabulary_because = (
        "position t of the two models would hold different words, and each would be shown another "
        "mixture"
    )

    def __post_init__(self) -> None:
        check_mixing(self)

    def draw(self, seed: tf.Tensor, batch_size: int) -> Draws:
        """Draws each example's share `[B]`, where it is random."""
        return draw_shares(self, seed, batch_size)

    def targets(self, batch: Batch, draws: Draws) -> tf.Tensor:
        """Gives the labels of the mixtures, `[B, C]`."""
        return mixed_targets(self, batch.targets, shares(self, draws, batch.student))

    def represent(
        self,
        model: SplitClassifier,
        tokens: Tokens,
        batch: Batch,
        draws: Draws,
        objective: Objective,
    ) -> Representation:
        """Mixes in the embeddings of `model`, which reads `tokens`."""
        del batch, objective
        weight = shares(self, draws, tokens)
        is_text = touchable(model.vocabulary, tokens)
        other = Tokens(*(partner(values, self.rotation) for values in tokens[:3]))
        other_text = partner(is_text, self.rotation)
        layout, mixed_text = mixed_tokens(tokens, other, ~is_text, other_text, weight)
        real = tf.cast(tokens.padding_mask, tf.bool)
        own_share, other_share = position_shares(~is_text, real, other_text, weight)
        own = model.embed(tokens.token_ids)
        embeddings = mixed_embeddings(own, partner(own, self.rotation), own_share, other_share)
        parents = (tokens.token_ids, other.token_ids)
        mixture = Mixture(*parents, own_share, other_share)
        return Representation(embeddings, layout, mixed_text, parents, mixture)

    def __call__(self, batch: Batch, draws: Draws, models: Models) -> Views:
        """Shows both models the mixture, with its labels."""
        of_teacher = (models.teacher, batch.teacher, batch, draws, models.objective)
        of_student = (models.student, batch.student, batch, draws, models.objective)
        return Views(
            self.represent(*of_teacher).hidden(),
            self.represent(*of_student).hidden(),
            self.targets(batch, draws),
            None,
        )
