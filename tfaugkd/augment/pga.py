"""PGA: projected gradient ascent in an L2 ball (Madry et al., 2018; AD2, Equation 2)."""

from dataclasses import dataclass
from typing import Literal

import tensorflow as tf

from tfaugkd.augment.fgsm import UNITS, random_signs
from tfaugkd.augment.method import Batch, Draws, Models, Representation, Views, drawn
from tfaugkd.augment.randomness import example_seeds
from tfaugkd.augment.words import touchable
from tfaugkd.classifier import Hidden, SplitClassifier, Tokens
from tfaugkd.config import Objective
from tfaugkd.errors import InputError
from tfaugkd.losses import hard_loss, soft_loss
from tfaugkd.vocabulary import root_mean_square

STARTS = ("zero", "random")
ADVERSARIES = ("soft", "hard")


@dataclass(frozen=True)
class PGA:
    """Shifts the student's word embeddings to where it disagrees most, inside an L2 ball.

    The student reads the shifted embeddings, the teacher the clean text (AD2's Algorithm 1). The
    ball is each example's own, over all of its text; special tokens are not shifted. AD2 adds the
    shift to the sum of word, position and segment embeddings, which is the same. A step follows
    the gradient at length 1, then the shift is brought back into the ball. AD2's radius, the
    default, is next to nothing for embeddings of length 1; the two losses that are logged, clean
    and adversarial, tell whether the shift does anything.

    Args:
        radius: Radius of the ball; 0 changes nothing. "auto" is for `augpro_pga` alone.
        step_size: Length of a step; 2 radius / steps if not given.
        steps: K, the number of steps (AD2: 1); each costs a pass through the student and back.
        unit: "absolute": in the embeddings' own unit (AD2's); "rms": in root-mean-square entries
            of the student's embedding table, for each of a text's entries, so that a radius is as
            long as `fgsm` with that epsilon.
        start: "zero", or "random": somewhere on the ball's surface.
        adversary: What is climbed: "soft", the distance to the teacher (AD2's Equation 2), or
            "hard", the loss against labels (AD2's ablation -KD).
        hard: Weight of the loss against the original's label.
        soft: Weight of the distance to the teacher (AD2's alpha).
        deep: Factor on the weights of deep distillation.
        name: The name under which its losses are logged.
    """

    radius: float | Literal["auto"] = 1e-5
    step_size: float | None = 1e-3
    steps: int = 1
    unit: Literal["rms", "absolute"] = "absolute"
    start: Literal["zero", "random"] = "zero"
    adversary: Literal["soft", "hard"] = "soft"
    hard: float = 0.0
    soft: float = 1.0
    deep: float = 0.0
    name: str = "pga"

    space = "student"
    auto_option = "radius"
    needs_clean_gradients = False
    makes_tokens = False

    def __post_init__(self) -> None:
        named = isinstance(self.radius, str) and self.radius != "auto"
        if named or (isinstance(self.radius, (int, float)) and self.radius < 0):
            raise InputError(
                f"{self.name}.radius is {self.radius!r}, but must be a number from 0, or 'auto'."
            )
        if self.step_size is not None and self.step_size <= 0:
            raise InputError(f"{self.name}.step_size is {self.step_size!r}, but must be above 0.")
        if self.steps < 1:
            raise InputError(f"{self.name}.steps is {self.steps!r}, but must be 1 or more.")
        for option, allowed in (("unit", UNITS), ("start", STARTS), ("adversary", ADVERSARIES)):
            if getattr(self, option) not in allowed:
                raise InputError(
                    f"{self.name}.{option} is {getattr(self, option)!r}, but must be one of "
                    f"{allowed}."
                )

    @property
    def one_vocabulary_because(self) -> str | None:
        """Says nothing: the teacher reads clean text."""
        return None

    @property
    def needs_teacher_answer(self) -> bool:
        """Tells whether the distance to the teacher is climbed."""
        return self.adversary == "soft"

    def draw(self, seed: tf.Tensor, batch_size: int) -> Draws:
        """Draws a seed `[B, 2]` for each example, where the start is random."""
        if self.start == "zero":
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
        embeddings = model.embed(tokens.token_ids)
        is_text = touchable(model.vocabulary, tokens)
        radius, step = self._lengths(model, is_text)
        shift = self._first(is_text, radius, embeddings.shape, draws)
        for _ in range(self.steps):
            with tf.GradientTape() as tape:
                tape.watch(shift)
                states = embeddings + tf.cast(shift, embeddings.dtype)
                hidden = Hidden(states, tokens.segment_ids, tokens.padding_mask)
                phi = self._phi(batch, model.logits(hidden, training=True), objective)
            uphill = tf.where(is_text[..., tf.newaxis], tape.gradient(phi, shift), 0.0)
            shift = inside_ball(shift + step * at_length_one(uphill), radius)
        shifted = embeddings + tf.cast(tf.stop_gradient(shift), embeddings.dtype)
        return Representation(shifted, tokens, is_text, (tokens.token_ids,))

    def _lengths(self, model: SplitClassifier, is_text: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Gives radius and step size in the embeddings' own unit, `[B, 1, 1]`."""
        radius = tf.cast(self.radius, tf.float32)
        step = 2 * radius / self.steps if self.step_size is None else self.step_size
        scale = tf.ones_like(is_text[:, :1], tf.float32)
        if self.unit == "rms":
            entries = tf.reduce_sum(tf.cast(is_text, tf.float32), axis=-1, keepdims=True)
            scale = root_mean_square(model.table) * tf.sqrt(entries * model.table.shape[1])
        return (radius * scale)[..., tf.newaxis], (step * scale)[..., tf.newaxis]

    def _first(
        self, is_text: tf.Tensor, radius: tf.Tensor, shape: tf.TensorShape, draws: Draws
    ) -> tf.Tensor:
        if self.start == "zero":
            return tf.zeros(shape, tf.float32)
        signs = random_signs(drawn(self.name, "seed", draws), shape[1:])
        return radius * at_length_one(tf.where(is_text[..., tf.newaxis], signs, 0.0))

    def _phi(self, batch: Batch, logits: tf.Tensor, objective: Objective) -> tf.Tensor:
        """Gives what the adversary climbs, `[B]`; examples do not touch, so their sum may be."""
        if self.adversary == "hard":
            return hard_loss(batch.targets, logits)
        assert batch.teacher_answer is not None, "the step asks the teacher for whoever needs it"
        return soft_loss(objective, batch.teacher_answer.logits, logits)

    def __call__(self, batch: Batch, draws: Draws, models: Models) -> Views:
        """Shows the student the shifted embeddings and the teacher the clean text."""
        of_student = (models.student, batch.student, batch, draws, models.objective)
        shifted = self.represent(*of_student)
        return Views(batch.teacher, shifted.hidden(), self.targets(batch, draws), None)


def at_length_one(values: tf.Tensor) -> tf.Tensor:
    """Scales each example's `[S, D]` to L2 length 1; zero stays zero."""
    length = tf.sqrt(tf.reduce_sum(tf.square(values), axis=(1, 2), keepdims=True))
    return tf.math.divide_no_nan(values, length)


def inside_ball(values: tf.Tensor, radius: tf.Tensor) -> tf.Tensor:
    """Brings each example's `[S, D]` back into the L2 ball of its radius `[B, 1, 1]`."""
    length = tf.sqrt(tf.reduce_sum(tf.square(values), axis=(1, 2), keepdims=True))
    return values * tf.minimum(1.0, tf.math.divide_no_nan(radius, length))
