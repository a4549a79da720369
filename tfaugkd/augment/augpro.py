"""AugPro: represent, then project to tokens that both models read (AugPro, Algorithm 1)."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
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
from tfaugkd.augment.pga import PGA
from tfaugkd.certificate import Geometry, Mixture, geometry_of, nearest_to_mixtures
from tfaugkd.classifier import SplitClassifier
from tfaugkd.errors import InputError
from tfaugkd.projection import project, unit_rows

TIERS = ("by_parents", "by_neighbours", "by_search")


@dataclass(frozen=True)
class AugPro:
    """Turns the representations of any method back into text, and has the teacher label it.

    Projection need not preserve the label, so by default there is no loss against labels (the
    paper's Table 5 shows what they cost).

    Args:
        of: The representation function `h`.
        name: The name under which its losses are logged.
        soft: Weight of the distance to the teacher (AugPro, Equations 6 and 7).
        hard: Weight of the loss against the labels that the representation would have.
        deep: Factor on the weights of deep distillation.
        target_degree: Share of tokens to change, where the representation's epsilon or radius is
            "auto".
        certify: Prove the nearest token of a mixture from its parents where that can be done, and
            search the whole vocabulary only for the rest; the result is the same. What was settled
            by the parents, by their neighbours and by the search is logged, as shares of the text.
        search: How the vocabulary is searched where nothing is proven; takes what
            `projection.project` takes.
    """

    of: Represents
    name: str
    soft: float = 1.0
    hard: float = 0.0
    deep: float = 0.0
    target_degree: float = 0.3
    certify: bool = True
    search: Callable[..., tf.Tensor] = project
    geometry: Geometry | None = field(default=None, init=False, repr=False, compare=False)

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

    @property
    def needs_teacher_answer(self) -> bool:
        """Tells whether the representation follows the distance to the teacher on clean text."""
        return self.of.needs_teacher_answer

    @property
    def logs(self) -> tuple[str, ...]:
        """The names of the tiers' shares, where mixtures are certified."""
        return TIERS if self.geometry is not None else ()

    def prepared(self, teacher: SplitClassifier) -> "AugPro":
        """Finds the neighbours of every token in the teacher's table, where they prove mixtures."""
        if not self.certify or self.of.space != "teacher":
            return self
        table = tf.convert_to_tensor(teacher.table)
        holding = dataclasses.replace(self)
        geometry = geometry_of(table, teacher.vocabulary.producible)
        object.__setattr__(holding, "geometry", geometry)
        return holding

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
        made = self.of.represent(model, tokens, batch, draws, models.objective)
        if made.mixture is None or self.geometry is None:
            text, logged = self._searched(made, unit_table, model), ()
        else:
            text, logged = _certified(made, made.mixture, self.geometry)
        changed = degree(text, made.is_text, made.parents)
        view = made.tokens._replace(token_ids=text)
        return Views(view, view, self.of.targets(batch, draws), changed, logged)

    def _searched(
        self, made: Representation, unit_table: tf.Tensor, model: SplitClassifier
    ) -> tf.Tensor:
        return self.search(
            tf.stop_gradient(made.embeddings),
            made.tokens.token_ids,
            made.is_text,
            unit_table,
            model.vocabulary.producible,
        )


def _certified(
    made: Representation, mixture: Mixture, geometry: Geometry
) -> tuple[tf.Tensor, tuple[tf.Tensor, ...]]:
    """Projects mixtures; also gives the share of each text that each tier settled."""
    shape = made.is_text.shape
    has_direction = tf.reduce_any(made.embeddings != 0, axis=-1)
    wanted = made.is_text & has_direction
    flat = Mixture(*(tf.reshape(part, [-1]) for part in mixture))
    found = nearest_to_mixtures(flat, tf.reshape(wanted, [-1]), geometry)
    text = tf.where(wanted, tf.reshape(found.token_ids, shape), made.tokens.token_ids)
    tier = tf.reshape(found.tier, shape)
    count = tf.reduce_sum(tf.cast(wanted, tf.float32), axis=-1)
    settled = (
        tf.reduce_sum(tf.cast(wanted & (tier == number), tf.float32), axis=-1)
        for number in (1, 2, 3)
    )
    return text, tuple(tf.math.divide_no_nan(of_tier, count) for of_tier in settled)


def augpro_mix(
    weight: float = 0.5,
    alpha: float | None = None,
    rotation: int = 1,
    labels: Literal["mixed", "original"] = "mixed",
    hard: float = 0.0,
    soft: float = 1.0,
    deep: float = 0.0,
    name: str = "augpro_mix",
) -> AugPro:
    """Builds AugPro-Mix: MixUp of the teacher's word embeddings, projected on the teacher's table.

    Args:
        weight: The example's share of the mixture, from 0 to 1. Away from 0.5 nearly all tokens
            are those of the parent with the larger weighted norm.
        alpha: Draw each example's share from Beta(alpha, alpha) instead.
        rotation: Which example of its block of 8 is the partner: 1, 2, 3, 5, 6 or 7.
        labels: "mixed" or "original"; what the loss against labels takes.
        hard: Weight of the loss against labels.
        soft: Weight of the distance to the teacher (AugPro, Equation 6).
        deep: Factor on the weights of deep distillation.
        name: The name under which its losses are logged.

    Returns:
        The augmentation.
    """
    mixture = MixUp(weight, alpha, rotation, labels, name=name)
    return AugPro(mixture, name, soft, hard, deep)


def augpro_fgsm(
    epsilon: float | Literal["auto"] = "auto",
    unit: Literal["rms", "absolute"] = "rms",
    direction: Literal["ascent", "descent", "random"] = "ascent",
    target_degree: float = 0.3,
    recall: float = 1.0,
    hard: float = 0.0,
    soft: float = 1.0,
    deep: float = 0.0,
) -> AugPro:
    """Builds AugPro-FGSM: FGSM on the student's embeddings, projected on the student's table.

    Args:
        epsilon: Size of the step, or "auto": the one that changes `target_degree` of the tokens
            of the first batches. AugPro's 35 suits T5's large embeddings and no other.
        unit: "rms" or "absolute"; see `FGSM`.
        direction: "ascent", "descent" or "random"; see `FGSM`.
        target_degree: Share of tokens to change, between 0 and 1.
        recall: Share of the tokens whose nearest is found, above 0; below 1, TPUs search faster,
            and the others get a near one.
        hard: Weight of the loss against the original's label.
        soft: Weight of the distance to the teacher (AugPro, Equation 7).
        deep: Factor on the weights of deep distillation.

    Returns:
        The augmentation.
    """
    shift = FGSM(epsilon, unit, direction, name="augpro_fgsm")
    search = _search("augpro_fgsm", recall)
    return AugPro(shift, "augpro_fgsm", soft, hard, deep, target_degree, search=search)


def augpro_pga(
    radius: float | Literal["auto"] = "auto",
    step_size: float | None = None,
    steps: int = 1,
    unit: Literal["rms", "absolute"] = "rms",
    start: Literal["zero", "random"] = "zero",
    adversary: Literal["soft", "hard"] = "soft",
    target_degree: float = 0.3,
    recall: float = 1.0,
    hard: float = 0.0,
    soft: float = 1.0,
    deep: float = 0.0,
) -> AugPro:
    """Builds AugPro over PGA, which the paper names beside FGSM as a representation function.

    Args:
        radius: Radius of the ball, or "auto": the one that changes `target_degree` of the tokens
            of the first batches.
        step_size: Length of a step; 2 radius / steps if not given.
        steps: K, the number of steps.
        unit: "rms" or "absolute"; see `PGA`.
        start: "zero" or "random"; see `PGA`.
        adversary: "soft" or "hard"; see `PGA`.
        target_degree: Share of tokens to change, between 0 and 1.
        recall: Share of the tokens whose nearest is found, above 0; below 1, TPUs search faster,
            and the others get a near one.
        hard: Weight of the loss against the original's label.
        soft: Weight of the distance to the teacher.
        deep: Factor on the weights of deep distillation.

    Returns:
        The augmentation.
    """
    shift = PGA(radius, step_size, steps, unit, start, adversary, name="augpro_pga")
    search = _search("augpro_pga", recall)
    return AugPro(shift, "augpro_pga", soft, hard, deep, target_degree, search=search)


def _search(name: str, recall: float) -> Callable[..., tf.Tensor]:
    if not 0 < recall <= 1:
        raise InputError(f"{name}.recall is {recall!r}, but must be above 0 and at most 1.")
    return project if recall == 1 else partial(project, recall=recall)
