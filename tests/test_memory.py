import pytest
import tensorflow as tf

from tfaugkd.benchmark import memory


def filled(count):
    return tf.ones([count // 4]) * 2.0


def counted():
    if memory.with_extra_memory(lambda: None)[1] is None:
        pytest.skip("the allocator keeps no count here")


def test_what_a_call_fills_and_frees_again_is_counted():
    counted()
    total, extra = memory.with_extra_memory(lambda: float(tf.reduce_sum(filled(100_000_000))))
    assert total == 50_000_000
    assert 99_000_000 <= extra <= 270_000_000


def test_what_was_there_before_is_not_counted():
    counted()
    held = filled(100_000_000)
    _, extra = memory.with_extra_memory(lambda: float(held[0]))
    assert extra < 1_000_000


def test_available_memory_is_between_nothing_and_all():
    available = memory.available_memory()
    assert available is None or 0 < available < 2**50


def test_an_allocator_that_keeps_no_count(monkeypatch):
    def refuse(device):
        raise ValueError(f"Allocator stats not available for device {device}")

    monkeypatch.setattr(memory.tf.config.experimental, "reset_memory_stats", refuse)
    assert memory.with_extra_memory(lambda: 5) == (5, None)


def test_on_a_machine_with_a_gpu_its_memory_is_counted(monkeypatch):
    config = memory.tf.config
    used = iter([{"current": 100, "peak": 500}, {"current": 120, "peak": 400}])
    called = []
    monkeypatch.setattr(config, "list_physical_devices", lambda kind: [kind])
    monkeypatch.setattr(config.experimental, "reset_memory_stats", called.append)
    monkeypatch.setattr(config.experimental, "get_memory_info", lambda device: next(used))
    assert memory.with_extra_memory(lambda: called.append("call")) == (None, 300)
    assert called == ["GPU:0", "call"]
