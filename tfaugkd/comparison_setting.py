"""What all runs of a comparison share, written beside them so that they are never mixed up."""

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import tfaugkd
from tfaugkd.config import MethodConfig
from tfaugkd.data.examples import Examples
from tfaugkd.errors import InputError
from tfaugkd.fingerprint import (
    file_fingerprint,
    first_difference,
    folder_fingerprint,
    preset_fingerprint,
    texts_fingerprint,
)
from tfaugkd.folders import MARKER
from tfaugkd.job_configs import CompareConfig
from tfaugkd.plain_json import plain, read_json, write_json
from tfaugkd.saved_model import model_path
from tfaugkd.training import Texts

SETTING_FILE = "setting.json"
TEACHER = "Teacher"


@dataclass(frozen=True)
class Setting:
    """What all runs of a comparison share.

    Args:
        config: The job.
        teacher_texts: What the teacher is trained on, where it is trained here.
        students: What the students are trained on.
        split: The labelled texts that the table is about.
    """

    config: CompareConfig
    teacher_texts: Texts
    students: Texts
    split: Examples

    @property
    def output(self) -> Path:
        """The comparison's folder."""
        return Path(self.config.output)

    @cached_property
    def fingerprint(self) -> dict[str, Any]:
        """What the results of every run depend on, by the keys of the configuration.

        Methods and seeds are not in it, as they are each run's own; nor are paths, as only what
        they hold matters.
        """
        return _fingerprint_of(self)


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


def is_comparison(folder: str | Path) -> bool:
    """Tells whether a comparison was begun in a folder."""
    return (Path(folder) / MARKER).is_file() and (Path(folder) / SETTING_FILE).is_file()


def require_same_setting(setting: Setting) -> None:
    """Refuses to go on with a comparison of something else.

    Args:
        setting: Of the comparison that is to go on.

    Raises:
        InputError: The one in the folder differs; the message says in what.
    """
    folder = setting.config.output
    before = read_json(setting.output / SETTING_FILE, "the setting of a comparison")
    if difference := first_difference(before, setting.fingerprint):
        raise InputError(
            f"output is {folder!r}, which holds a comparison with {difference}; name another "
            "folder or set overwrite: true."
        )


def write_setting(setting: Setting) -> None:
    """Writes what a comparison's runs will depend on, before the first of them."""
    write_json(setting.output / SETTING_FILE, setting.fingerprint)


def _fingerprint_of(setting: Setting) -> dict[str, Any]:
    config, texts, given = setting.config, setting.students, setting.config.teacher
    train, student = asdict(config.train), asdict(config.student)
    del train["seed"]  # Each run has its own.
    student["preset"] = preset_fingerprint(config.student.preset)
    return {
        "tfaugkd": tfaugkd.__version__,
        "data": {
            "task": texts.task.name,
            "label_names": list(texts.train.label_names),
            "sequence_length": texts.sequence_length,
        },
        "split": config.split,
        "texts": {
            "teacher": texts_fingerprint(setting.teacher_texts.train),
            "students": texts_fingerprint(texts.train),
            "dev": None if texts.dev is None else texts_fingerprint(texts.dev),
            "split": texts_fingerprint(setting.split),
        },
        "teacher": None if given is None else folder_fingerprint(model_path(given)),
        "teacher_preset": preset_fingerprint(config.teacher_preset),
        "teacher_train": asdict(config.teacher_train),
        "teacher_pooling": config.teacher_pooling,
        "student": student,
        "train": train,
    }
