"""TMix: MixUp of the hidden states between two layers (Chen et al., 2020; AugPro's KD+TMix)."""

from dataclasses import dataclass
from typing import Literal

import tensorflow as tf

from tfaugkd.augment.method import Batch, Draws, Models, Views
from tfaugkd.augment.mixing import check_mixing, draw_shares, mixed_targets, partner, shares
from tfaugkd.classifier import Hidden, SplitClassifier, Tokens
from tfaugkd.errors import InputError


@dataclass(frozen=True)
class TMix:
    """Mixes each example's hidden states, and label, with those of another one.

    Each model mixes its own states behind one of its layers and goes on from there. All positions
    are mixed, special tokens too: behind a layer they hold what was read of the text. Only where
    the text is protected its states stay, and those of a partner mix as zero, as padding does. A
    mixture is as long as the longer of the two texts. Behind layer 0, which is
    `mixup` but for its special tokens, is the word embedding.

    Args:
        student_layer: The student's layer behind which it mixes; the middle one if not given
            (AugPro: 4 of 8).
        teacher_layer: The same for the teacher (AugPro: 12 of 24).
        weight: The example's share, from 0 to 1.
        alpha: Draw each example's share from Beta(alpha, alpha) instead.
        rotation: Which example of its block of 8 is the partner: 1, 2, 3, 5, 6 or 7.
        labels: "mixed" or "original"; what the loss against labels takes.
        hard: Weight of the loss against labels.
        soft: Weight of the distance to the teacher.
        name: The name under which its losses are logged.
    """

    student_layer: int | None = None
    teacher_layer: int | None = None
    weight: float = 0.5
    alpha: float | None = None
    rotation: int = 1
    labels: Literal["mixed", "original"] = "mixed"
    hard: float = 1.0
    soft: float = 1.0
    name: str = "tmix"

    # Below the mixture there are two texts, whose insides no single text of the teacher's has.
    deep = 0.0
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

    def __call__(self, batch: Batch, draws: Draws, models: Models) -> Views:
        """Shows each model the mixture of its own hidden states."""
        share = shares(self, draws, batch.student)
        below = self._layer("teacher_layer", models.teacher)
        teacher = self._mixed(models.teacher, batch.teacher, share, below, models.teacher_dropout)
        below = self._layer("student_layer", models.student)
        student = self._mixed(models.student, batch.student, share, below, training=True)
        return Views(teacher, student, mixed_targets(self, batch.targets, share), None)

    def _layer(self, option: str, model: SplitClassifier) -> int:
        layer = getattr(self, option)
        if layer is None:
            return model.num_layers // 2
        if not 0 <= layer < model.num_layers:
            raise InputError(
                f"{self.name}.{option} is {layer}, but must be from 0 to {model.num_layers - 1}: "
                f"the model has {model.num_layers} layers, and one must follow."
            )
        return layer

    def _mixed(
        self, model: SplitClassifier, tokens: Tokens, share: tf.Tensor, layer: int, training: bool
    ) -> Hidden:
        states = model.encode(
            *(model.embed(tokens.token_ids), tokens.segment_ids, tokens.padding_mask),
            to_layer=layer,
            training=training,
        )
        real = tf.cast(tokens.padding_mask, tf.bool)
        free = real if tokens.protected is None else real & (tokens.protected == 0)
        taken = partner(free, self.rotation) & (share < 1)[:, tf.newaxis] & (free | ~real)
        own_share = tf.where(free, share[:, tf.newaxis], tf.cast(real, tf.float32))
        other_share = tf.where(taken, 1.0 - share[:, tf.newaxis], 0.0)
        mixed = tf.cast(own_share, states.dtype)[..., tf.newaxis] * states + tf.cast(
            other_share, states.dtype
        )[..., tf.newaxis] * partner(states, self.rotation)
        segments = tf.where(real, tokens.segment_ids, partner(tokens.segment_ids, self.rotation))
        mask = tf.cast(real | taken, tokens.padding_mask.dtype)
        return Hidden(mixed, segments, mask, layer)
