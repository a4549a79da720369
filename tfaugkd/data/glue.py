"""GLUE in its official layout: a folder for each task with TSV files in it."""

import logging
from pathlib import Path

from tfaugkd.data.examples import Examples
from tfaugkd.data.formats import read_rows
from tfaugkd.data.tables import Columns, examples_of, select_columns
from tfaugkd.data.tasks import TASKS, Task, plain_spelling
from tfaugkd.errors import InputError

_LOG = logging.getLogger("tfaugkd")


def load_glue(path: str | Path, task: Task, split: str) -> Examples:
    """Reads one split of a GLUE task.

    Args:
        path: Folder with GLUE's tasks, or the task's own folder.
        task: The task.
        split: A split that the task has files for: train, dev, test; dev_mismatched and
            test_mismatched of MNLI.

    Returns:
        The examples in the order of the file. Rows that are cut short or blank (GLUE's QQP has a
        few) are left out, and a warning is logged; in test files, which have no labels, they stay.

    Raises:
        InputError: If the task has no such split, the file is not there, or something in it
            cannot be used.
    """
    if split not in task.glue_files:
        raise InputError(
            f"The task {task.name} has no split {split!r}; it has: {', '.join(task.glue_files)}."
        )
    file = find_folder(path, task) / task.glue_files[split]
    if not file.is_file():
        raise InputError(f"There is no file {file}, from which the split {split!r} is read.")
    withheld = split.startswith("test")
    columns = select_columns(
        file,
        read_rows(file),
        wanted=task.texts if withheld else (*task.texts, task.label),
        optional=(task.label,) if withheld else (),
        header=task.header,
        # Every row of a test file wants an answer.
        blank="keep" if withheld else "drop",
    )
    report_dropped(columns)
    return examples_of(columns, task)


def find_folder(path: str | Path, task: Task) -> Path:
    """Finds a task's folder, whatever the spelling of its name.

    Args:
        path: Folder with GLUE's tasks, or the task's own folder.
        task: The task.

    Returns:
        The task's folder.

    Raises:
        InputError: If there is none, or path is another task's folder.
    """
    root = Path(path).expanduser()
    if task.glue_folder is None:
        raise InputError(
            f"The task {task.name} is not part of GLUE, so it cannot be read from {root}; for "
            "files of your own give data.train_file."
        )
    if not root.is_dir():
        raise InputError(f"There is no folder {root}.")
    own = {plain_spelling(task.name), plain_spelling(task.glue_folder)}
    for folder in sorted(root.iterdir()):
        if folder.is_dir() and plain_spelling(folder.name) in own:
            return folder
    _refuse_other_task(root, task, own)
    if any((root / name).is_file() for name in task.glue_files.values()):
        return root
    raise InputError(
        f"{root} holds neither a folder {task.glue_folder} nor "
        f"{next(iter(task.glue_files.values()))}."
    )


def _refuse_other_task(root: Path, task: Task, own: set[str]) -> None:
    # RTE and WNLI have the same columns and files, so one would be taken for the other.
    name = plain_spelling(root.resolve().name)
    others = {plain_spelling(other.glue_folder or other.name) for other in TASKS.values()}
    if name in (others | set(TASKS)) - own:
        raise InputError(f"{root} looks like the folder of another task than {task.name}.")


def report_dropped(columns: Columns) -> None:
    """Warns of rows that were left out, because they are cut short or blank."""
    if columns.dropped:
        _LOG.warning(
            "Left out %d of %d rows of %s that are cut short or have an empty cell, the first on "
            "line %d.",
            len(columns.dropped),
            len(columns.dropped) + len(columns.rows),
            columns.path,
            columns.dropped[0],
        )
