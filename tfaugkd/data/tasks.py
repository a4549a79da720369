"""The table of tasks: their columns, the names of their labels and their metrics."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tfaugkd.errors import unknown_name


def _three_files() -> dict[str, str]:
    return {"train": "train.tsv", "dev": "dev.tsv", "test": "test.tsv"}


@dataclass(frozen=True)
class Task:
    """What a task's data look like, and how an answer to it is scored.

    Args:
        name: Name in the table.
        text_a: Column of the text, or of the first text of a pair, in the task's TSV files.
        text_b: Column of the second text of a pair; None for single texts.
        label: Column of the label.
        label_names: Names of the classes, in the order of TFDS and Hugging Face; empty for
            regression.
        metrics: Names out of accuracy, f1, matthews_correlation, pearson and spearmanr; the first
            is the one that models are compared by.
        glue_folder: Name of the task's folder in GLUE's layout; None if it is not part of GLUE.
        glue_files: The file in that folder for each split.
        header: Columns of those files that have no header line.
        tfds_name: Name in TensorFlow Datasets; None if it is not there.
        tfds_texts: Names of the texts there, where they differ from the columns.
    """

    name: str
    text_a: str
    text_b: str | None = None
    label: str = "label"
    label_names: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ("accuracy",)
    glue_folder: str | None = None
    glue_files: Mapping[str, str] = field(default_factory=_three_files, hash=False)
    header: tuple[str, ...] | None = None
    tfds_name: str | None = None
    tfds_texts: tuple[str, ...] = ()

    @property
    def regression(self) -> bool:
        """Whether labels are scores, not classes."""
        return not self.label_names

    @property
    def texts(self) -> tuple[str, ...]:
        """Columns of the texts: one, or two for pairs."""
        return (self.text_a,) if self.text_b is None else (self.text_a, self.text_b)


_ENTAILMENT = ("entailment", "not_entailment")
# TinyBERT and Model Garden start with contradiction; TFDS and Hugging Face do not.
_MNLI_LABELS = ("entailment", "neutral", "contradiction")
_MNLI_FILES = {
    "train": "train.tsv",
    "dev": "dev_matched.tsv",
    "test": "test_matched.tsv",
    "dev_mismatched": "dev_mismatched.tsv",
    "test_mismatched": "test_mismatched.tsv",
}

_ROWS = (
    Task(
        name="cola",
        text_a="sentence",
        label_names=("unacceptable", "acceptable"),
        metrics=("matthews_correlation",),
        glue_folder="CoLA",
        header=("source", "label", "annotation", "sentence"),
        tfds_name="glue/cola",
    ),
    Task(
        name="sst2",
        text_a="sentence",
        label_names=("negative", "positive"),
        glue_folder="SST-2",
        tfds_name="glue/sst2",
    ),
    Task(
        name="mrpc",
        text_a="#1 String",
        text_b="#2 String",
        label="Quality",
        label_names=("not_equivalent", "equivalent"),
        metrics=("accuracy", "f1"),
        glue_folder="MRPC",
        tfds_name="glue/mrpc",
        tfds_texts=("sentence1", "sentence2"),
    ),
    Task(
        name="stsb",
        text_a="sentence1",
        text_b="sentence2",
        label="score",
        metrics=("pearson", "spearmanr"),
        glue_folder="STS-B",
        tfds_name="glue/stsb",
    ),
    Task(
        name="qqp",
        text_a="question1",
        text_b="question2",
        label="is_duplicate",
        label_names=("not_duplicate", "duplicate"),
        metrics=("accuracy", "f1"),
        glue_folder="QQP",
        tfds_name="glue/qqp",
    ),
    Task(
        name="mnli",
        text_a="sentence1",
        text_b="sentence2",
        label="gold_label",
        label_names=_MNLI_LABELS,
        glue_folder="MNLI",
        glue_files=_MNLI_FILES,
        tfds_name="glue/mnli",
        tfds_texts=("premise", "hypothesis"),
    ),
    Task(
        name="ax",
        text_a="sentence1",
        text_b="sentence2",
        label_names=_MNLI_LABELS,
        metrics=("matthews_correlation",),
        glue_folder="diagnostic",
        glue_files={"test": "diagnostic.tsv"},
        tfds_name="glue/ax",
        tfds_texts=("premise", "hypothesis"),
    ),
    Task(
        name="qnli",
        text_a="question",
        text_b="sentence",
        label_names=_ENTAILMENT,
        glue_folder="QNLI",
        tfds_name="glue/qnli",
    ),
    Task(
        name="rte",
        text_a="sentence1",
        text_b="sentence2",
        label_names=_ENTAILMENT,
        glue_folder="RTE",
        tfds_name="glue/rte",
    ),
    Task(
        name="wnli",
        text_a="sentence1",
        text_b="sentence2",
        label_names=("not_entailment", "entailment"),
        glue_folder="WNLI",
        tfds_name="glue/wnli",
    ),
    Task(name="reviews", text_a="text", label="category", label_names=("rotten", "fresh")),
    # Its labels come from the configuration or from the training file.
    Task(name="custom", text_a="text"),
)
TASKS: dict[str, Task] = {task.name: task for task in _ROWS}


def plain_spelling(name: str) -> str:
    """Reduces a name to what its spellings share: lower case, letters and digits only.

    Args:
        name: A name of a task or a folder, as in "SST-2".

    Returns:
        The plain spelling, as in "sst2".
    """
    return re.sub(r"[^a-z0-9]", "", name.lower())


def find_task(name: str) -> Task:
    """Finds a task by its name, spelled freely.

    Args:
        name: The name in any of its spellings: sst2, SST-2, sst_2, glue/sst2.

    Returns:
        The task.

    Raises:
        InputError: If there is no such task; the message lists those that there are.
    """
    task = TASKS.get(plain_spelling(name).removeprefix("glue"))
    if task is None:
        raise unknown_name("task", name, TASKS)
    return task
