import errno
import os
import resource
import shutil

import pytest

from tfaugkd.disk_room import require_room


@pytest.fixture
def largest_file():
    """Has the system refuse files beyond 10,000 bytes, as a quota would."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_what_is_refused_leaves_nothing(tmp_path, largest_file):
    require_room(tmp_path, 10_000)
    with pytest.raises(OSError, match="File too large"):
        require_room(tmp_path, 10_001)
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_reserved_free_space_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "posix_fallocate")
    free = shutil.disk_usage(tmp_path).free
    require_room(tmp_path, free // 2)
    with pytest.raises(OSError, match="No space left on device") as refused:
        require_room(tmp_path, 2 * free)
    assert refused.value.errno == errno.ENOSPC
