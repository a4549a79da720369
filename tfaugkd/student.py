"""Builds the student: from the teacher's layers, or from a preset."""

import keras

from tfaugkd.classifier import SplitClassifier
from tfaugkd.config import StudentConfig
from tfaugkd.errors import InputError
from tfaugkd.layer_selection import copy_head
from tfaugkd.presets import student_from_preset, student_from_teacher


def build_student(
    teacher: SplitClassifier | None, config: StudentConfig, num_classes: int, seed: int
) -> SplitClassifier:
    """Builds a student before it is trained; the same seed gives the same weights and dropout.

    Args:
        teacher: The teacher, whose layers it may take.
        config: Where it comes from.
        num_classes: C, of a new head.
        seed: Of what is new in it, and of its dropout.

    Returns:
        The student.

    Raises:
        InputError: It comes from nowhere, or from a teacher that is not there; it cannot have so
            many layers, or not the teacher's head.
    """
    keras.utils.set_random_seed(seed)
    if config.preset is not None:
        student = student_from_preset(
            config.preset, num_classes, config.layers, config.select, config.pooling
        )
        if config.head == "copy":
            copy_head(_require_teacher(teacher, "student.head").classifier, student)
        return SplitClassifier(student)
    if config.layers is None:
        raise InputError(
            "The student comes from nowhere: give student.layers (the teacher's first layers) or "
            "student.preset."
        )
    whole = _require_teacher(teacher, "student.layers").classifier
    return SplitClassifier(student_from_teacher(whole, config.layers, config.select, config.head))


def _require_teacher(teacher: SplitClassifier | None, key: str) -> SplitClassifier:
    if teacher is None:
        raise InputError(f"{key} takes what is a teacher's, but there is no teacher.")
    return teacher
