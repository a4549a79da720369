"""The parts of a training split, each of which becomes a shard, and what a part holds."""

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from tfaugkd.data import load_split, task_of
from tfaugkd.data.examples import Examples
from tfaugkd.data.glue import find_folder, report_dropped
from tfaugkd.data.labels import distinct_labels
from tfaugkd.data.load import source_of
from tfaugkd.data.row_ranges import RowRange, read_range, split_rows
from tfaugkd.data.shards.records import labels_of
from tfaugkd.data.tables import examples_of, select_columns
from tfaugkd.data.tasks import Task
from tfaugkd.data_config import DataConfig
from tfaugkd.errors import InputError

TRAIN, UNLABELLED = "train", "unlabelled"


@dataclass(frozen=True, eq=False)
class Part:
    """What one shard is made of.

    Args:
        name: The shard's name.
        number: Its place among all, from 0.
        source: A range of a file's rows, which a worker reads; or the texts themselves, where the
            source cannot be read in ranges.
        before_ids: What is put before the rows' numbers to make ids.
    """

    name: str
    number: int
    source: RowRange | Examples
    before_ids: str = ""


class Split(NamedTuple):
    """A training split in parts, and its task."""

    parts: list[Part]
    task: Task


def split_into_parts(data: DataConfig, size: int) -> Split:
    """Parts the training split, and behind it the texts without labels.

    Args:
        data: Where they come from.
        size: Rows in a part; the last one of a file may have fewer.

    Returns:
        The parts in order, and the task, whose classes are looked for in the labels if need be.

    Raises:
        InputError: A source that cannot be read.
    """
    sources: list[tuple[str, RowRange | Examples, str]] = []
    source = source_of(data)
    if source in ("files", "glue"):
        if data.on_bad_row == "skip":
            raise InputError(
                "data.on_bad_row is 'skip', but a preparation stops at the first bad row; leave it "
                "out."
            )
        # Which columns are read does not depend on the classes, which may not be known yet.
        unnamed = data.label_names is None and source == "files"
        task = task_of(replace(data, label_names=[]) if unnamed else data)
        ranges = list(_ranges(data, task, source, size))
        if unnamed:
            task = _with_classes(data, task, [each for each, _ in ranges])
        sources += [(TRAIN, *each) for each in ranges]
    else:
        task = task_of(data)
        whole = load_split(replace(data, unlabelled_file=None), "train")
        for start in range(0, len(whole), size):
            some = whole.take(range(start, min(start + size, len(whole))))
            sources.append((TRAIN, some, ""))
    if data.unlabelled_file is not None:
        found = _ranges_of_files("unlabelled_file", data.unlabelled_file, task.texts, data, size)
        sources += [(UNLABELLED, each, f"{UNLABELLED}_{before}") for each, before in found]
    return Split(list(_numbered(sources)), task)


def _numbered(sources: Sequence[tuple[str, RowRange | Examples, str]]) -> Iterator[Part]:
    counts = {TRAIN: 0, UNLABELLED: 0}
    for number, (split, source, before) in enumerate(sources):
        yield Part(f"{split}-{counts[split]:05d}", number, source, before)
        counts[split] += 1


def _ranges(data: DataConfig, task: Task, source: str, size: int) -> Iterator[tuple[RowRange, str]]:
    if source == "glue":
        assert data.path is not None, "source_of asks for it"
        file = find_folder(data.path, task) / task.glue_files[TRAIN]
        for each in split_rows(file, size, (*task.texts, task.label), task.header):
            yield each, ""
        return
    if data.train_file is None:
        raise InputError("There is no split 'train', because data.train_file is not given.")
    wanted = (*task.texts, task.label) if data.labels else task.texts
    yield from _ranges_of_files("train_file", data.train_file, wanted, data, size)


def _ranges_of_files(
    key: str, pattern: str, wanted: Sequence[str], data: DataConfig, size: int
) -> Iterator[tuple[RowRange, str]]:
    """Gives the ranges of all files, and what tells their rows' ids apart."""
    files = _files(key, pattern)
    for file in files:
        before = f"{file.name}:" if len(files) > 1 else ""
        for each in split_rows(file, size, wanted, data.header):
            yield each, before


def _files(key: str, pattern: str) -> list[Path]:
    file = Path(pattern).expanduser()
    if file.exists() or not glob.has_magic(pattern):
        return [file]
    found = sorted(glob.glob(str(file), recursive=True))
    if not found:
        raise InputError(f"data.{key} is {pattern!r}, which no file matches.")
    return [Path(each) for each in found]


def _with_classes(data: DataConfig, task: Task, ranges: Sequence[RowRange]) -> Task:
    """Finds the classes of a task of the user's own, as `read_label_names` does in memory."""
    if task.name != "custom":
        return task_of(data)
    found: set[str] = set()
    for each in ranges:
        columns = select_columns(each.path, read_range(each), [task.label])
        found |= {label.strip() for label in columns.values[task.label]}
    names = distinct_labels(sorted(found), ranges[0].path, task.label)
    return task_of(replace(data, label_names=list(names)))


def read_part(part: Part, data: DataConfig, task: Task) -> Examples:
    """Reads what becomes one shard.

    Args:
        part: The part.
        data: Where it comes from.
        task: The task.

    Returns:
        The examples, in the source's order.

    Raises:
        InputError: A row that cannot be used; names file and line.
    """
    examples = part.source if isinstance(part.source, Examples) else _read_rows(part, data, task)
    if not data.labels:
        examples = replace(examples, labels=None)
    examples = replace(examples, label_names=task.label_names, protect=tuple(data.protect))
    # What has no label is told so, that texts with and without one have the same parts.
    return replace(examples, labels=labels_of(examples), groups=None)


def _read_rows(part: Part, data: DataConfig, task: Task) -> Examples:
    rows = part.source
    assert isinstance(rows, RowRange), "the other kind is in memory"
    labels = [] if part.name.startswith(UNLABELLED) else [task.label]
    of_glue = bool(labels) and source_of(data) == "glue"
    columns = select_columns(
        rows.path,
        read_range(rows),
        wanted=[*task.texts, *(labels if data.labels else ())],
        optional=labels,
        blank="drop" if of_glue else "refuse",
    )
    report_dropped(columns)
    numbered = replace(columns, rows=[rows.first_row + row for row in columns.rows])
    # A column of labels is left alone where the texts are to have none.
    found = examples_of(numbered, task if labels else replace(task, label=""))
    return replace(found, ids=[part.before_ids + name for name in found.ids])
