"""What all runs of a comparison share, written beside them so that they are never mixed up."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import tfaugkd
from tfaugkd.comparison_config import CompareConfig
from tfaugkd.data.examples import Examples
from tfaugkd.errors import InputError
from tfaugkd.fingerprint import (
    first_difference,
    folder_fingerprint,
    preset_fingerprint,
    texts_fingerprint,
)
from tfaugkd.folders import MARKER
from tfaugkd.job_fingerprint import data_fingerprint, student_fingerprint, train_fingerprint
from tfaugkd.plain_json import read_json, write_json
from tfaugkd.saved_model import model_path
from tfaugkd.training_texts import Texts

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
    train = train_fingerprint(config.train)
    del train["seed"]  # Each run has its own.
    return {
        "tfaugkd": tfaugkd.__version__,
        "data": data_fingerprint(texts),
        "split": config.split,
        "precision": config.precision,
        "texts": {
            "teacher": texts_fingerprint(setting.teacher_texts.train),
            "students": texts_fingerprint(texts.train),
            "dev": None if texts.dev is None else texts_fingerprint(texts.dev),
            "split": texts_fingerprint(setting.split),
        },
        "teacher": None if given is None else folder_fingerprint(model_path(given)),
        "teacher_preset": preset_fingerprint(config.teacher_preset),
        "teacher_train": train_fingerprint(config.teacher_train),
        "teacher_pooling": config.teacher_pooling,
        "student": student_fingerprint(config.student),
        "train": train,
    }
