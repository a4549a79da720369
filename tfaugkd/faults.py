"""What a machine does to a run, in sentences for people: a full disk, too little memory.

Whatever happens, files are written under temporary names, so that none is ever half of one.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from tfaugkd.errors import InputError

_DISK = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota on this disk is used up",
    errno.EFBIG: "the file would be larger than is allowed here",
    errno.EROFS: "the disk can only be read",
    errno.EACCES: "this user may not write or read there",
    errno.EPERM: "this user may not write or read there",
    errno.EIO: "the disk fails",
}
_GO_ON = "what was finished before stands, and the same command goes on from there"


def disk_fault(error: OSError) -> str | None:
    """Says in a sentence what a disk refused.

    Args:
        error: What the system said.

    Returns:
        The sentence; None for an error that is no disk's.
    """
    if error.errno not in _DISK:
        return None
    where = "A file" if error.filename is None else repr(str(error.filename))
    return f"{where} cannot be used: {_DISK[error.errno]}; {_GO_ON} once that is put right."


@contextmanager
def explained_faults(batch_size: int) -> Iterator[None]:
    """Turns what TensorFlow says of memory and disks into a sentence.

    Args:
        batch_size: Of the training that runs in the block.

    Yields:
        Nothing.

    Raises:
        InputError: Memory is used up, or a disk.
    """
    import tensorflow as tf

    try:
        yield
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        if "No space left on device" in str(error):
            raise InputError(f"A file cannot be written: the disk is full; {_GO_ON}.") from error
        smaller = "a smaller model or data.sequence_length"
        if batch_size > 8:
            # A multiple of 8, as batches are made in blocks of 8.
            smaller = f"train.batch_size {max(8, batch_size // 16 * 8)}"
        raise InputError(
            f"The memory does not suffice for train.batch_size {batch_size}; try {smaller}."
        ) from error
