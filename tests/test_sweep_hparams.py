import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from tfaugkd.sweep_config import SweepConfig
from tfaugkd.sweep_hparams import write_space, write_trial
from tfaugkd.sweep_trials import Trial

SPACE = [
    {"key": "loss.soft", "float": [0.1, 10.0], "log": True},
    {"key": "student.layers", "int": [1, 4]},
    {"key": "augment", "choice": [[], [{"name": "knn"}]]},
    {"key": "train.steps", "choice": [10, 20]},
]


@pytest.fixture
def config(tmp_path):
    return SweepConfig(SPACE, output=str(tmp_path))


def events(config, name):
    found = EventAccumulator(f"{config.output}/hparams/{name}")
    found.Reload()
    return found


def said(found, tag):
    content = found.SummaryMetadata(tag).plugin_data.content
    return HParamsPluginData.FromString(content)


def test_the_space_makes_the_columns_of_the_page(config):
    write_space(config, ["accuracy", "f1"])
    experiment = said(events(config, "space"), metadata.EXPERIMENT_TAG).experiment
    soft, layers, augment, steps = experiment.hparam_infos
    assert (soft.name, soft.domain_interval.max_value) == ("loss.soft", 10.0)
    assert (layers.domain_interval.min_value, layers.domain_interval.max_value) == (1, 4)
    assert [value.string_value for value in augment.domain_discrete.values] == [
        "[]",
        '[{"name": "knn"}]',
    ]
    assert [value.number_value for value in steps.domain_discrete.values] == [10, 20]
    assert [one.name.tag for one in experiment.metric_infos] == ["accuracy", "f1"]


def test_a_trial_is_shown_with_its_values_and_means_once(config):
    values = {"loss.soft": 0.5, "student.layers": 2, "augment": [{"name": "knn"}]}
    trial = Trial(values, {"accuracy": [0.5, 0.75]})
    for _ in range(2):
        write_trial(config, trial)
    found = events(config, trial.name)
    start = said(found, metadata.SESSION_START_INFO_TAG).session_start_info
    assert start.hparams["loss.soft"].number_value == 0.5
    assert start.hparams["augment"].string_value == '[{"name": "knn"}]'
    (point,) = found.Tensors("accuracy")
    assert tf.make_ndarray(point.tensor_proto) == 0.625
