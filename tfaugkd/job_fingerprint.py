"""What the outcome of a training depends on, as plain values by the keys of the configuration.

Paths are not in it, as only what they hold matters; nor is what changes no number of the outcome.
"""

from dataclasses import asdict, replace
from typing import Any

import tfaugkd
from tfaugkd.config import MethodConfig, StudentConfig
from tfaugkd.fingerprint import (
    file_fingerprint,
    folder_fingerprint,
    preset_fingerprint,
    texts_fingerprint,
)
from tfaugkd.job_configs import DistillConfig, TeacherConfig
from tfaugkd.plain_json import plain
from tfaugkd.saved_model import model_path
from tfaugkd.train_config import TrainConfig
from tfaugkd.training_texts import Texts

# A run that stopped at a nan may go on without that step; TensorBoard's pages only show.
_OF_NO_NUMBER = (
    *("checkpoint_steps", "checkpoint_minutes", "keep_checkpoints", "on_nan", "tensorboard"),
)


def teacher_job_fingerprint(config: TeacherConfig, texts: Texts) -> dict[str, Any]:
    """Lists what the outcome of `tfaugkd teacher` depends on.

    Args:
        config: The job.
        texts: What it reads.

    Returns:
        Mappings, lists and scalars.
    """
    return _shared(config, texts) | {
        "preset": preset_fingerprint(config.preset),
        "pooling": config.pooling,
    }


def distill_job_fingerprint(config: DistillConfig, texts: Texts) -> dict[str, Any]:
    """Lists what the outcome of `tfaugkd distill` depends on.

    Args:
        config: The job.
        texts: What it reads.

    Returns:
        Mappings, lists and scalars.
    """
    if config.teacher_file is not None:
        teacher = {"teacher_file": file_fingerprint(config.teacher_file)}
    else:
        teacher = {"teacher": folder_fingerprint(model_path(config.teacher))}
    method = MethodConfig(config.loss, config.augment, config.teacher_dropout)
    student = {"student": student_fingerprint(config.student)}
    return _shared(config, texts) | teacher | student | method_fingerprint(method)


def train_fingerprint(config: TrainConfig) -> dict[str, Any]:
    """Lists what the outcome depends on of an optimisation."""
    return {name: part for name, part in asdict(config).items() if name not in _OF_NO_NUMBER}


def student_fingerprint(config: StudentConfig) -> dict[str, Any]:
    """Lists where a student comes from; of a folder, what it holds."""
    return asdict(config) | {"preset": preset_fingerprint(config.preset)}


def method_fingerprint(method: MethodConfig) -> dict[str, Any]:
    """Lists what sets a method apart; of a file of variants, what it holds.

    Args:
        method: The method.

    Returns:
        Mappings, lists and scalars.
    """
    augment = [
        entry | {"file": file_fingerprint(entry["file"])} if "file" in entry else entry
        for entry in method.augment
    ]
    found = plain(replace(method, augment=augment))
    assert isinstance(found, dict), "a dataclass becomes a mapping"
    return found


def data_fingerprint(texts: Texts) -> dict[str, Any]:
    """Lists what texts are read as."""
    return {
        "task": texts.task.name,
        "label_names": list(texts.train.label_names),
        "sequence_length": texts.sequence_length,
    }


def _shared(config: TeacherConfig | DistillConfig, texts: Texts) -> dict[str, Any]:
    return {
        "precision": config.precision,
        "tfaugkd": tfaugkd.__version__,
        "data": data_fingerprint(texts),
        "texts": {
            "train": texts_fingerprint(texts.train),
            "dev": None if texts.dev is None else texts_fingerprint(texts.dev),
        },
        "train": train_fingerprint(config.train),
    }
