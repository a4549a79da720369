import errno

import pytest
import tensorflow as tf

from tfaugkd.errors import InputError
from tfaugkd.faults import disk_fault, explained_faults

GO_ON = "what was finished before stands, and the same command goes on from there"


def test_a_disk_that_refuses_is_explained():
    full = OSError(errno.ENOSPC, "No space left on device", "outputs/a.npz")
    assert disk_fault(full) == (
        f"'outputs/a.npz' cannot be used: the disk is full; {GO_ON} once that is put right."
    )
    nameless = OSError(errno.EROFS, "Read-only file system")
    assert disk_fault(nameless).startswith("A file cannot be used: the disk can only be read; ")
    assert disk_fault(ConnectionResetError(errno.ECONNRESET, "Connection reset")) is None


@pytest.mark.parametrize(
    ("batch_size", "advice"),
    [
        (512, "train.batch_size 256"),
        (24, "train.batch_size 8"),
        (8, "a smaller model or data.sequence_length"),
    ],
)
def test_too_little_memory_names_a_batch_size_to_try(batch_size, advice):
    with pytest.raises(InputError) as told, explained_faults(batch_size):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
    assert str(told.value) == (
        f"The memory does not suffice for train.batch_size {batch_size}; try {advice}."
    )


def test_too_little_memory_is_told_from_tensorflows_own_error():
    with pytest.raises(InputError, match="memory does not suffice"), explained_faults(16):
        # More than any machine has.
        tf.zeros([2**50])


def test_a_full_disk_of_tensorflows_is_no_lack_of_memory():
    with pytest.raises(InputError, match="the disk is full"), explained_faults(8):
        raise tf.errors.ResourceExhaustedError(None, None, "logs; No space left on device")


def test_other_errors_pass():
    with pytest.raises(ZeroDivisionError), explained_faults(8):
        _ = 1 / 0
