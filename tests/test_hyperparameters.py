from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata, plugin_data_pb2

from tfaugkd.config import MethodConfig
from tfaugkd.tensorboard import Hyperparameters
from tfaugkd.tensorboard.hyperparameters import flat_settings


def test_settings_are_scalars_under_dotted_keys():
    method = MethodConfig(augment=[{"name": "knn", "degree": 0.3}, {"name": "mixup"}])
    found = dict(flat_settings(method))
    assert found["loss.hard"] == 1.0
    assert found["loss.deep.layers"] == "skip"
    assert found["teacher_dropout"] is False
    assert found["augment"] == "knn + mixup"
    assert found["augment.knn.degree"] == 0.3
    assert dict(flat_settings({"augment": []}))["augment"] == "none"
    assert dict(flat_settings({"layers": [1, 2], "limit": None})) == {"layers": "1, 2"}


def test_tensorboard_finds_the_settings_and_the_end(tmp_path):
    callback = Hyperparameters(tmp_path, {"loss": {"hard": 0.5}, "augment": [{"name": "knn"}]})
    for batch in range(2):
        callback.on_train_batch_begin(batch)
    callback.on_train_end()
    accumulator = EventAccumulator(str(tmp_path))
    accumulator.Reload()
    content = accumulator.summary_metadata
    start = parsed(content[metadata.SESSION_START_INFO_TAG]).session_start_info
    assert start.hparams["loss.hard"].number_value == 0.5
    assert start.hparams["augment"].string_value == "knn"
    end = parsed(content[metadata.SESSION_END_INFO_TAG]).session_end_info
    assert end.status == 1


def parsed(summary):
    return plugin_data_pb2.HParamsPluginData.FromString(summary.plugin_data.content)
