"""Batches out of shards: the records of a batch are read when it is made, and no others."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf

from tfaugkd.data.shards.manifest import Tokenised
from tfaugkd.data.shards.prepared_examples import PreparedExamples
from tfaugkd.data.shards.records import decoded
from tfaugkd.errors import InputError
from tfaugkd.tokenizer_comparison import tokenizer_fingerprint

Preprocessor = Any  # keras_hub.models.TextClassifierPreprocessor, which has no types


def prepared_rows(
    examples: PreparedExamples,
    student: Preprocessor,
    sequence_length: int,
    teacher: Preprocessor | None = None,
) -> Callable[[tf.Tensor], tuple[dict[str, Any], tf.Tensor]]:
    """Gives the function that reads the rows of a batch.

    Args:
        examples: The texts.
        student: The student's preprocessor.
        sequence_length: S, specials included.
        teacher: The teacher's preprocessor, where its vocabulary is not the student's.

    Returns:
        From places among the examples, int64 `[B]`, to `x` as `read_inputs` takes it and the
        labels `[B]`: what the same texts would give in memory.

    Raises:
        InputError: The texts were prepared for another tokenizer or another length.
    """
    check_prepared(examples, student, sequence_length, teacher)
    manifest = examples.reader.manifest

    def rows(chosen: tf.Tensor) -> tuple[dict[str, Any], tf.Tensor]:
        records = tf.numpy_function(examples.records, [chosen], tf.string)
        records = tf.ensure_shape(records, chosen.shape)
        x, y = decoded(records, manifest, teacher is not None, examples.answered)
        return x, tf.fill(tf.shape(chosen), np.float32(np.nan)) if examples.withheld else y

    return rows


def check_prepared(
    examples: PreparedExamples,
    student: Preprocessor,
    sequence_length: int,
    teacher: Preprocessor | None = None,
) -> None:
    """Refuses texts that were prepared for other models.

    Args:
        examples: The texts.
        student: The student's preprocessor.
        sequence_length: S, specials included.
        teacher: The teacher's preprocessor, where its vocabulary is not the student's.

    Raises:
        InputError: The tokenizer or the length is another one.
    """
    manifest, folder = examples.reader.manifest, examples.reader.folder
    if manifest.sequence_length != sequence_length:
        raise InputError(
            f"The sequence length is {sequence_length}, but {folder} was prepared with "
            f"{manifest.sequence_length}; set data.sequence_length to that, or prepare it again."
        )
    _check_tokenizer(folder, "student", manifest.student, student)
    if teacher is not None:
        _check_tokenizer(folder, "teacher", manifest.teacher, teacher)


def _check_tokenizer(
    folder: Any, role: str, stored: Tokenised | None, preprocessor: Preprocessor
) -> None:
    found = tokenizer_fingerprint(preprocessor.tokenizer)
    if stored is None:
        raise InputError(
            f"{folder} holds no tokens for a teacher whose vocabulary is not the student's; "
            "prepare it again with that teacher."
        )
    if stored.tokenizer != found:
        raise InputError(
            f"{folder} was prepared with the tokenizer {stored.tokenizer}, but the {role}'s is "
            f"{found}; prepare it again with that model."
        )


def shown_from_memory(name: str) -> InputError:
    """Builds the error for a method that needs the texts themselves, not their tokens."""
    return InputError(
        f"{name} shows variants of texts in memory, but data.prepared leaves them on disk; put the "
        "variants among them by the key augment of `tfaugkd prepare`."
    )


@contextmanager
def damage_named(examples: object) -> Iterator[None]:
    """Raises the sentence about a damaged record in place of tf.data's text about it.

    Args:
        examples: What is trained on; nothing is done where it lies in memory.

    Yields:
        Nothing.

    Raises:
        InputError: A record could not be read; names it and its shard.
    """
    try:
        yield
    except tf.errors.OpError as error:
        if isinstance(examples, PreparedExamples) and examples.reader.failure is not None:
            raise examples.reader.failure from error
        raise
