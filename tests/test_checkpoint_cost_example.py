import pytest
from checkpoint_cost import measured

from tfaugkd.benchmark.config import BenchmarkConfig, SizeConfig
from tfaugkd.benchmark.setting import Setting
from tfaugkd.data_config import DataConfig


def test_a_checkpoint_is_timed_and_weighed(tmp_path):
    size = SizeConfig(layers=2, width=8, inner=16, heads=2, vocabulary=40_000)
    data = DataConfig(sequence_length=32, train_examples=16)
    setting = Setting(BenchmarkConfig(teacher="random", size=size, data=data, batch_size=8))
    weights = setting.new_student().classifier.count_params() * 4 / 1e6
    found = measured(setting, tmp_path, checkpoints=2, best=True)
    assert [seconds > 0 for seconds, _ in found.values()] == [True] * 3
    # The weights, AdamW's two means of each, and the best weights.
    assert found["a checkpoint, written"][1] == pytest.approx(4 * weights, rel=0.05)
