import keras
import pytest
import step_parts
from step_parts import measured, run_last_layer_whole, use_keras_dropout

from tfaugkd.benchmark.config import BenchmarkConfig, SizeConfig
from tfaugkd.benchmark.setting import Setting
from tfaugkd.data_config import DataConfig
from tfaugkd.dropout import HashDropout, use_hash_dropout


@pytest.fixture(scope="module")
def setting():
    size = SizeConfig(layers=2, width=8, inner=16, heads=2, vocabulary=40)
    data = DataConfig(sequence_length=32, train_examples=16)
    return Setting(BenchmarkConfig(teacher="random", size=size, data=data, batch_size=8))


def test_each_saving_is_taken_away_and_timed(setting, monkeypatch):
    monkeypatch.setattr(step_parts, "_STEPS_AT_ONCE", 2)
    found = measured(setting, rounds=1)
    assert len(found) == 5
    assert all(latency.median_s > 0 for latency in found.values())


def test_what_is_taken_away_is_what_was_there(setting):
    student = setting.new_student()
    use_hash_dropout(student.classifier)
    kinds = {type(layer) for layer in student.classifier._flatten_layers()}
    assert HashDropout in kinds
    use_keras_dropout(student)
    kinds = {type(layer) for layer in student.classifier._flatten_layers()}
    assert HashDropout not in kinds
    assert keras.layers.Dropout in kinds
    run_last_layer_whole(student)
    states = student.embed([[1, 2, 3]])
    assert student._encoder.last_layer(states, [[1, 1, 1]], False).shape[1] == 3
