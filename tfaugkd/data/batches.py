"""From texts to batches of static shape; batch number n is a pure function of (seed, n)."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfaugkd.augment.method import Augmentation
from tfaugkd.data.draws import draw_for_batch, shown_variants
from tfaugkd.data.examples import Examples
from tfaugkd.data.inputs import tokenised_inputs
from tfaugkd.data.numbered_batches import NumberedBatches
from tfaugkd.data.order import indices_by_length, shuffled_indices
from tfaugkd.data.shards.prepared_batches import prepared_rows
from tfaugkd.data.shards.prepared_examples import PreparedExamples
from tfaugkd.data.tokenisation import Preprocessor, text_lengths
from tfaugkd.errors import InputError
from tfaugkd.length_buckets import longest_text, with_longest

# From places among the examples, int64 [B], to what a batch holds of them, and their labels.
Rows = Callable[[tf.Tensor], tuple[dict[str, Any], tf.Tensor]]


def training_batches(
    examples: Examples | PreparedExamples,
    student: Preprocessor,
    batch_size: int,
    sequence_length: int = 128,
    augmentations: Sequence[Augmentation] = (),
    teacher: Preprocessor | None = None,
    seed: int = 0,
    sample_weight: np.ndarray | None = None,
    teacher_logits: np.ndarray | None = None,
    labels_required: bool = True,
    length_window: int = 1,
) -> NumberedBatches:
    """Makes an endless dataset of shuffled batches for `Distiller.fit`.

    Its `skip` costs nothing, however many batches it leaves out, and its `of_host` makes no other
    rows of a batch than those of one of several hosts.

    Args:
        examples: N texts or pairs; those without a label count in no loss against labels. Of
            those that `tfaugkd prepare` wrote only the batch's own are read.
        student: The student's preprocessor.
        batch_size: B, a multiple of 8, over all replicas and hosts.
        sequence_length: S, specials included.
        augmentations: Those of the distiller; their random tensors are drawn here.
        teacher: The teacher's preprocessor, where its vocabulary is not the student's.
        seed: Of order and draws.
        sample_weight: float `[N]`; weighs each example's loss; 1 if not given.
        teacher_logits: float `[N, C]`; the teacher's stored answers to the texts, for a distiller
            with `stored_logits`.
        labels_required: Refuse texts none of which has a label. Set it to False where the student
            learns from its teacher alone.
        length_window: How many batches share their texts, so that each can have texts of similar
            lengths, for a distiller with `length_buckets`; 1 leaves them as they come.

    Returns:
        Batches `(x, y, sample_weight)`, with `x` as `read_inputs` takes it and `y` `[B]`.

    Raises:
        InputError: There are no labels, or not as many answers as texts, or B is not a multiple
            of 8; or texts were prepared for another tokenizer or length.
    """
    _check(examples, batch_size, labels_required)
    weights = None if sample_weight is None else tf.constant(sample_weight, tf.float32)
    read, lengths = _rows(
        *(examples, student, sequence_length, teacher, teacher_logits), length_window > 1
    )
    shown = shown_variants(examples, student, sequence_length, teacher, augmentations)

    def examples_of(number: tf.Tensor) -> tf.Tensor:
        if lengths is not None:
            return indices_by_length(seed, number, batch_size, lengths, length_window)
        places = number * batch_size + tf.range(batch_size, dtype=tf.int64)
        return shuffled_indices(seed, places, len(examples))

    @tf.autograph.experimental.do_not_convert
    def batch(number: tf.Tensor, rows: slice) -> tuple:
        chosen = examples_of(number)
        draws = draw_for_batch(augmentations, seed, number, chosen, shown)
        longest = longest_text(tf.gather(lengths, chosen), draws) if lengths is not None else None
        chosen, draws = tf.nest.map_structure(lambda values: values[rows], (chosen, draws))
        inputs, y = read(chosen)
        x = inputs | ({"draws": draws} if draws else {})
        x = x if longest is None else with_longest(x, longest)
        return x, y, tf.ones(chosen.shape) if weights is None else tf.gather(weights, chosen)

    return NumberedBatches(batch, examples_of, batch_size)


def _check(examples: Examples | PreparedExamples, batch_size: int, labels_required: bool) -> None:
    if labels_required and not examples.labelled.any():
        raise InputError(
            "Training needs labels, but these texts have none; where the student learns from its "
            "teacher alone, set labels_required=False."
        )
    if batch_size % 8:
        raise InputError(f"The batch size is {batch_size}, but must be a multiple of 8.")


def _rows(
    examples: Examples | PreparedExamples,
    student: Preprocessor,
    sequence_length: int,
    teacher: Preprocessor | None,
    teacher_logits: np.ndarray | None,
    by_length: bool,
) -> tuple[Rows, tf.Tensor | None]:
    """Holds all rows in memory, or leaves them where they were prepared.

    Gives also the number of tokens of each, `[N]`, if they are to be put together by length.
    """
    if isinstance(examples, PreparedExamples):
        rows = prepared_rows(examples, student, sequence_length, teacher)
        return rows, tf.constant(examples.lengths) if by_length else None
    x = tokenised_inputs(examples, student, sequence_length, teacher, teacher_logits)
    held = tf.nest.map_structure(tf.constant, (x, _labels_of(examples)))

    def gathered(chosen: tf.Tensor) -> tuple[dict[str, Any], tf.Tensor]:
        return tf.nest.map_structure(lambda values: tf.gather(values, chosen), held)

    return gathered, tf.constant(text_lengths(x, x.get("teacher"))) if by_length else None


def _labels_of(examples: Examples) -> np.ndarray:
    if examples.labels is None:
        return np.full(len(examples), np.nan, np.float32)
    return examples.labels


def evaluation_batches(
    examples: Examples,
    student: Preprocessor,
    batch_size: int,
    sequence_length: int = 128,
    teacher: Preprocessor | None = None,
    teacher_logits: np.ndarray | None = None,
) -> tf.data.Dataset:
    """Makes a dataset of batches in order for `Distiller.evaluate`.

    The last batch is filled up with its first example, which has weight 0 there, so that all
    batches have one shape: give metrics to `compile` as `weighted_metrics`.

    Args:
        examples: N labelled texts or pairs.
        student: The student's preprocessor.
        batch_size: B.
        sequence_length: S, specials included.
        teacher: The teacher's preprocessor, where its vocabulary is not the student's.
        teacher_logits: float `[N, C]`; the teacher's stored answers, as for `training_batches`.

    Returns:
        Batches `(x, y, sample_weight)`.

    Raises:
        InputError: There are no labels, or not as many answers as texts.
    """
    if examples.labels is None:
        raise InputError("Evaluation needs labels, but these texts have none.")
    x = tokenised_inputs(examples, student, sequence_length, teacher, teacher_logits)
    filling = -len(examples) % batch_size
    rows = (x, examples.labels, np.ones(len(examples), np.float32))
    filled = tf.nest.map_structure(
        lambda values: np.concatenate([values, np.repeat(values[:1], filling, axis=0)]), rows
    )
    filled[2][len(examples) :] = 0.0
    return tf.data.Dataset.from_tensor_slices(filled).batch(batch_size, drop_remainder=True)
