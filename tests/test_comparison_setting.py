import json
from dataclasses import replace

import pytest
from conftest import LENGTH, sentiment

from tfaugkd.comparison_config import CompareConfig
from tfaugkd.comparison_setting import (
    Setting,
    is_comparison,
    require_same_setting,
    write_setting,
)
from tfaugkd.config import MethodConfig, Objective, StudentConfig
from tfaugkd.data.tasks import Task
from tfaugkd.errors import InputError
from tfaugkd.folders import prepare_output
from tfaugkd.train_config import TensorBoardConfig, TrainConfig
from tfaugkd.training_texts import Texts

TASK = Task("custom", "text", label_names=("negative", "positive"))
TEXTS = Texts(TASK, sentiment(16), sentiment(8, seed=1), LENGTH)


@pytest.fixture
def setting(tmp_path):
    """The setting of a comparison that was begun in tmp_path/output."""
    config = CompareConfig({"KD": MethodConfig()}, output=str(tmp_path / "output"))
    setting = Setting(config, TEXTS, TEXTS, sentiment(12, seed=2))
    prepare_output(setting.output)
    write_setting(setting)
    return setting


def change(setting, **changed):
    return replace(setting, config=replace(setting.config, **changed))


def test_a_comparison_is_known_by_its_files(setting):
    assert is_comparison(setting.output)
    (setting.output / "tfaugkd.json").unlink()
    assert not is_comparison(setting.output), "somebody else's folder"
    assert not is_comparison(setting.output / "nowhere")


def test_methods_seeds_and_paths_may_change(setting, tmp_path):
    require_same_setting(setting)
    ft = MethodConfig(loss=Objective(soft=0.0))
    require_same_setting(change(setting, methods={"KD": MethodConfig(), "FT": ft}, seeds=[0, 1]))
    require_same_setting(change(setting, train=TrainConfig(seed=5), check_teacher=False))
    shown = TrainConfig(tensorboard=TensorBoardConfig(examples=9))
    require_same_setting(change(setting, train=shown, teacher_train=shown))
    require_same_setting(change(setting, data=replace(setting.config.data, train_file="b.csv")))


def test_whatever_else_differs_is_named(setting):
    output = setting.config.output
    for changed, difference in [
        ({"train": TrainConfig(steps=30)}, "train.steps 1000, not 30"),
        ({"teacher_train": TrainConfig(seed=1)}, "teacher_train.seed 0, not 1"),
        ({"teacher_preset": "bert_base_en"}, "teacher_preset 'packaged', not 'bert_base_en'"),
        ({"student": StudentConfig(layers=2)}, "student.layers None, not 2"),
        ({"split": "dev"}, "split 'test', not 'dev'"),
    ]:
        with pytest.raises(InputError) as caught:
            require_same_setting(change(setting, **changed))
        assert str(caught.value) == (
            f"output is {output!r}, which holds a comparison with {difference}; name another "
            "folder or set overwrite: true."
        )


def test_other_texts_are_named_by_their_part(setting):
    more = replace(TEXTS, train=sentiment(24))
    for changed, part in [
        ({"teacher_texts": more}, "texts.teacher '16 texts, sha256 "),
        ({"students": more}, "texts.students '16 texts, sha256 "),
        ({"students": replace(TEXTS, dev=sentiment(8, seed=3))}, "texts.dev '8 texts, sha256 "),
        ({"split": sentiment(12, seed=3)}, "texts.split '12 texts, sha256 "),
        ({"students": replace(TEXTS, sequence_length=8)}, "data.sequence_length 12, not 8;"),
    ]:
        with pytest.raises(InputError, match="which holds a comparison with") as caught:
            require_same_setting(replace(setting, **changed))
        assert f"with {part}" in str(caught.value)


def test_another_teacher_is_another_setting(setting, tmp_path):
    model = tmp_path / "teacher" / "model"
    model.mkdir(parents=True)
    (model / "task.json").write_text("{}")
    given = change(setting, teacher=str(tmp_path / "teacher"))
    with pytest.raises(InputError, match=r"with teacher None, not 'files with sha256 \w+';"):
        require_same_setting(given)
    write_setting(given)
    require_same_setting(change(setting, teacher=str(model)))
    (model / "model.weights.h5").write_text("new")
    with pytest.raises(InputError, match="with teacher 'files with sha256 "):
        require_same_setting(change(setting, teacher=str(model)))


def test_a_setting_that_cannot_be_read_is_refused(setting):
    (setting.output / "setting.json").write_text("{half of")
    with pytest.raises(InputError, match=r"setting.json cannot be read as the setting of a comp"):
        require_same_setting(setting)


def test_the_setting_is_plain_json(setting):
    assert json.loads((setting.output / "setting.json").read_text()) == setting.fingerprint
