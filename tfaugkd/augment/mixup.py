"""MixUp of word embeddings, as in MixKD (Equations 4 to 7) and AugPro (Equation 1)."""

from dataclasses import dataclass

import tensorflow as tf

from tfaugkd.augment.method import Batch, Draws, Models, Representation, Views, drawn
from tfaugkd.augment.mixing import ROTATIONS, beta_weights, mixed_embeddings, mixed_tokens, partner
from tfaugkd.classifier import SplitClassifier, Tokens
from tfaugkd.errors import InputError


@dataclass(frozen=True)
class MixUp:
    """Mixes each example's word embeddings and label with those of another one.

    Both models read the mixture, each of its own embeddings; the labels are mixed alike.

    Args:
        weight: The example's share, from 0 to 1 (AugPro takes 0.5).
        alpha: Draw each example's share from Beta(alpha, alpha) instead (MixKD takes 0.4).
        rotation: Which example of its block of 8 is the partner: 1, 2, 3, 5, 6 or 7.
        hard: Weight of the loss against mixed labels (MixKD's alpha_SM).
        soft: Weight of the distance to the teacher (MixKD's alpha_TMKD).
        name: The name under which its losses are logged.
    """

    weight: float = 0.5
    alpha: float | None = None
    rotation: int = 1
    hard: float = 1.0
    soft: float = 1.0
    name: str = "mixup"

    space = "teacher"
    needs_clean_gradients = False
    makes_tokens = False
    one_vocabulary_because = (
        "position t of the two models would hold different words, and each would be shown another "
        "mixture"
    )

    def __post_init__(self) -> None:
        if not 0 <= self.weight <= 1:
            raise InputError(f"{self.name}.weight is {self.weight!r}, but must be from 0 to 1.")
        if self.alpha is not None and self.alpha <= 0:
            raise InputError(f"{self.name}.alpha is {self.alpha!r}, but must be above 0.")
        if self.rotation not in ROTATIONS:
            raise InputError(
                f"{self.name}.rotation is {self.rotation!r}, but must be one of {ROTATIONS}."
            )

    def draw(self, seed: tf.Tensor, batch_size: int) -> Draws:
        """Draws each example's share `[B]`, where it is random."""
        if self.alpha is None:
            return {}
        return {"weight": beta_weights(seed, batch_size, self.alpha)}

    def shares(self, draws: Draws, tokens: Tokens) -> tf.Tensor:
        """Gives each example's own share of its mixture, `[B]`."""
        if self.alpha is not None:
            return drawn(self.name, "weight", draws)
        return tf.fill([tokens.token_ids.shape[0]], tf.constant(self.weight, tf.float32))

    def represent(
        self, model: SplitClassifier, tokens: Tokens, batch: Batch, draws: Draws
    ) -> Representation:
        """Mixes in the embeddings of `model`, which reads `tokens`."""
        del batch
        weight = self.shares(draws, tokens)
        is_text = model.vocabulary.is_text(tokens.token_ids)
        other = Tokens(*(partner(values, self.rotation) for values in tokens))
        other_text = partner(is_text, self.rotation)
        layout, mixed_text = mixed_tokens(tokens, other, ~is_text, other_text, weight)
        own = model.embed(tokens.token_ids)
        embeddings = mixed_embeddings(
            own,
            partner(own, self.rotation),
            ~is_text,
            tf.cast(tokens.padding_mask, tf.bool),
            other_text,
            weight,
        )
        return Representation(embeddings, layout, mixed_text, (tokens.token_ids, other.token_ids))

    def __call__(self, batch: Batch, draws: Draws, models: Models) -> Views:
        """Shows both models the mixture, with the mixed labels."""
        share = self.shares(draws, batch.student)[:, tf.newaxis]
        targets = share * batch.targets + (1 - share) * partner(batch.targets, self.rotation)
        return Views(
            self.represent(models.teacher, batch.teacher, batch, draws).hidden(),
            self.represent(models.student, batch.student, batch, draws).hidden(),
            targets,
            None,
        )
