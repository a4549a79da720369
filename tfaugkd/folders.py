"""Output folders and files: nothing unknown is ever deleted, nothing is left half written."""

import fcntl
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tfaugkd.errors import InputError

# Its presence says that the folder was made here and may be emptied.
MARKER = "tfaugkd.json"
_HALF = re.compile(r"\.[0-9a-f]{8}-.+")


def require_new_folder(
    path: str | Path, overwrite: bool = False, inputs: Iterable[str | Path] = ()
) -> None:
    """Refuses an output folder that may not be emptied, before a job does any work for it.

    Args:
        path: The folder.
        overwrite: A folder with content may be emptied, provided that it holds the marker file.
        inputs: Files and folders that the run reads; they must not lie in the folder.

    Raises:
        InputError: The path is a file, or a folder with content that may not be removed.
    """
    folder = Path(path)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"output is {str(path)!r}, which is a file; name a folder.")
    if folder.exists() and any(_counts(entry) for entry in folder.iterdir()):
        _require_removable(folder, overwrite, inputs)


def prepare_output(
    path: str | Path, overwrite: bool = False, inputs: Iterable[str | Path] = ()
) -> Path:
    """Makes an empty output folder that holds only the marker file.

    Args:
        path: The folder; made with its parents if it does not exist.
        overwrite: Empty a folder that has content, provided that it holds the marker file.
        inputs: Files and folders that the run reads; they must not lie in the folder.

    Returns:
        The folder.

    Raises:
        InputError: The path is a file, or a folder with content that may not be removed.
    """
    require_new_folder(path, overwrite, inputs)
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    # The marker goes last: an interrupted removal can then be repeated.
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name == MARKER):
        remove(entry)
    write_text(folder / MARKER, json.dumps({"made_by": "tfaugkd"}) + "\n")
    return folder


@contextmanager
def only_writer(folder: str | Path) -> Iterator[None]:
    """Keeps a second process from writing into the same output folder meanwhile.

    The lock goes with the process that holds it, however that ends.

    Args:
        folder: A folder with the marker file.

    Yields:
        Nothing.

    Raises:
        InputError: Another process writes there.
    """
    with (Path(folder) / MARKER).open() as marker:
        try:
            fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                f"output is {str(folder)!r}, where another run is writing; wait for it, or name "
                "another folder."
            ) from error
        yield


def remove(path: str | Path) -> None:
    """Removes a file, a link or a folder with all that is in it, if it is there.

    Args:
        path: What to remove; a link is not followed.
    """
    entry = Path(path)
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry)
    else:
        entry.unlink(missing_ok=True)


def remove_halves(folder: str | Path) -> None:
    """Removes what was left under temporary names by a process that was killed.

    Args:
        folder: A folder that nobody else writes into; may not exist.
    """
    root = Path(folder)
    for entry in list(root.iterdir()) if root.is_dir() else []:
        if _HALF.fullmatch(entry.name):
            remove(entry)


def temporary_name(path: str | Path) -> Path:
    """Makes up a name beside a path for what is to have the path's name when it is whole."""
    final = Path(path)
    return final.with_name(f".{uuid.uuid4().hex[:8]}-{final.name}")


def require_new_file(
    path: str | Path, overwrite: bool = False, inputs: Iterable[str | Path] = ()
) -> None:
    """Refuses an output file that stands already, before a job does any work for it.

    Args:
        path: The file.
        overwrite: A file may be replaced.
        inputs: Files that are read, none of which may be replaced.

    Raises:
        InputError: The file exists and may not be replaced, or it is read, or the path is a
            folder.
    """
    if Path(path).is_dir():
        raise InputError(f"{str(path)!r} is a folder; name a file.")
    if Path(path).exists() and not overwrite:
        raise InputError(f"{str(path)!r} exists already; name another file or set overwrite: true.")
    for read in inputs:
        if Path(read).expanduser().resolve() == Path(path).resolve():
            raise InputError(f"output is {str(path)!r}, but the run reads it; name another file.")


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Gives a temporary name to write to, and moves it to the path when the block ends well.

    Readers see the old file or the whole new one. The temporary name keeps the path's ending.

    Args:
        path: The file to write; its folder is made if needed.

    Yields:
        A path beside it. Where the block raises, what was written there is removed.
    """
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(final)
    try:
        yield temporary
        os.replace(temporary, final)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Writes a UTF-8 file whole or not at all.

    Args:
        path: The file; replaced if it exists.
        text: Its content.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def publish(temporary_folder: str | Path, final: str | Path, replace: bool = False) -> Path:
    """Gives a finished folder its name, so that a folder of that name is always complete.

    Args:
        temporary_folder: The finished folder, on the same disk as final.
        final: Its name to be; may be an empty folder.
        replace: Remove a folder with content that has that name. It is moved aside first, so an
            interruption never leaves a mixture of the two.

    Returns:
        The folder under its final name.

    Raises:
        InputError: There is a file, or a folder with content and replace is False.
    """
    target = Path(final)
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = None
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        if not (replace and target.is_dir()):
            raise InputError(f"{str(final)!r} exists already; remove it or choose another name.")
        aside = temporary_name(target)
        os.replace(target, aside)
    try:
        os.replace(temporary_folder, target)
    except OSError:
        if aside:
            os.replace(aside, target)
        raise
    if aside:
        shutil.rmtree(aside)
    return target


def cache_folder() -> Path:
    """Gives the folder for what can be worked out again: `$XDG_CACHE_HOME/tfaugkd`.

    Returns:
        The folder, which may not exist; `~/.cache/tfaugkd` where the variable is not set to an
        absolute path.
    """
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "tfaugkd"


def size_on_disk(folder: str | Path) -> int:
    """Adds up the sizes of the files in a folder and below.

    Args:
        folder: A folder, or a single file.

    Returns:
        Bytes; links count as nothing.

    Raises:
        InputError: There is no such folder.
    """
    root = Path(folder)
    if not root.exists():
        raise InputError(f"There is no folder {str(folder)!r} to measure.")
    paths = root.rglob("*") if root.is_dir() else [root]
    return sum(path.lstat().st_size for path in paths if path.is_file() and not path.is_symlink())


def _counts(entry: Path) -> bool:
    """Tells whether an entry makes a folder one that is not empty."""
    return entry.name != MARKER and not _HALF.fullmatch(entry.name)


def _require_removable(folder: Path, overwrite: bool, inputs: Iterable[str | Path]) -> None:
    if not overwrite:
        raise InputError(
            f"output is {str(folder)!r}, which is not empty; name another folder or set "
            "overwrite: true."
        )
    if not (folder / MARKER).is_file():
        raise InputError(
            f"output is {str(folder)!r}, which holds files that this program did not make (there "
            f"is no {MARKER}); it will not be emptied, name another folder."
        )
    for read in inputs:
        path = Path(read).expanduser()
        # A name that is no path, such as a preset's, is read from elsewhere.
        if read and path.exists() and path.resolve().is_relative_to(folder.resolve()):
            raise InputError(
                f"output is {str(folder)!r}, but the run reads {str(read)!r}, which overwrite "
                "would remove; name another folder."
            )
