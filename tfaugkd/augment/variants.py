"""Variants: texts augmented before training, such as back-translations, as a second view."""

from collections.abc import Collection
from dataclasses import dataclass

import tensorflow as tf

from tfaugkd.augment.method import Batch, Draws, Models, Views, degree, drawn
from tfaugkd.classifier import read_tokens
from tfaugkd.data.examples import Examples
from tfaugkd.data.variants import Choices, choices, read_variants
from tfaugkd.errors import InputError


@dataclass(frozen=True)
class Variants:
    """Shows both models one of the variants of each example, drawn anew in each step.

    This is AugPro's KD+BT, where the file has one back-translation of each text, and DA-for-KD's
    offline augmentation, where it has four or eight. The teacher labels the variant; an example
    without variants is shown as it is. Each model has the text tokenised by its own preprocessor.

    Args:
        file: CSV, TSV or JSONL file with the column "id", the original's id (its zero-based row
            in the training file), and those of the text; `tfaugkd augment` writes one.
        text_a: Name of the column with the text; a job takes the task's own if not given.
        text_b: Name of the column with the second text of a pair.
        hard: Weight of the loss against the original's label.
        soft: Weight of the distance to the teacher.
        deep: Factor on the weights of deep distillation.
        name: The name under which its losses are logged.
    """

    file: str
    text_a: str = "text"
    text_b: str | None = None
    hard: float = 0.0
    soft: float = 1.0
    deep: float = 0.0
    name: str = "variants"

    needs_clean_gradients = False
    needs_teacher_answer = False
    makes_tokens = True
    one_vocabulary_because = None

    def choices(self, examples: Examples, known: Collection[str] | None = None) -> Choices:
        """Reads what each example may be shown as.

        Args:
            examples: The training examples.
            known: The ids of the whole training split; if not given, any id is taken.

        Returns:
            The texts.

        Raises:
            InputError: The file cannot be used, or has no variant of any of the examples.
        """
        texts = (self.text_a,) if self.text_b is None else (self.text_a, self.text_b)
        variants = read_variants(self.file, texts, known)
        if (variants.text_b is None) != (examples.text_b is None):
            kind = "single texts" if examples.text_b is None else "pairs of texts"
            raise InputError(
                f"{self.name}.text_b is {self.text_b!r}, but the training data are {kind}."
            )
        if set(variants.ids).isdisjoint(examples.ids):
            raise InputError(
                f"{self.file} has no variant of any of the {len(examples)} texts that are trained "
                "on; its column 'id' must hold their ids, zero-based rows of the training file."
            )
        return choices(examples, variants)

    def draw(self, seed: tf.Tensor, batch_size: int) -> Draws:
        """Draws nothing: the input pipeline draws one of the texts."""
        del seed, batch_size
        return {}

    def __call__(self, batch: Batch, draws: Draws, models: Models) -> Views:
        """Shows both models the variant.

        Its degree is the share of positions, of those where it or the original has text, that
        hold another token than the original's. A word put in counts for all that it moves.
        """
        drawn(self.name, "token_ids", draws)
        shown = read_tokens(draws)
        is_text = models.student.vocabulary.is_text
        original = batch.student.token_ids
        either = is_text(shown.token_ids) | is_text(original)
        return Views(
            read_tokens(draws["teacher"]) if "teacher" in draws else shown,
            shown,
            batch.targets,
            degree(shown.token_ids, either, (original,)),
        )
