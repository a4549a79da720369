from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from tfaugkd.hosts import across_hosts, from_chief, greatest, host_of, is_chief, of_each_host


def test_one_process_is_the_only_host():
    for strategy in (None, tf.distribute.get_strategy(), tf.distribute.MirroredStrategy(["CPU:0"])):
        assert not across_hosts(strategy)
        assert host_of(strategy) == (0, 1)
        assert is_chief(strategy)
    assert greatest(None, 3, 0) == [3, 0]
    assert of_each_host(None, np.float32([1, 2])).tolist() == [[1, 2]]
    assert from_chief(None, b"abc") == b"abc"


@pytest.mark.parametrize(
    ("kind", "number", "expected"),
    [("chief", 0, (0, 4)), ("worker", 0, (1, 4)), ("worker", 2, (3, 4))],
)
def test_hosts_are_counted_from_the_chief(kind, number, expected, monkeypatch):
    jobs = {"chief": ["a:1"], "worker": ["b:1", "c:1", "d:1"]}
    spec = SimpleNamespace(as_dict=lambda: jobs)
    resolver = SimpleNamespace(cluster_spec=lambda: spec, task_type=kind, task_id=number)
    strategy = SimpleNamespace(cluster_resolver=resolver)
    monkeypatch.setattr(tf.distribute, "MultiWorkerMirroredStrategy", SimpleNamespace)
    assert host_of(strategy) == expected
    assert is_chief(strategy) == (expected[0] == 0)


def test_hosts_agree_on_the_greatest_of_their_numbers(on_three_hosts):
    said = [(0, 7), (15, 0), (2, 1)]
    assert on_three_hosts(lambda host, number: greatest(host, *said[number])) == [[15, 7]] * 3


def test_arrays_reach_all_hosts_to_the_last_bit(on_three_hosts):
    # -0.0, and a nan with a content of its own, which adding numbers would lose.
    own = np.array([0x80000000, 0x7FC00123, 0x3F800000], np.uint32).view(np.float32)
    found = on_three_hosts(
        lambda host, number: of_each_host(host, np.roll(own, number)[np.newaxis])
    )
    expected = np.stack([np.roll(own, number)[np.newaxis] for number in range(3)])
    for rows in found:
        assert rows.dtype == np.float32
        assert rows.tobytes() == expected.tobytes()


@pytest.mark.parametrize("length", [0, 1, 4, 7, 8, 21])
def test_the_first_hosts_bytes_reach_all_in_pieces(length, on_three_hosts, monkeypatch):
    monkeypatch.setattr("tfaugkd.hosts._PIECE", 2)
    content = bytes(range(250, 256)) + b"\0" * 15
    told = [content[:length], b"other", b""]
    assert (
        on_three_hosts(lambda host, number: from_chief(host, told[number]))
        == [content[:length]] * 3
    )
