"""FGSM: a step along the sign of the gradient (Goodfellow et al., 2014; AugPro, Equation 2)."""

from dataclasses import dataclass
from typing import Literal

import tensorflow as tf

from tfaugkd.augment.method import Batch, Draws, Models, Representation, Views, drawn
from tfaugkd.augment.randomness import example_seeds, random_numbers
from tfaugkd.augment.words import touchable
from tfaugkd.classifier import SplitClassifier, Tokens
from tfaugkd.config import Objective
from tfaugkd.errors import InputError
from tfaugkd.vocabulary import root_mean_square

DIRECTIONS = ("ascent", "descent", "random")
UNITS = ("rms", "absolute")


@dataclass(frozen=True)
class FGSM:
    """Shifts the student's word embeddings by epsilon along the sign of the clean loss' gradient.

    The student reads the shifted embeddings, the teacher the clean text. Specials are not shifted.
    The gradient is the one that the clean loss' own backward pass gives, dropout included; its
    sign does not depend on the batch's size.

    Args:
        epsilon: Size of the step; 0 changes nothing. Small, as AugPro says: at 0.2 a student of
            the demo forgets its task. "auto" is for `augpro_fgsm` alone.
        unit: "rms": epsilon counts in root-mean-square entries of the student's embedding table;
            "absolute": in the embeddings' own unit (AugPro's 35 is T5's).
        direction: "ascent" climbs the loss (the paper's), "descent" goes down, "random" takes
            random signs.
        hard: Weight of the loss against the original's label.
        soft: Weight of the distance to the teacher (AugPro's L_FGSM).
        deep: Factor on the weights of deep distillation.
        name: The name under which its losses are logged.
    """

    epsilon: float | Literal["auto"] = 0.01
    unit: Literal["rms", "absolute"] = "rms"
    direction: Literal["ascent", "descent", "random"] = "ascent"
    hard: float = 0.0
    soft: float = 1.0
    deep: float = 0.0
    name: str = "fgsm"

    space = "student"
    auto_option = "epsilon"
    needs_teacher_answer = False
    makes_tokens = False

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise InputError(f"{self.name}.unit is {self.unit!r}, but must be one of {UNITS}.")
        if self.direction not in DIRECTIONS:
            raise InputError(
                f"{self.name}.direction is {self.direction!r}, but must be one of {DIRECTIONS}."
            )
        named = isinstance(self.epsilon, str) and self.epsilon != "auto"
        below = isinstance(self.epsilon, (int, float)) and self.epsilon < 0
        if named or below:
            raise InputError(
                f"{self.name}.epsilon is {self.epsilon!r}, but must be a number from 0, or 'auto'."
            )

    @property
    def one_vocabulary_because(self) -> str | None:
        """Says nothing: the teacher reads clean text."""
        return None

    @property
    def needs_clean_gradients(self) -> bool:
        """Tells whether the signs are those of the gradient."""
        return self.direction != "random"

    def draw(self, seed: tf.Tensor, batch_size: int) -> Draws:
        """Draws a seed `[B, 2]` for each example, where the signs are random."""
        if self.direction != "random":
            return {}
        return {"seed": example_seeds(seed, batch_size)}

    def targets(self, batch: Batch, draws: Draws) -> tf.Tensor:
        """Gives the original's label, `[B, C]`."""
        del draws
        return batch.targets

    def represent(
        self,
        model: SplitClassifier,
        tokens: Tokens,
        batch: Batch,
        draws: Draws,
        objective: Objective,
    ) -> Representation:
        """Shifts the embeddings of `model`, which reads `tokens`."""
        del objective
        embeddings = model.embed(tokens.token_ids)
        is_text = touchable(model.vocabulary, tokens)
        scale = root_mean_square(model.table) if self.unit == "rms" else 1.0
        step = tf.cast(self.epsilon, tf.float32) * scale * self._signs(embeddings, batch, draws)
        step = tf.where(is_text[..., tf.newaxis], step, 0.0)
        shifted = embeddings + tf.stop_gradient(tf.cast(step, embeddings.dtype))
        return Representation(shifted, tokens, is_text, (tokens.token_ids,))

    def _signs(self, embeddings: tf.Tensor, batch: Batch, draws: Draws) -> tf.Tensor:
        if self.direction == "random":
            return random_signs(drawn(self.name, "seed", draws), embeddings.shape[1:])
        assert batch.clean_gradients is not None, "the distiller gives them to whoever needs them"
        gradients = tf.cast(batch.clean_gradients, tf.float32)
        # A scaled loss may overflow float16; the update of such a step is left out.
        signs = tf.where(tf.math.is_nan(gradients), 0.0, tf.sign(gradients))
        return signs if self.direction == "ascent" else -signs

    def __call__(self, batch: Batch, draws: Draws, models: Models) -> Views:
        """Shows the student the shifted embeddings and the teacher the clean text."""
        of_student = (models.student, batch.student, batch, draws, models.objective)
        shifted = self.represent(*of_student)
        return Views(batch.teacher, shifted.hidden(), batch.targets, None)


def random_signs(seeds: tf.Tensor, shape: tuple[int, int]) -> tf.Tensor:
    """Draws -1 or 1, each example from its own seed.

    Args:
        seeds: int32 `[B, 2]`.
        shape: `(S, D)`.

    Returns:
        float32 `[B, S, D]`.
    """
    return tf.where(random_numbers(seeds, shape) < 0, -1.0, 1.0)
