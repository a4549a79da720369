"""From the configuration of the data to the examples of a split."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tfaugkd.data.bad_rows import BadRows
from tfaugkd.data.examples import WITHHELD, Examples
from tfaugkd.data.files import read_label_names, read_labelled, read_texts
from tfaugkd.data.glue import load_glue
from tfaugkd.data.packaged import load_reviews
from tfaugkd.data.shards.manifest import read_manifest
from tfaugkd.data.shards.prepared_examples import PreparedExamples
from tfaugkd.data.shards.prepared_split import load_prepared
from tfaugkd.data.shares import part_of_train, takes_part
from tfaugkd.data.tasks import Task, find_task
from tfaugkd.data.tfds import load_tfds
from tfaugkd.data.variants import add_variants, read_variants
from tfaugkd.data_config import DataConfig
from tfaugkd.errors import InputError, unknown_name

_LOG = logging.getLogger("tfaugkd")

SPLITS = ("train", "dev", "test", "held_out", "dev_mismatched", "test_mismatched")
SOURCES = ("packaged", "glue", "files", "tfds")


def load_split(config: DataConfig, split: str) -> Examples:
    """Reads a split of the data that a configuration describes into memory.

    Args:
        config: The configuration.
        split: train, dev, test, or held_out: the rows of the training split that
            config.held_out sets aside. MNLI also has dev_mismatched and test_mismatched.

    Returns:
        The examples. Where only a part of train is taken, its examples are in a random order that
        depends on config.seed alone; others are in the source's order. Behind those of train stand
        their variants in config.added_file, and the texts of config.unlabelled_file.

    Raises:
        InputError: If the split is not there, is too small, or cannot be read.
    """
    if split not in SPLITS:
        raise unknown_name("split", split, SPLITS)
    if split == "held_out" and config.held_out == 0:
        raise InputError("There is no split 'held_out', because data.held_out is 0.")
    task = task_of(config)
    if split not in ("train", "held_out"):
        return _read_split(config, task, split)
    if config.prepared is not None:
        return load_prepared(config, task, split).examples()
    examples = _read_split(config, task, "train")
    part = part_of_train(config, split, examples) if takes_part(config) else examples
    return part if split == "held_out" else _as_trained_on(config, task, part, examples.ids)


def load_train(config: DataConfig) -> Examples | PreparedExamples:
    """Reads what a model is trained on, or leaves it on disk where it was prepared.

    Args:
        config: The configuration.

    Returns:
        The training split, as `load_split` gives it.

    Raises:
        InputError: As for `load_split`; or what was prepared is of another task.
    """
    if config.prepared is None:
        return load_split(config, "train")
    return load_prepared(config, task_of(config), "train")


def training_ids(config: DataConfig) -> list[str]:
    """Lists the ids of the whole training split, of which a run may take a part.

    Args:
        config: The configuration.

    Returns:
        The ids in the source's order.

    Raises:
        InputError: If the split is not there or cannot be read.
    """
    return _read_split(config, task_of(config), "train").ids


def task_of(config: DataConfig) -> Task:
    """Finds the task of a configuration, with what the configuration changes in it.

    Args:
        config: The configuration. For the task "custom" without label_names the classes are those
            of its train_file.

    Returns:
        The task.

    Raises:
        InputError: If there is no such task, or its labels cannot be known.
    """
    task = _named_task(config)
    if config.text_a is not None or config.text_b is not None:
        task = replace(
            task,
            text_a=config.text_a or task.text_a,
            text_b=config.text_b or task.text_b,
            tfds_texts=(),
        )
    task = replace(task, label=config.label or task.label)
    return _with_labels(task, _label_names(config, task))


def source_of(config: DataConfig) -> str:
    """Tells where the data of a configuration come from.

    Args:
        config: The configuration.

    Returns:
        "packaged", "glue", "files" or "tfds".

    Raises:
        InputError: If config.source is another, or what it needs is not given.
    """
    task, files = _named_task(config), _has_files(config)
    source: str = config.source
    if source == "auto":
        source = _implied_source(config, task, files)
    if source not in SOURCES:
        raise unknown_name("data.source", source, ("auto", *SOURCES))
    if source == "glue" and config.path is None:
        raise InputError(
            "data.source is 'glue', so data.path must name a folder with GLUE's files."
        )
    if source == "files" and not files:
        raise InputError("data.source is 'files', so data.train_file must name a file.")
    if source == "packaged" and task.name != "reviews":
        raise InputError(f"data.source is 'packaged', which has the task reviews, not {task.name}.")
    if source != "files" and task.name == "custom":
        raise InputError("The task custom reads files of your own: give data.train_file.")
    return source


def _named_task(config: DataConfig) -> Task:
    if config.task != "auto":
        return find_task(config.task)
    return find_task("custom" if _has_files(config) or config.source == "files" else "reviews")


def _has_files(config: DataConfig) -> bool:
    return any((config.train_file, config.dev_file, config.test_file))


def _implied_source(config: DataConfig, task: Task, files: bool) -> str:
    if files:
        return "files"
    if config.path is not None:
        return "glue"
    return "packaged" if task.name == "reviews" else "tfds"


def _label_names(config: DataConfig, task: Task) -> tuple[str, ...]:
    if config.label_names is None:
        if task.name != "custom":
            return task.label_names
        if config.prepared is not None:
            return read_manifest(config.prepared).label_names
        source_of(config)
        if config.train_file is None:
            raise InputError("The task custom needs data.label_names or data.train_file.")
        bad_rows = BadRows(config.on_bad_row == "skip")
        return read_label_names(config.train_file, task.label, config.header, bad_rows)
    # YAML reads 0 and 1 as numbers.
    names = tuple(str(name) for name in config.label_names)
    if len(names) == 1 or len(set(names)) < len(names):
        raise InputError(
            f"data.label_names is {list(names)}, but must be two or more different names, or [] "
            "for regression."
        )
    return names


def _with_labels(task: Task, label_names: tuple[str, ...]) -> Task:
    metrics = task.metrics
    if not label_names:
        metrics = ("pearson", "spearmanr")
    elif "pearson" in metrics:
        metrics = ("accuracy",)
    return replace(task, label_names=label_names, metrics=metrics)


def _read_split(config: DataConfig, task: Task, split: str) -> Examples:
    source = source_of(config)
    if source == "packaged":
        return load_reviews(split, task)
    if source == "glue":
        assert config.path is not None
        return load_glue(config.path, task, split)
    if source == "tfds":
        return load_tfds(task, split)
    files = {"train": config.train_file, "dev": config.dev_file, "test": config.test_file}
    file = files.get(split)
    if split not in files:
        raise InputError(f"Files of your own have no split {split!r}.")
    if file is None:
        raise InputError(f"There is no split {split!r}, because data.{split}_file is not given.")
    # Of texts whose labels are withheld anyway the file need not have any.
    required = config.labels if split == "train" else split != "test"
    bad_rows = BadRows(config.on_bad_row == "skip")
    examples = read_labelled(file, task, required, config.header, bad_rows)
    bad_rows.report(Path(file), len(examples), config.rejected_folder)
    return examples


def _as_trained_on(
    config: DataConfig, task: Task, examples: Examples, known: Sequence[str]
) -> Examples:
    """Withholds labels, adds variants and texts without a label, and says what is protected."""
    if not config.labels:
        examples = replace(examples, labels=None)
    if config.added_file is not None:
        examples = _with_added(config.added_file, task, examples, known)
    if config.unlabelled_file is not None:
        examples = examples.joined(_unlabelled(config, task, examples))
    return replace(examples, protect=tuple(config.protect))


def _unlabelled(config: DataConfig, task: Task, examples: Examples) -> Examples:
    """Reads texts without labels as examples that go with labelled ones."""
    assert config.unlabelled_file is not None
    file, bad_rows = config.unlabelled_file, BadRows(config.on_bad_row == "skip")
    texts = read_texts(file, task.text_a, task.text_b, config.header, bad_rows)
    bad_rows.report(Path(file), len(texts), config.rejected_folder)
    ids = [f"unlabelled_{name}" for name in texts.ids]
    labels = None
    if examples.labels is not None:
        withheld = np.nan if task.regression else WITHHELD
        labels = np.full(len(texts), withheld, examples.labels.dtype)
    return replace(texts, labels=labels, ids=ids, groups=None if examples.groups is None else ids)


def _with_added(file: str, task: Task, part: Examples, known: Sequence[str]) -> Examples:
    with_added = add_variants(part, read_variants(file, task.texts, known))
    added = len(with_added) - len(part)
    if added == 0:
        raise InputError(
            f"data.added_file is {file!r}, but it has no variant of any of the {len(part)} texts "
            "that are trained on."
        )
    _LOG.info("Added %d variants out of %s to %d training examples.", added, file, len(part))
    return with_added
