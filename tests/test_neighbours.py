import logging

import numpy as np
import pytest

from tfaugkd import neighbours
from tfaugkd.folders import cache_folder
from tfaugkd.neighbours import Neighbours, find_neighbours, nearest_neighbours

# Angles of 0, 10, 30, 90, 180 degrees and no angle at all; lengths must not matter.
DEGREES = np.deg2rad([0, 10, 30, 90, 180])
LENGTHS = np.array([1.0, 5.0, 0.1, 2.0, 1.0])
TABLE = np.zeros([6, 2], np.float32)
TABLE[:5] = np.stack([np.cos(DEGREES), np.sin(DEGREES)], axis=1) * LENGTHS[:, np.newaxis]
EVERY = np.ones(6, bool)


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def brute_force(table, allowed, k):
    unit = table.astype(np.float64)
    norms = np.linalg.norm(unit, axis=1, keepdims=True)
    unit /= np.where(norms > 0, norms, 1)
    cosines = np.sum(unit[:, np.newaxis] * unit[np.newaxis], axis=-1)
    cosines[:, ~allowed | (norms[:, 0] == 0)] = -np.inf
    np.fill_diagonal(cosines, -np.inf)
    ids = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    return ids, np.take_along_axis(cosines, ids, axis=1)


def test_neighbours_by_hand():
    found = nearest_neighbours(TABLE, EVERY, 2)
    assert found.ids.tolist() == [[1, 2], [0, 2], [1, 0], [2, 1], [3, 2], [-1, -1]]
    # cos 10, cos 20, cos 60 and cos 90 degrees.
    assert found.cosines[0, 0] == pytest.approx(0.98480775)
    assert found.cosines[1, 1] == pytest.approx(0.93969262)
    assert found.cosines[3, 0] == pytest.approx(0.5)
    assert found.cosines[4, 0] == pytest.approx(0.0, abs=1e-6)
    assert found.cosines[5].tolist() == [-np.inf, -np.inf]
    assert found.norms == pytest.approx([1, 5, 0.1, 2, 1, 0])
    assert [part.dtype for part in found] == [np.int32, np.float32, np.float32]


def test_only_what_is_allowed_is_a_neighbour_and_everything_has_neighbours():
    allowed = np.array([True, False, False, True, False, True])
    found = nearest_neighbours(TABLE, allowed, 2)
    # A zero row has no direction, so that it is nobody's neighbour, allowed or not.
    assert found.ids.tolist() == [[3, -1], [0, 3], [0, 3], [0, -1], [3, 0], [-1, -1]]
    assert (np.isfinite(found.cosines) == (found.ids >= 0)).all()


def test_nothing_allowed_is_no_neighbours():
    assert (nearest_neighbours(TABLE, ~EVERY, 3).ids == -1).all()


def test_of_equally_near_tokens_the_lowest_come_first_however_many_there_are():
    table = np.tile(np.array([[0.3, 0.7, -0.2]], np.float32), [40, 1])
    table *= 2.0 ** np.arange(40)[:, np.newaxis]
    found = nearest_neighbours(table, np.ones(40, bool), 3)
    assert found.ids[0].tolist() == [1, 2, 3]
    assert found.ids[2].tolist() == [0, 1, 3]
    assert found.ids[39].tolist() == [0, 1, 2]


@pytest.mark.parametrize("k", [1, 5])
def test_blocks_find_what_brute_force_finds(k):
    random = np.random.default_rng(k)
    table = random.normal(size=(600, 5)).astype(np.float32)
    table[[7, 300]] = 0.0
    table[450] = table[20]
    allowed = random.random(600) < 0.8
    found = find_neighbours(table, allowed, k)
    ids, cosines = brute_force(table, allowed, k)
    real = np.setdiff1d(np.arange(600), [7, 300])
    assert found.ids[real].tolist() == ids[real].tolist()
    assert found.cosines[real] == pytest.approx(cosines[real], abs=1e-6)
    assert (found.ids[[7, 300]] == -1).all()


def same(one, other):
    return all((a == b).all() for a, b in zip(one, other, strict=True))


def test_a_table_is_searched_once(monkeypatch, caplog):
    with caplog.at_level(logging.INFO, logger="tfaugkd"):
        found = nearest_neighbours(TABLE, EVERY, 2)
    assert "the 2 nearest neighbours of 6 tokens" in caplog.text
    monkeypatch.setattr(neighbours, "find_neighbours", None)
    assert same(nearest_neighbours(TABLE, EVERY, 2), found)
    assert [path.suffix for path in cache_folder().iterdir()] == [".npz"]


def test_another_table_another_choice_and_another_number_are_searched_anew():
    nearest_neighbours(TABLE, EVERY, 2)
    some = EVERY.copy()
    some[1] = False
    assert nearest_neighbours(TABLE, EVERY, 1).ids.shape == (6, 1)
    assert nearest_neighbours(TABLE, some, 2).ids[0].tolist() == [2, 3]
    assert nearest_neighbours(-TABLE[:, ::-1], EVERY, 2).norms[1] == pytest.approx(5)
    assert len(list(cache_folder().iterdir())) == 4


def test_cached_neighbours_of_another_shape_are_found_anew():
    found = nearest_neighbours(TABLE, EVERY, 2)
    (path,) = cache_folder().iterdir()
    np.savez(path, **Neighbours(*(part[:3] for part in found))._asdict())
    assert same(nearest_neighbours(TABLE, EVERY, 2), found)
    with np.load(path) as arrays:
        assert arrays["ids"].tolist() == found.ids.tolist()
