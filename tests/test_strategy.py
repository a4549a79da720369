import keras
import pytest
import tensorflow as tf
from conftest import command, complaint, write_yaml

from tfaugkd import strategy as module
from tfaugkd.errors import InputError
from tfaugkd.saved_model import load_model
from tfaugkd.strategy import build_strategy, in_precision


def test_one_device_is_tensorflows_own_strategy():
    for name in ("none", "auto"):
        assert build_strategy(name) is tf.distribute.get_strategy()


def test_without_gpus_every_logical_cpu_is_a_replica():
    found = build_strategy("mirrored")
    assert isinstance(found, tf.distribute.MirroredStrategy)
    assert found.num_replicas_in_sync == 4


def test_auto_takes_a_tpu_if_it_answers(monkeypatch):
    answer = object()
    monkeypatch.setenv("TPU_NAME", "mine")

    class Answering:
        num_replicas_in_sync = 8
        value = answer

    monkeypatch.setattr(module, "_tpu_strategy", Answering)
    assert build_strategy("auto").value is answer


def test_auto_goes_on_without_a_tpu_that_does_not_answer(monkeypatch):
    monkeypatch.setattr(module, "_has_tpu", lambda: True)
    assert build_strategy("auto") is tf.distribute.get_strategy()


def test_a_tpu_that_is_not_there_is_said_so():
    with pytest.raises(InputError, match=r"^strategy is 'tpu', but no TPU answers: install"):
        build_strategy("tpu")


def test_a_strategy_that_does_not_exist_is_refused():
    with pytest.raises(InputError, match=r"^Unknown strategy: 'mirorred'. Did you mean 'mirrored"):
        build_strategy("mirorred")


def test_the_precision_is_that_of_the_job_alone():
    with in_precision("mixed_bfloat16"):
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    assert keras.config.dtype_policy().name == "float32"


@pytest.fixture
def config(data, teacher_output, tmp_path):
    """The options of a distillation of two steps, which writes to `student`."""
    return write_yaml(
        tmp_path / "distill.yaml",
        data=data,
        teacher=str(teacher_output),
        student={"layers": 1},
        train={"steps": 2, "batch_size": 32, "learning_rate": 0.01, "jit_compile": False},
        output=str(tmp_path / "student"),
    )


def test_a_job_runs_on_replicas_as_on_one_device(config, tmp_path):
    students = {}
    for strategy in ("none", "mirrored"):
        output = str(tmp_path / strategy)
        status, _, err = command("distill", *config, "--strategy", strategy, "--output", output)
        assert status == 0, err
        classifier, _ = load_model(output)
        students[strategy] = [
            weight.numpy()
            for weight in classifier.trainable_variables
            if not weight.path.endswith("key/bias")
        ]
        assert ("4 replicas: MirroredStrategy." in err) == (strategy == "mirrored")
    for one, other in zip(*students.values(), strict=True):
        assert other == pytest.approx(one, rel=1e-3, abs=1e-4)


def test_a_batch_that_does_not_part_is_refused_before_anything_is_read(config, tmp_path):
    sentence = complaint("distill", *config, "--strategy", "mirrored", "--train.batch_size", "40")
    expected = "train.batch_size is 40, but must be a multiple of 32 for 4 replicas, 8 each;"
    assert sentence == f"{expected} the nearest is 32 or 64."
    assert not (tmp_path / "student").exists()
