"""Room on a disk, asked for before it is needed."""

import errno
import os
import shutil
from pathlib import Path


def require_room(folder: Path, size: int) -> None:
    """Has the disk say whether it takes so much, for writers that cannot stand being refused.

    HDF5 ends the process by a segmentation fault where a disk is full when it closes a file.

    Args:
        folder: Where something is to be written; is there.
        size: Its bytes.

    Raises:
        OSError: There is less room, the quota is smaller, or no file may be so large.
    """
    if not hasattr(os, "posix_fallocate"):  # macOS
        if shutil.disk_usage(folder).free < size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
        return
    reserved = folder / ".room"
    try:
        with reserved.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)
    finally:
        reserved.unlink(missing_ok=True)
