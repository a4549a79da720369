"""The random tensors of augmentations: batch number n's are a pure function of (seed, n)."""

import zlib
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tfaugkd.augment.method import Augmentation, Draws, ShowsVariants
from tfaugkd.data.examples import Examples
from tfaugkd.data.inputs import tokenised_inputs
from tfaugkd.data.shards.prepared_batches import shown_from_memory
from tfaugkd.data.shards.prepared_examples import PreparedExamples
from tfaugkd.data.tokenisation import Preprocessor


def shown_variants(
    examples: Examples | PreparedExamples,
    student: Preprocessor,
    sequence_length: int,
    teacher: Preprocessor | None,
    augmentations: Sequence[Augmentation],
) -> dict[str, tuple]:
    """Tokenises what each example may be shown as.

    Args:
        examples: N texts or pairs.
        student: The student's preprocessor.
        sequence_length: S, specials included.
        teacher: The teacher's preprocessor, where its vocabulary is not the student's.
        augmentations: Some of them show ready-made variants.

    Returns:
        By the name of each of those, the tokens of its variants, and where an example's begin
        and how many it has, int64 `[N]` each.

    Raises:
        InputError: The texts are not in memory.
    """
    shown = {}
    for method in augmentations:
        if isinstance(method, ShowsVariants):
            if isinstance(examples, PreparedExamples):
                raise shown_from_memory(method.name)
            texts, *spans = method.choices(examples)
            of_texts = (tokenised_inputs(texts, student, sequence_length, teacher), *spans)
            shown[method.name] = tf.nest.map_structure(tf.constant, of_texts)
    return shown


def draw_for_batch(
    augmentations: Sequence[Augmentation],
    seed: int,
    number: tf.Tensor,
    chosen: tf.Tensor,
    shown: dict[str, tuple],
) -> dict[str, Draws]:
    """Draws for one batch; an augmentation's draws do not depend on which others there are.

    Args:
        augmentations: Who draws.
        seed: Of the run.
        number: Of the batch, int64.
        chosen: Its examples' places, int64 `[B]`.
        shown: What `shown_variants` gave.

    Returns:
        By the name of each augmentation that draws, its tensors, `[B, ...]` each.
    """
    draws = {}
    for method in augmentations:
        own = tf.random.experimental.stateless_fold_in(
            [seed, zlib.crc32(method.name.encode())], number
        )
        drawn = method.draw(own, chosen.shape[0])
        if method.name in shown:
            drawn = drawn | _one_of_each(shown[method.name], chosen, own)
        if drawn:
            draws[method.name] = drawn
    return draws


def _one_of_each(shown: tuple, chosen: tf.Tensor, seed: tf.Tensor) -> dict[str, Any]:
    """Draws for each chosen example one of the texts that it may be shown as."""
    x, first, sizes = shown
    uniform = tf.random.stateless_uniform(
        chosen.shape, seed, minval=None, maxval=None, dtype=tf.int64
    )
    places = tf.gather(first, chosen) + uniform % tf.gather(sizes, chosen)
    return tf.nest.map_structure(lambda values: tf.gather(values, places), x)
