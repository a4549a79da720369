import numpy as np
import pytest
import step_profile
from step_profile import operations_of_layer, parts_of_step

from tfaugkd.benchmark.config import BenchmarkConfig, SizeConfig
from tfaugkd.benchmark.setting import Setting
from tfaugkd.data_config import DataConfig


def test_the_parts_of_a_step_run_by_themselves(monkeypatch):
    # What is timed by itself is compiled by itself, which takes long and is looked at elsewhere.
    monkeypatch.setattr(step_profile, "_compiled", lambda function: function)
    size = SizeConfig(layers=2, width=8, inner=16, heads=2, vocabulary=40)
    data = DataConfig(sequence_length=32, train_examples=16)
    setting = Setting(BenchmarkConfig(teacher="random", size=size, data=data, batch_size=8))
    parts = parts_of_step(setting)
    for name in ("- the teacher's answer", "- the student's, forward"):
        assert parts[name]().shape == (8, 2)
    assert np.isfinite(parts["the whole step"]()["loss"])
    for name in ("losses and gradients", "update"):
        parts[name]()


@pytest.mark.parametrize(
    ("name", "shape", "count"),
    [
        # 2 x 3 texts x 5 tokens x 8 x 8, and x 16 for the wider block.
        ("a projection to heads", (3, 5, 2, 4), 1920),
        ("scores of attention", (3, 2, 5, 5), 1200),
        ("softmax", (3, 2, 5, 5), 0),
        ("weighted sums", (3, 5, 2, 4), 1200),
        ("feed-forward, up", (15, 16), 3840),
        ("GELU", (3, 5, 16), 0),
        ("feed-forward, down", (15, 8), 3840),
    ],
)
def test_the_operations_of_a_layer(name, shape, count):
    call, operations = operations_of_layer(batch=3, length=5, width=8, heads=2, inner=16)[name]
    assert (call().shape, operations) == (shape, count)
