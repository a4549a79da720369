"""What a batch holds: tokens for each model, draws of the augmentations, stored answers."""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfaugkd.augment.method import Draws
from tfaugkd.classifier import Tokens, read_tokens
from tfaugkd.data.examples import Examples
from tfaugkd.data.tokenisation import Preprocessor, tokenise
from tfaugkd.errors import InputError


class Inputs(NamedTuple):
    """What one batch's `x` holds: each model's tokens, and the draws of each augmentation.

    `teacher_logits` are `[B, C]`, the teacher's stored answers to the clean text, or None.
    """

    teacher: Tokens
    student: Tokens
    draws: dict[str, Draws]
    teacher_logits: tf.Tensor | None = None


def read_inputs(x: dict[str, Any]) -> Inputs:
    """Takes one batch's `x` apart.

    Args:
        x: `token_ids`, `padding_mask` and, if the family has them, `segment_ids` `[B, S]`, as a
            KerasHub preprocessor gives them, and `protected` where texts hold what may not be
            touched; the same under `teacher` where the teacher's vocabulary is another one; under
            `draws`, the augmentations' random tensors; and, where the teacher's answers are stored,
            its `teacher_logits` `[B, C]`.

    Returns:
        The parts.

    Raises:
        InputError: The shape of a batch is not static.
    """
    student = read_tokens(x)
    teacher = read_tokens(x["teacher"]) if "teacher" in x else student
    return Inputs(teacher, student, x.get("draws", {}), x.get("teacher_logits"))


def tokenised_inputs(
    examples: Examples,
    student: Preprocessor,
    sequence_length: int,
    teacher: Preprocessor | None,
    teacher_logits: np.ndarray | None = None,
) -> dict[str, Any]:
    """Tokenises for the student and, where its vocabulary is another one, for the teacher.

    Args:
        examples: N texts or pairs.
        student: The student's preprocessor.
        sequence_length: S, specials included.
        teacher: The teacher's preprocessor, where its vocabulary is not the student's.
        teacher_logits: float `[N, C]`; the teacher's stored answers.

    Returns:
        What `read_inputs` takes apart, for all of them.

    Raises:
        InputError: There are not as many answers as texts.
    """
    x: dict[str, Any] = tokenise(student, examples, sequence_length)
    if teacher is not None:
        x["teacher"] = tokenise(teacher, examples, sequence_length)
    if teacher_logits is not None:
        if len(teacher_logits) != len(examples):
            raise InputError(
                f"teacher_logits has {len(teacher_logits)} rows, but there are {len(examples)} "
                "texts."
            )
        x["teacher_logits"] = np.asarray(teacher_logits, np.float32)
    return x
