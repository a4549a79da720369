"""Log files that only grow: a resumed run cuts them back to where it goes on."""

from collections.abc import Mapping
from pathlib import Path

from tfaugkd.folders import remove


def log_sizes(folder: str | Path) -> dict[str, int]:
    """Lists the files of a folder and below, with their sizes in bytes."""
    root = Path(folder)
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.stat().st_size for path in files}


def cut_back_logs(folder: str | Path, sizes: Mapping[str, int]) -> None:
    """Takes back what was logged after a checkpoint, which will be logged again.

    Args:
        folder: Folder of one run's logs.
        sizes: What `log_sizes` gave at the checkpoint; files that are not in it are removed.
    """
    root = Path(folder)
    for name, size in log_sizes(root).items():
        if name not in sizes:
            remove(root / name)
        elif size > sizes[name]:
            with (root / name).open("r+b") as file:
                file.truncate(sizes[name])
