import keras
import numpy as np
import pytest
import step_parts
import tensorflow as tf
from step_parts import measured, run_last_layer_whole, run_of, use_keras_dropout

from tfaugkd.benchmark.config import BenchmarkConfig, SizeConfig
from tfaugkd.benchmark.setting import Setting
from tfaugkd.data_config import DataConfig
from tfaugkd.dropout import HashDropout, use_hash_dropout


@pytest.fixture(scope="module")
def setting():
    size = SizeConfig(layers=2, width=8, inner=16, heads=2, vocabulary=40)
    data = DataConfig(sequence_length=32, train_examples=16)
    return Setting(BenchmarkConfig(teacher="random", size=size, data=data, batch_size=8))


def test_steps_run_without_a_saving(setting, monkeypatch):
    monkeypatch.setattr(step_parts, "_STEPS_AT_ONCE", 2)
    taken = []
    steps = run_of(setting, taken.append, stored=True)()
    assert [np.isfinite(step["loss"]) for step in steps] == [True, True]
    # The student's and the teacher's.
    assert len(taken) == 2


def test_each_saving_is_timed(setting, monkeypatch):
    asked = []
    monkeypatch.setattr(step_parts, "run_of", lambda *a, **b: asked.append((a, b)) or list)
    found = measured(setting, rounds=1)
    assert len(found) == len(asked) == 5
    assert all(latency.median_s >= 0 for latency in found.values())


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
    mask = tf.ones([1, 3], tf.int32)
    assert student._encoder.last_layer(states, mask, False).shape[1] == 3
