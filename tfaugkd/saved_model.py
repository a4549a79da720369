"""A trained model on disk: a plain KerasHub preset, with its labels' names beside it."""

import json
import math
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tfaugkd.activation import activation_of
from tfaugkd.disk_room import require_room
from tfaugkd.errors import InputError
from tfaugkd.folders import MARKER, publish, temporary_name
from tfaugkd.hugging_face import is_checkpoint, label_names_of
from tfaugkd.plain_json import read_json
from tfaugkd.presets import in_float32, load_classifier

MODEL_FOLDER = "model"


@dataclass(frozen=True)
class ModelFacts:
    """What must be known of a classifier to use it, beyond its weights.

    Args:
        task: The task, as the task table names it.
        label_names: Names of the classes in the order of the logits; empty for regression.
        sequence_length: Tokens that a text was cut or padded to in training; None if not known.
        pair: Whether it reads pairs of texts; None if not known.
    """

    task: str
    label_names: tuple[str, ...]
    sequence_length: int | None
    pair: bool | None = False


def save_model(classifier: Any, folder: str | Path, facts: ModelFacts, card: str) -> Path:
    """Saves a classifier, whole or not at all.

    Args:
        classifier: A KerasHub `TextClassifier`.
        folder: Where to; replaced if it exists.
        facts: Written to `tfaugkd.json`, with the activation, which a preset does not hold.
        card: The model card, written to `README.md`.

    Returns:
        The folder. `keras_hub.models.TextClassifier.from_preset(folder)` loads it where this
        package is not installed; an EncT5, which KerasHub does not have, after `import tfaugkd`.

    Raises:
        OSError: The disk does not take it.
    """
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(folder)
    temporary.mkdir()
    try:
        classifier = in_float32(classifier)
        if facts.sequence_length is not None:
            classifier.preprocessor.sequence_length = facts.sequence_length
        require_room(temporary, _size_at_most(classifier))
        classifier.save_to_preset(str(temporary))
        saved = asdict(facts) | {"activation": activation_of(classifier)}
        (temporary / MARKER).write_text(json.dumps(saved, indent=2), encoding="utf-8")
        (temporary / "README.md").write_text(card, encoding="utf-8")
        return publish(temporary, folder, replace=True)
    finally:
        # A whole model has its final name by now; half of one goes.
        shutil.rmtree(temporary, ignore_errors=True)


def _size_at_most(classifier: Any) -> int:
    """Gives the bytes that a preset takes: float32, beside each weight HDF5's own entries."""
    counts = [math.prod(weight.shape) for weight in classifier.weights]
    return sum(4 * count + 8192 for count in counts) + 2**16


def load_model(folder: str | Path) -> tuple[Any, ModelFacts | None]:
    """Loads a trained classifier.

    Args:
        folder: The folder of the model, or the output folder that it lies in; or a classifier in
            Hugging Face's format.

    Returns:
        The KerasHub `TextClassifier`, and its facts if this package saved it, or what Hugging
        Face's format says of them.

    Raises:
        InputError: There is no such folder, or no classifier in it.
    """
    path = model_path(folder)
    if is_checkpoint(path):
        return load_classifier(str(path)), ModelFacts("custom", label_names_of(path), None, None)
    facts = _read_facts(path / MARKER)
    return load_classifier(str(path)), facts


def load_model_or_preset(name: str, num_classes: int) -> tuple[Any, ModelFacts | None]:
    """Loads a trained classifier, or an encoder that has learned no task yet.

    Args:
        name: As for `load_model`, or a preset as for `load_classifier`.
        num_classes: C, of the new head that an encoder gets.

    Returns:
        The KerasHub `TextClassifier`, and its facts if it is a trained one.

    Raises:
        InputError: There is no such folder or preset.
    """
    folder = Path(name)
    trained = any((path / "task.json").is_file() for path in (folder, folder / MODEL_FOLDER))
    # The name of a preset, or the folder of one, is told from a folder that is missing.
    preset = folder.is_dir() or "/" not in name or ":" in name
    if trained or not preset:
        return load_model(name)
    return load_classifier(name, num_classes), None


def model_path(folder: str | Path) -> Path:
    """Finds a trained classifier on disk.

    Args:
        folder: The folder of the model, or the output folder that it lies in; or a classifier in
            Hugging Face's format.

    Returns:
        The folder of the model.

    Raises:
        InputError: There is no such folder, or no classifier in it.
    """
    path = Path(folder)
    if (path / MODEL_FOLDER).is_dir():
        path = path / MODEL_FOLDER
    if not path.is_dir():
        raise InputError(
            f"There is no folder {str(folder)!r} with a trained model; `tfaugkd teacher` and "
            "`tfaugkd distill` make one."
        )
    if not is_checkpoint(path) and not (path / "task.json").is_file():
        raise InputError(f"The folder {str(path)!r} holds no saved classifier (no task.json).")
    return path


def _read_facts(path: Path) -> ModelFacts | None:
    if not path.is_file():
        return None
    facts = read_json(path, "the facts of a model")
    try:
        return ModelFacts(
            facts["task"], tuple(facts["label_names"]), facts["sequence_length"], facts["pair"]
        )
    except (KeyError, TypeError) as error:
        raise InputError(f"{path} cannot be read as the facts of a model: {error!r}.") from error
