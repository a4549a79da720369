"""What a training left in its folder, read back for a report."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tfaugkd.curves import Curve, read_curves
from tfaugkd.errors import InputError
from tfaugkd.folders import MARKER, size_on_disk
from tfaugkd.plain_json import read_json

MODEL_FOLDER, LOGS_FOLDER, EXAMPLES_FILE = "model", "logs", "examples.json"
_CONFIG, _SCORES, _RUN, _ROWS = "config.yaml", "scores.json", "run.json", "rows.json"
# What stands in a record under the name of the field.
_TAKEN = (
    *("split", "examples", "seconds_per_step", "wall_time_s", "machine", "confusion"),
    "parameters",
)


@dataclass(frozen=True)
class Training:
    """One trained model, as its folder tells.

    Args:
        name: The run, for people.
        scores: Each metric, as a fraction.
        split: Name of the split that was scored.
        examples: Examples in it; None where that is not told.
        training: The last epoch's mean of each loss term and metric.
        distinct: For each augmentation the share of its texts that are new.
        seconds_per_step: Median wall time of an update; None where that is not known.
        wall_time_s: Seconds that training, scoring and saving took; None where that is not told.
        machine: What it was trained on.
        confusion: Counts by label and answer; empty for regression.
        label_names: Names of the classes.
        parameters: Weights of the model.
        size_bytes: Size of the saved model.
        curves: What TensorBoard has of the training, by tag; `epoch_val_` and a metric for scores
            on the dev split.
        augmented: Examples of what augmentations made, as `AugmentedExamples` wrote them.
    """

    name: str
    scores: dict[str, float]
    split: str = ""
    examples: int | None = None
    training: dict[str, float] = field(default_factory=dict)
    distinct: dict[str, float] = field(default_factory=dict)
    seconds_per_step: float | None = None
    wall_time_s: float | None = None
    machine: str = ""
    confusion: list[list[int]] = field(default_factory=list)
    label_names: list[str] = field(default_factory=list)
    parameters: int | None = None
    size_bytes: int | None = None
    curves: dict[str, Curve] = field(default_factory=dict)
    augmented: dict[str, Any] = field(default_factory=dict)


def is_run(folder: Path) -> bool:
    """Tells whether `tfaugkd teacher` or `tfaugkd distill` has finished in a folder."""
    return (folder / _SCORES).is_file() and (folder / _CONFIG).is_file()


def is_comparison(folder: Path) -> bool:
    """Tells whether `tfaugkd compare` has finished in a folder."""
    return (folder / _ROWS).is_file() and (folder / _CONFIG).is_file()


def read_training(folder: Path, name: str) -> Training | None:
    """Reads what a job, or one run of a comparison, left.

    Args:
        folder: The folder, with the record, the model and the logs.
        name: The run, for people.

    Returns:
        The training; None where no training has finished there.

    Raises:
        InputError: A file is damaged.
    """
    records = [path for path in (folder / _SCORES, folder / _RUN) if path.is_file()]
    if not records:
        return None
    found = read_json(records[0], "the record of a run")
    logs, model = folder / LOGS_FOLDER, folder / MODEL_FOLDER
    examples, facts = logs / EXAMPLES_FILE, model / MARKER
    audits = found.get("audits", {})
    try:
        return Training(
            name=name,
            scores={metric: _number(value) for metric, value in found["scores"].items()},
            training={metric: _number(value) for metric, value in found["training"].items()},
            distinct=found.get("distinct") or {key: audits[key]["distinct"] for key in audits},
            **{key: found[key] for key in _TAKEN if found.get(key) is not None},
            label_names=_read(facts, "the facts of a model").get("label_names", []),
            size_bytes=size_on_disk(model) if model.is_dir() else None,
            curves=read_curves(logs / "train") | _on_dev(read_curves(logs / "validation")),
            augmented=_read(examples, "augmented examples"),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{records[0]} is no record of a run ({error}).") from error


def _on_dev(curves: dict[str, Curve]) -> dict[str, Curve]:
    # Keras takes the prefix of the logs off, and puts them into a folder of that name instead.
    return {tag.replace("epoch_", "epoch_val_", 1): curve for tag, curve in curves.items()}


def _read(path: Path, what: str) -> dict[str, Any]:
    return read_json(path, what) if path.is_file() else {}


def _number(value: float | None) -> float:
    # JSON has no nan: null was written for it.
    return math.nan if value is None else float(value)


def read_run_config(folder: Path) -> dict[str, Any]:
    """Reads the configuration that a job wrote into its output folder.

    Args:
        folder: The folder.

    Returns:
        Its keys and values.

    Raises:
        InputError: It cannot be read.
    """
    path = folder / _CONFIG
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path} cannot be read as the configuration of a run.") from error
    if not isinstance(found, dict):
        raise InputError(f"{path} cannot be read as the configuration of a run.")
    return found
