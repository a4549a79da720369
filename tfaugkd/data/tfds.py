"""GLUE out of TensorFlow Datasets, in the order of the original files."""

import importlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any

import numpy as np

from tfaugkd.data.examples import Examples
from tfaugkd.data.tasks import Task
from tfaugkd.errors import InputError, unknown_name

_LOG = logging.getLogger("tfaugkd")
_RETRIES = 3


def load_tfds(task: Task, split: str) -> Examples:
    """Reads one split of a task, downloading it if that has not been done before.

    Args:
        task: A task that TensorFlow Datasets has.
        split: A split that the task has: train, dev, test; dev_mismatched and test_mismatched of
            MNLI.

    Returns:
        The examples in the order of the original file, whatever the order in which they are
        stored. Test splits have no labels.

    Raises:
        InputError: If the task or the split is not there, or cannot be downloaded.
    """
    if task.tfds_name is None:
        raise InputError(
            f"The task {task.name} is not in TensorFlow Datasets; for files of your own give "
            "data.train_file."
        )
    if split not in task.glue_files:
        raise InputError(
            f"The task {task.name} has no split {split!r}; it has: {', '.join(task.glue_files)}."
        )
    rows, features = _read_rows(task.tfds_name, _stored_split(task, split))
    if not rows:
        raise InputError(f"{task.tfds_name} has no rows in the split {split!r}.")
    rows.sort(key=lambda row: int(row["idx"]))
    return _examples_of(rows, features, task, labelled=not split.startswith("test"))


def _stored_split(task: Task, split: str) -> str:
    """Names a split as TFDS does: dev_matched.tsv is validation_matched there."""
    name = PurePath(task.glue_files[split]).stem
    return "test" if name == "diagnostic" else name.replace("dev", "validation")


def _read_rows(name: str, split: str) -> tuple[list[dict[str, Any]], Any]:
    tfds = _tensorflow_datasets()
    try:
        builder = tfds.builder(name)
        with _few_retries():
            builder.download_and_prepare()
    except ImportError as error:
        raise InputError(
            f"TensorFlow Datasets needs the package {error.name}; install it with pip."
        ) from error
    # What fails in a download is an OSError, a class of TFDS or one of TensorFlow's.
    except Exception as error:
        raise InputError(
            f"{name} could not be downloaded ({type(error).__name__}); give a folder in GLUE's "
            "layout with data.path, or files of your own with data.train_file."
        ) from error
    return _stored_rows(tfds, builder, name, split), builder.info.features


def _stored_rows(tfds: Any, builder: Any, name: str, split: str) -> list[dict[str, Any]]:
    # TFDS has brought it by now.
    import tensorflow as tf

    try:
        return list(tfds.as_numpy(builder.as_dataset(split=split)))
    except (OSError, tf.errors.OpError) as error:
        reason = (getattr(error, "message", None) or str(error)).partition("\n")[0]
        raise InputError(
            f"{name} in {builder.data_dir} cannot be read ({reason}); remove that folder and start "
            "again, which downloads it anew."
        ) from error


def _tensorflow_datasets() -> Any:
    # Imported here, because it brings TensorFlow along.
    try:
        return importlib.import_module("tensorflow_datasets")
    except ImportError as error:
        raise InputError(
            "TensorFlow Datasets is not installed; `pip install tensorflow-datasets` brings it."
        ) from error


@contextmanager
def _few_retries() -> Iterator[None]:
    """Has TFDS give up after seconds; its ten retries take minutes on a machine without network."""
    try:
        downloader: Any = importlib.import_module("tensorflow_datasets.core.download.downloader")
    except ImportError:
        yield
        return
    retries = getattr(downloader, "MAX_RETRIES", _RETRIES)
    downloader.MAX_RETRIES = _RETRIES
    try:
        yield
    finally:
        downloader.MAX_RETRIES = retries


def _examples_of(
    rows: Sequence[dict[str, Any]], features: Any, task: Task, labelled: bool
) -> Examples:
    names = task.tfds_texts or task.texts
    for name in names:
        if name not in features:
            raise unknown_name(f"text of {task.tfds_name}", name, features)
    texts = [[row[name].decode("utf-8") for name in names] for row in rows]
    # Every row of a test split wants an answer.
    kept = [
        place
        for place, pair in enumerate(texts)
        if not labelled or all(text.strip() for text in pair)
    ]
    if len(kept) < len(rows):
        _LOG.warning(
            "Left out %d of %d rows of %s that have an empty text.",
            len(rows) - len(kept),
            len(rows),
            task.tfds_name,
        )
    return Examples(
        text_a=[pair[0] for pair in texts],
        text_b=None if len(names) == 1 else [pair[1] for pair in texts],
        labels=_labels_of(rows, features, task) if labelled else None,
        ids=[str(row["idx"]) for row in rows],
        label_names=task.label_names,
    ).take(kept)


def _labels_of(rows: Sequence[dict[str, Any]], features: Any, task: Task) -> np.ndarray:
    labels = np.array([row["label"] for row in rows])
    if task.regression:
        return labels.astype(np.float32)
    stored = tuple(getattr(features["label"], "names", None) or ())
    # Another order of the same names is followed; other names are taken to rename the classes.
    if set(stored) == set(task.label_names):
        places = np.array([task.label_names.index(name) for name in stored])
        return places[labels].astype(np.int32)
    if len(stored) != len(task.label_names) or set(stored) & set(task.label_names):
        raise InputError(
            f"data.label_names is {', '.join(task.label_names)}, but {task.tfds_name} has: "
            f"{', '.join(stored)}."
        )
    return labels.astype(np.int32)
