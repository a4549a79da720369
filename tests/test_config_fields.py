import pytest

from tfaugkd.command_line import read_config
from tfaugkd.comparison_config import CompareConfig
from tfaugkd.config import DeepDistillation, MethodConfig, Objective, StudentConfig
from tfaugkd.config_fields import build, describe, dotted_keys, fields_of, kind_of
from tfaugkd.errors import InputError
from tfaugkd.job_configs import DistillConfig, EvaluateConfig


def test_keys_are_dotted_and_in_order():
    keys = list(dotted_keys(MethodConfig))
    inner = ["loss.hard", "loss.soft", "loss.distance", "loss.temperature", "loss.deep"]
    deep = [f"loss.deep.{name}" for name in ("hidden", "attention", "patient", "layers")]
    assert keys == ["loss", *inner, *deep, "augment", "teacher_dropout"]
    assert next(dotted_keys(MethodConfig, "methods.KD.")) == "methods.KD.loss"


@pytest.mark.parametrize(
    ("config", "key", "kind"),
    [
        (DistillConfig, "train.steps", int),
        (DistillConfig, "loss", Objective),
        (DistillConfig, "train.step", None),
        (DistillConfig, "train.steps.more", None),
        (CompareConfig, "methods.any name.loss.hard", float),
        (CompareConfig, "methods.KD.teacher_dropout", bool),
    ],
)
def test_the_type_of_a_key(config, key, kind):
    assert kind_of(config, key) is kind


@pytest.mark.parametrize(
    ("config", "field", "words"),
    [
        (EvaluateConfig, "data", "a mapping of keys, {} for the defaults"),
        (EvaluateConfig, "output", "null or text in quotes"),
        (EvaluateConfig, "batch_size", "a whole number"),
        (Objective, "distance", "one of 'mse', 'kl', 'cross_entropy'"),
        (MethodConfig, "augment", "a list, each item a mapping of keys"),
        (CompareConfig, "methods", "a mapping of keys"),
        (CompareConfig, "seeds", "a list, each item a whole number"),
    ],
)
def test_what_a_key_takes_in_words(config, field, words):
    assert describe(fields_of(config)[field]) == words


def test_defaults_do_not_stand_in_the_way_of_a_students_preset():
    config = read_config("compare", ["--methods", "{KD: {}}", "--student.preset", "x"])
    assert config.student == StudentConfig(preset="x")


def test_nested_dataclasses_are_built():
    deep = {"hidden": 0.5, "attention": 0.0, "patient": 0.0, "layers": [1, 3]}
    loss = {"hard": 0.0, "soft": 2.0, "distance": "kl", "temperature": 3.0, "deep": deep}
    values = {"loss": loss, "augment": [{"name": "mixup"}], "teacher_dropout": True}
    objective = Objective(0.0, 2.0, "kl", 3.0, DeepDistillation(0.5, layers=[1, 3]))
    expected = MethodConfig(objective, [{"name": "mixup"}], True)
    assert build(MethodConfig, values) == expected


@pytest.mark.parametrize(
    ("job", "options", "expected"),
    [
        ("distill", ["--train.steps", "-5"], "train.steps is -5, but must be 1 or more."),
        ("distill", ["--loss.hard", "-1"], "loss.hard is -1.0, but must be 0 or more."),
        (
            "compare",
            ["--methods", "{KD: {loss: {hard: -1}}}"],
            "methods.KD.loss.hard is -1.0, but must be 0 or more.",
        ),
        (
            "compare",
            ["--methods={KD: {}}", "--teacher_train.batch_size=12"],
            "teacher_train.batch_size is 12, but must be a multiple of 8.",
        ),
        ("compare", ["--methods", "{a: {}}"], "baseline is 'KD', but must be one of a."),
    ],
)
def test_a_value_that_a_dataclass_refuses_is_named_by_its_whole_key(job, options, expected):
    with pytest.raises(InputError) as caught:
        read_config(job, options)
    assert str(caught.value) == expected
