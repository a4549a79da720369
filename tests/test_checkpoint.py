import logging
import math
import os
import resource

import ml_dtypes
import numpy as np
import pytest

from tfaugkd.checkpoint import read_checkpoint_of, read_newest_checkpoint, write_checkpoint
from tfaugkd.errors import InputError
from tfaugkd.faults import disk_fault

STATE = {
    "made_from": {"train": {"steps": 20}},
    "weights": [np.arange(6, dtype=np.float32).reshape(2, 3) / 7, np.array([3, 2**31], np.uint32)],
    "callbacks": {"Best": {"best": -math.inf, "step": None, "name": "é", "ends": True}},
    "array": "not one, but a key that looks like it",
}


def same(one, other):
    """Compares trees of plain values and arrays to the bit."""
    if isinstance(one, np.ndarray):
        return (
            one.dtype == other.dtype
            and one.shape == other.shape
            and one.tobytes() == (other.tobytes())
        )
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_checkpoint_is_read_back_to_the_last_bit(tmp_path):
    write_checkpoint(tmp_path / "new", 7, STATE, keep=2)
    assert same(read_newest_checkpoint(tmp_path / "new"), STATE)
    halves = {"weight": np.array([1.5, math.nan], ml_dtypes.bfloat16), "empty": np.zeros((0, 3))}
    write_checkpoint(tmp_path / "new", 8, halves, keep=2)
    assert same(read_newest_checkpoint(tmp_path / "new"), halves)


def test_numpys_scalars_become_pythons_and_tuples_lists(tmp_path):
    write_checkpoint(tmp_path, 1, {"a": np.float32(0.1), "b": (1, np.int64(2))}, keep=1)
    assert read_newest_checkpoint(tmp_path) == {"a": 0.10000000149011612, "b": [1, 2]}


def test_the_last_ones_are_kept(tmp_path):
    for batches in (5, 20, 100):
        write_checkpoint(tmp_path, batches, {"batches": batches}, keep=2)
    assert names(tmp_path) == ["batch_000000000020.npz", "batch_000000000100.npz"]
    assert read_newest_checkpoint(tmp_path) == {"batches": 100}
    assert read_newest_checkpoint(tmp_path / "none") is None


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def empty(path):
    path.write_bytes(b"")


def flip(path):
    """Changes one bit of a weight, and the sums by which the zip file would notice."""
    with np.load(path) as file:
        parts = dict(file)
    parts["array_0"] = parts["array_0"].copy()
    parts["array_0"].view(np.uint32)[1, 1] ^= 1
    with path.open("wb") as file:
        np.savez(file, **parts)


@pytest.mark.parametrize("damage", [cut, empty, flip])
def test_the_one_before_a_damaged_one_is_taken_and_it_is_said(damage, tmp_path, caplog):
    write_checkpoint(tmp_path, 5, STATE | {"batches": 5}, keep=2)
    newest = write_checkpoint(tmp_path, 10, STATE, keep=2)
    damage(newest)
    with caplog.at_level(logging.WARNING, "tfaugkd"):
        assert read_newest_checkpoint(tmp_path)["batches"] == 5
    assert f"The checkpoint {newest} is damaged (" in caplog.text
    assert ": the one before it is taken, if there is one." in caplog.text
    assert names(tmp_path) == ["batch_000000000005.npz"]


def test_nothing_is_unpickled(tmp_path):
    path = write_checkpoint(tmp_path, 1, STATE, keep=1)
    with path.open("wb") as file:
        np.savez(file, state=np.array([os.getcwd], dtype=object), digest=np.zeros(32))
    assert read_newest_checkpoint(tmp_path) is None


def test_what_a_killed_writer_left_is_removed(tmp_path):
    half = tmp_path / ".0123abcd-batch_000000000010.npz"
    half.write_bytes(b"PK")
    write_checkpoint(tmp_path, 5, {"made_from": {}}, keep=1)
    assert read_checkpoint_of(tmp_path, {}) == {"made_from": {}}
    assert names(tmp_path) == ["batch_000000000005.npz"]


def test_a_full_disk_leaves_the_checkpoint_before_it(tmp_path, monkeypatch):
    write_checkpoint(tmp_path, 5, {"batches": 5}, keep=1)

    def full(file, **parts):
        file.write(b"PK")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        write_checkpoint(tmp_path, 10, {"batches": 10}, keep=1)
    assert read_newest_checkpoint(tmp_path) == {"batches": 5}
    assert names(tmp_path) == ["batch_000000000005.npz"]


def test_a_disk_that_takes_only_a_part_leaves_the_checkpoint_before_it(tmp_path):
    write_checkpoint(tmp_path, 5, {"batches": 5}, keep=1)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large") as refused:
            write_checkpoint(tmp_path, 10, {"weights": np.zeros(10_000)}, keep=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "larger than is allowed here; what was finished before" in disk_fault(refused.value)
    assert read_newest_checkpoint(tmp_path) == {"batches": 5}
    assert names(tmp_path) == ["batch_000000000005.npz"]


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    write_checkpoint(tmp_path, 5, STATE, keep=1)
    assert read_checkpoint_of(tmp_path, STATE["made_from"]) is not None
    with pytest.raises(InputError) as refused:
        read_checkpoint_of(tmp_path, {"train": {"steps": 30}})
    assert str(refused.value) == (
        f"'{tmp_path}' holds checkpoints of a run with train.steps 20, not 30; set that back to go "
        "on with it, or name another folder."
    )


@pytest.mark.parametrize(
    ("state", "key"),
    [
        ({"a": [0, {1, 2}]}, "a[1] is {1, 2}"),
        ({"a": {"b": object}}, "a.b is <class 'object'>"),
        ({"a": {1: "one"}}, "a is {1: 'one'}"),
        ({"a": np.array([None])}, "a is array([None], dtype=object)"),
    ],
)
def test_what_a_checkpoint_cannot_hold_is_named(state, key, tmp_path):
    with pytest.raises(InputError) as refused:
        write_checkpoint(tmp_path, 1, state, keep=1)
    assert str(refused.value).startswith(f"{key}, which a checkpoint cannot hold; it holds")
    assert not names(tmp_path)
