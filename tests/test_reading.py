import os
import re

import numpy as np
import pytest
from conftest import bert, sentiment, store

from tfaugkd.data.shards import reading
from tfaugkd.data.shards.prepared_examples import read_prepared
from tfaugkd.data.shards.records import texts_of
from tfaugkd.errors import InputError


@pytest.fixture(scope="module")
def texts():
    return sentiment(40)


@pytest.fixture
def prepared(texts, tmp_path):
    return store(tmp_path / "folder", texts, bert(layers=1), size=16)


def ids_of(prepared, places):
    records = prepared.reader.records(np.array(places))
    return texts_of(records, prepared.reader.manifest).ids


def test_records_are_numbered_through_all_shards(prepared):
    places = [39, 0, 16, 15, 31, 32, 16, 5]
    assert ids_of(prepared, places) == [str(place) for place in places]


def test_more_shards_than_may_be_open_are_read_all_the_same(texts, tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "_OPEN_AT_ONCE", 2)
    prepared = store(tmp_path, texts, bert(layers=1), size=4)
    order = np.random.default_rng(0).permutation(40)
    before = len(os.listdir("/proc/self/fd"))
    assert ids_of(prepared, order) == [str(place) for place in order]
    assert len(os.listdir("/proc/self/fd")) <= before + 2


def flip(path, at):
    content = bytearray(path.read_bytes())
    content[at] ^= 0x40
    path.write_bytes(content)


def places_with_bytes(path):
    """Where anything is written; the rest of a short shard is zeros."""
    return np.flatnonzero(np.frombuffer(path.read_bytes(), np.uint8))


def test_a_damaged_record_is_named_and_the_others_are_read(prepared):
    path = prepared.reader.folder / "train-00001.array_record"
    # Records lie one behind the other; the middle of the bytes is in one of them.
    written = places_with_bytes(path)
    flip(path, written[written < 4096][len(written[written < 4096]) // 2])
    again = read_prepared(prepared.reader.folder)
    sentence = r"train-00001\.array_record, record (\d+) is damaged \(.+\); run `tfaugkd prep"
    with pytest.raises(InputError, match=sentence) as raised:
        again.reader.records(np.arange(10, 38))
    assert again.reader.failure is raised.value
    damaged = 16 + int(re.search(sentence, str(raised.value))[1])
    assert 18 < damaged < 29
    rest = [place for place in range(40) if place != damaged]
    assert ids_of(again, rest) == [str(place) for place in rest]


def test_wherever_a_byte_is_changed_no_wrong_record_is_read(prepared):
    path = prepared.reader.folder / "train-00000.array_record"
    good = path.read_bytes()
    expected = prepared.reader.records(np.arange(16))
    refused = 0
    for at in places_with_bytes(path)[::50]:
        flip(path, at)
        reader = read_prepared(prepared.reader.folder).reader
        for place in range(16):
            try:
                assert reader.records(np.array([place])) == [expected[place]]
            except InputError:
                refused += 1
        path.write_bytes(good)
    assert refused > 20


@pytest.mark.parametrize("cut", [0, 1, 100, -1])
def test_a_truncated_shard_is_refused(prepared, cut):
    path = prepared.reader.folder / "train-00002.array_record"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(InputError, match=r"train-00002\.array_record has \d+ bytes, but the man"):
        read_prepared(prepared.reader.folder)
    path.unlink()
    with pytest.raises(InputError, match=r"There is no shard .+train-00002\.array_record; run"):
        read_prepared(prepared.reader.folder)


def test_damaged_labels_are_refused(prepared):
    path = prepared.reader.folder / "train-00001.npz"
    np.savez(path, labels=np.zeros(3, np.int32))
    with pytest.raises(InputError, match=r"train-00001\.npz does not hold 16 labels; run"):
        prepared.reader.labels()
    for content in (path.read_bytes(), path.read_bytes()[:50], b""):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"train-00001\.npz cannot be read: .+; run"):
            prepared.reader.lengths()


def test_a_shard_that_vanishes_while_others_are_read_is_named(prepared):
    assert ids_of(prepared, [0]) == ["0"]
    (prepared.reader.folder / "train-00001.array_record").unlink()
    assert ids_of(prepared, [1, 39]) == ["1", "39"]
    with pytest.raises(InputError, match=r"train-00001\.array_record cannot be read \(.+; run `"):
        prepared.reader.records(np.array([2, 20]))
