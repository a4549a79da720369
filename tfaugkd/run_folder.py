"""The folder of one training: begun, gone on with after an interruption, or refused."""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from tfaugkd.errors import InputError
from tfaugkd.exact_resume import ExactResume
from tfaugkd.fingerprint import first_difference
from tfaugkd.folders import (
    MARKER,
    only_writer,
    prepare_output,
    remove,
    remove_halves,
    require_new_folder,
    temporary_name,
    write_text,
)
from tfaugkd.plain_json import plain, read_json, write_json
from tfaugkd.saved_model import MODEL_FOLDER
from tfaugkd.train_config import TrainConfig

CHECKPOINTS_FOLDER = "checkpoints"
LOGS_FOLDER = "logs"
SCORES_FILE = "scores.json"
_MADE_FROM_FILE = "made_from.json"


def require_usable_output(config: Any, inputs: Iterable[str | Path]) -> None:
    """Refuses an output folder that can be neither begun nor gone on with, before any work.

    Args:
        config: The job's configuration, a dataclass with `output`, `overwrite` and `resume`.
        inputs: What the job reads, which must not lie in the folder.

    Raises:
        InputError: It is not empty, or not ours to empty.
    """
    if not _was_interrupted(config):
        require_new_folder(config.output, config.overwrite, inputs)


@contextmanager
def output_of_run(
    config: Any, inputs: Iterable[str | Path], made_from: dict[str, Any]
) -> Iterator[Path]:
    """Begins a run in its output folder, or goes on there, and keeps other processes out.

    Args:
        config: The job's configuration, a dataclass with `output`, `overwrite` and `resume`.
        inputs: What the job reads, which must not lie in the folder.
        made_from: Everything that determines the outcome, as plain values.

    Yields:
        The folder, with `config.yaml`. Where the block ends well, the run is finished.

    Raises:
        InputError: It is not ours to empty, another run is writing there, or an interrupted run in
            it was made from something else.
    """
    folder = Path(config.output)
    with ExitStack() as held:
        if (folder / MARKER).is_file():
            held.enter_context(only_writer(folder))
        if not _was_interrupted(config):
            prepare_output(folder, config.overwrite, inputs)
            held.enter_context(only_writer(folder))
        elif has_checkpoint(folder) and (difference := what_differs(folder, made_from)):
            raise InputError(
                f"output is {config.output!r}, which holds an interrupted run with {difference}; "
                "set that back to go on with it, name another folder or set overwrite: true."
            )
        if begin_or_go_on(folder, made_from):
            write_config(folder, config)
        yield folder
        finish_run(folder)


def has_checkpoint(folder: Path) -> bool:
    """Tells whether a run was interrupted after its first checkpoint."""
    return any((folder / CHECKPOINTS_FOLDER).glob("batch_*"))


def what_differs(folder: Path, made_from: dict[str, Any]) -> str | None:
    """Says in words what sets an interrupted run apart from one that would begin now.

    Args:
        folder: Folder of a run that has a checkpoint.
        made_from: Everything that would determine the outcome.

    Returns:
        The first difference; None if there is none.

    Raises:
        InputError: What it was made from cannot be read.
    """
    before = read_json(folder / CHECKPOINTS_FOLDER / _MADE_FROM_FILE, "what a run was made from")
    return first_difference(before, plain(made_from))


def begin_or_go_on(folder: Path, made_from: dict[str, Any]) -> bool:
    """Tidies up what a kill left in the folder of a run, or makes it.

    Args:
        folder: The run's folder; a checkpoint in it was made from the same.
        made_from: Everything that determines the outcome, as plain values.

    Returns:
        Whether the run begins; otherwise it goes on from a checkpoint.
    """
    begins = not has_checkpoint(folder)
    remove_halves(folder)
    for name in (MODEL_FOLDER, *((LOGS_FOLDER, CHECKPOINTS_FOLDER) if begins else ())):
        remove(folder / name)
    if begins:
        write_json(folder / CHECKPOINTS_FOLDER / _MADE_FROM_FILE, made_from)
    return begins


def finish_run(folder: Path) -> None:
    """Removes the checkpoints of a run whose outcome is written, all at once."""
    checkpoints = folder / CHECKPOINTS_FOLDER
    if checkpoints.is_dir():
        # With a part of them gone, the run would look like one that had not come to its first.
        aside = temporary_name(checkpoints)
        os.replace(checkpoints, aside)
        remove(aside)


def exact_resume(folder: Path, config: TrainConfig) -> ExactResume:
    """Makes the callback that writes a run's checkpoints, and goes on from them.

    Args:
        folder: The run's folder.
        config: The optimisation, which says how often.

    Returns:
        The callback.
    """
    return ExactResume(
        folder / CHECKPOINTS_FOLDER,
        config.checkpoint_steps,
        config.checkpoint_minutes,
        config.keep_checkpoints,
        logs=folder / LOGS_FOLDER,
    )


def write_config(folder: Path, config: Any) -> None:
    """Writes a configuration into its output folder, as `config.yaml`."""
    write_text(folder / "config.yaml", yaml.safe_dump(asdict(config), sort_keys=False))


def _was_interrupted(config: Any) -> bool:
    """Tells whether the output holds a run that is not finished, and that may go on."""
    folder = Path(config.output)
    # Checkpoints go last: with the scores beside them, the run was interrupted in tidying up.
    unfinished = (folder / MARKER).is_file() and (folder / CHECKPOINTS_FOLDER).is_dir()
    return unfinished and config.resume == "auto" and not config.overwrite
