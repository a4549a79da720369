import numpy as np
import pytest

from tfaugkd.array_cache import cached_arrays, keep_arrays
from tfaugkd.folders import cache_folder

ARRAYS = {"ids": np.arange(6).reshape(2, 3), "cosines": np.array([0.5, -np.inf], np.float32)}


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_what_was_kept_is_read_back():
    assert cached_arrays("some") is None
    keep_arrays("some", ARRAYS)
    found = cached_arrays("some")
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
    assert [path.name for path in cache_folder().iterdir()] == ["some.npz"]


@pytest.mark.parametrize("content", ["cut", "", "no archive"])
def test_a_damaged_file_counts_as_none_with_a_warning(content, caplog):
    keep_arrays("some", ARRAYS)
    path = cache_folder() / "some.npz"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content == "cut" else content.encode())
    assert cached_arrays("some") is None
    assert "some.npz is damaged" in caplog.text


def test_nothing_is_unpickled():
    path = cache_folder()
    path.mkdir(parents=True)
    np.savez(path / "some.npz", ids=np.array([{}], object))
    assert cached_arrays("some") is None


def test_a_cache_that_cannot_be_written_costs_a_warning(tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    keep_arrays("some", ARRAYS)
    assert "cannot be written" in caplog.text
