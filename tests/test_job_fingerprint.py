from dataclasses import replace

import pytest
from conftest import LENGTH, bert, sentiment

from tfaugkd.config import MethodConfig, Objective, StudentConfig
from tfaugkd.data.tasks import Task
from tfaugkd.fingerprint import first_difference
from tfaugkd.job_configs import DistillConfig, TeacherConfig
from tfaugkd.job_fingerprint import (
    distill_job_fingerprint,
    method_fingerprint,
    teacher_job_fingerprint,
)
from tfaugkd.train_config import TrainConfig
from tfaugkd.training_texts import Texts

TASK = Task("custom", "text", label_names=("negative", "positive"))
TEXTS = Texts(TASK, sentiment(16), sentiment(8, seed=1), LENGTH)


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp("teacher")
    bert(layers=1).save_to_preset(str(folder / "model"))
    return DistillConfig(teacher=str(folder / "model"))


def difference(config, texts=TEXTS, **changed):
    """What differs first from a run of the configuration and of TEXTS."""
    now = distill_job_fingerprint(replace(config, **changed), texts)
    return first_difference(distill_job_fingerprint(config, TEXTS), now)


def test_what_changes_no_number_may_differ(config):
    often = TrainConfig(checkpoint_steps=3, checkpoint_minutes=1.0, keep_checkpoints=5)
    assert difference(config, train=often, output="elsewhere", check_teacher=False) is None
    assert difference(config, resume="never", overwrite=True) is None


def test_what_changes_the_outcome_is_told_by_its_key(config):
    assert difference(config, train=TrainConfig(steps=7)) == "train.steps 1000, not 7"
    assert difference(config, loss=Objective(hard=0.5)) == "loss.hard 1.0, not 0.5"
    layers = StudentConfig(layers=2)
    assert difference(config, student=layers) == "student.layers None, not 2"
    assert difference(config, teacher_dropout=True) == "teacher_dropout False, not True"
    mixup = [{"name": "mixup"}]
    assert difference(config, augment=mixup) == "no augment[0].name, not 'mixup'"
    other = difference(config, texts=replace(TEXTS, train=sentiment(16, seed=5)))
    assert other.startswith("texts.train '16 texts, sha256 ")


def test_the_teacher_is_known_by_what_its_folder_holds(config, tmp_path):
    bert(layers=1, seed=3).save_to_preset(str(tmp_path / "model"))
    other = difference(config, teacher=str(tmp_path / "model"))
    assert other.startswith("teacher 'files with sha256 ")
    assert difference(config, teacher=config.teacher + "/.") is None
    answers = tmp_path / "answers.csv"
    answers.write_text("id,negative,positive\n")
    now = distill_job_fingerprint(replace(config, teacher_file=str(answers)), TEXTS)
    assert "teacher" not in now
    assert now["teacher_file"].startswith("a file with sha256 ")


def test_a_teacher_depends_on_its_preset():
    before = teacher_job_fingerprint(TeacherConfig(preset="a"), TEXTS)
    now = teacher_job_fingerprint(TeacherConfig(preset="b"), TEXTS)
    assert first_difference(before, now) == "preset 'a', not 'b'"


def test_of_a_file_of_variants_only_the_content_matters(tmp_path):
    for name, content in [("a.csv", "one"), ("b.csv", "one"), ("c.csv", "two")]:
        (tmp_path / name).write_text(content)

    def found(name):
        entries = [{"name": "variants", "file": str(tmp_path / name)}, {"name": "mixup"}]
        return method_fingerprint(MethodConfig(augment=entries))

    assert found("a.csv") == found("b.csv") != found("c.csv")
    assert found("a.csv")["augment"][1] == {"name": "mixup"}
    assert found("a.csv")["loss"]["soft"] == 1.0
