"""What is wrong in a config is said in one sentence: the key, the value, where, what instead."""

import pytest

from tfaugkd.command_line import read_config
from tfaugkd.errors import InputError


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "config.yaml"
        path.write_text(text)
        return str(path)

    return write


@pytest.fixture
def complaint(capsys):
    """Reads a config that must be refused, and returns the sentence; nothing is printed."""

    def run(job, *arguments):
        with pytest.raises(InputError) as caught:
            read_config(job, list(arguments))
        assert capsys.readouterr() == ("", "")
        return str(caught.value)

    return run


@pytest.mark.parametrize(
    ("text", "received", "meant"),
    [
        ("train: {step: 5}", "train.step", "train.steps"),
        ("trian: {steps: 5}", "trian", "train"),
        ("learning_rate: 5", "learning_rate", "train.learning_rate"),
        ("train.sed: 5", "train.sed", "train.seed"),
        ("teacher: {preset: x}", "teacher.preset", "student.preset"),
    ],
)
def test_unknown_key_in_yaml(text, received, meant, complaint, write):
    path = write(text)
    expected = f"Unknown key '{received}' in {path}. Did you mean '{meant}'?"
    assert complaint("distill", "--config", path) == expected


def test_unknown_key_in_a_method(complaint, write):
    path = write("methods: {KD: {}, mix: {loss: {hrd: 1}}}")
    expected = (
        f"Unknown key 'methods.mix.loss.hrd' in {path}. Did you mean 'methods.mix.loss.hard'?"
    )
    assert complaint("compare", "--config", path) == expected


@pytest.mark.parametrize(
    "options", [["--train.step", "4"], ["--train.step=4"], ["--train.step"], ["--train={step: 4}"]]
)
def test_unknown_option(options, complaint):
    expected = "Unknown key 'train.step' on the command line. Did you mean 'train.steps'?"
    assert complaint("distill", *options) == expected


def test_unknown_key_that_resembles_none_lists_those_there_are(complaint):
    message = complaint("distill", "--train.zzz", "4")
    assert message.startswith("Unknown key 'train.zzz' on the command line. Allowed: train.steps, ")


@pytest.mark.parametrize(
    ("text", "key", "received", "allowed"),
    [
        ("train: {steps: 5.5}", "train.steps", "5.5", "a whole number"),
        ("train: {steps: '5'}", "train.steps", "'5'", "a whole number"),
        ("train: {steps: null}", "train.steps", "null", "a whole number"),
        ("train: {steps: true}", "train.steps", "true", "a whole number"),
        ("train: {warmup: yes}", "train.warmup", "true", "a number"),
        ("train: {jit_compile: 1}", "train.jit_compile", "1", "true or false"),
        ("loss: {distance: l2}", "loss.distance", "'l2'", "one of 'mse', 'kl', 'cross_entropy'"),
        ("output: 5", "output", "5", "text in quotes"),
        ("student: {layers: x}", "student.layers", "'x'", "null or a whole number"),
        ("data: {label_names: [0]}", "data.label_names[0]", "0", "text in quotes"),
        ("train: 7", "train", "7", "a mapping of keys, {} for the defaults"),
        ("augment: mixup", "augment", "'mixup'", "a list, each item a mapping of keys"),
        ("augment: [mixup]", "augment[0]", "'mixup'", "a mapping of keys"),
    ],
)
def test_wrong_type_in_yaml(text, key, received, allowed, complaint, write):
    path = write(text)
    expected = f"{key} is {received} in {path}, but must be {allowed}."
    assert complaint("distill", "--config", path) == expected


@pytest.mark.parametrize(("given", "expected"), [("[3, 6]", [3, 6]), ("last", "last")])
def test_one_of_several_types(given, expected, write):
    path = write(f"loss: {{deep: {{layers: {given}}}}}")
    for options in (["--config", path], ["--loss.deep.layers", given]):
        assert read_config("distill", options).loss.deep.layers == expected


def test_one_of_several_types_is_checked_inside(complaint, write):
    path = write("loss: {deep: {layers: [3, x]}}")
    expected = f"loss.deep.layers[1] is 'x' in {path}, but must be a whole number."
    assert complaint("distill", "--config", path) == expected


@pytest.mark.parametrize(
    ("method", "key", "received"),
    [
        ("KD:", "methods.KD", "null"),
        ("KD: 5", "methods.KD", "5"),
        ("KD: {loss: x}", "methods.KD.loss", "'x'"),
    ],
)
def test_wrong_type_in_a_method(method, key, received, complaint, write):
    path = write(f"baseline: KD\nmethods:\n  {method}\n")
    allowed = "a mapping of keys, {} for the defaults"
    expected = f"{key} is {received} in {path}, but must be {allowed}."
    assert complaint("compare", "--config", path) == expected


def test_a_methods_name_must_be_text(complaint, write):
    path = write("methods: {1: {}}")
    expected = f"methods has the name 1 in {path}; put it in quotes."
    assert complaint("compare", "--config", path) == expected


@pytest.mark.parametrize(
    ("option", "value", "key", "received", "allowed"),
    [
        ("train.steps", "x", "train.steps", "'x'", "a whole number"),
        ("train", "{steps: x}", "train.steps", "'x'", "a whole number"),
        ("overwrite", "maybe", "overwrite", "'maybe'", "true or false"),
        ("seeds", "[0, x]", "seeds[1]", "'x'", "a whole number"),
        ("methods.a.loss.hard", "x", "methods.a.loss.hard", "'x'", "a number"),
        ("methods", "[{", "methods", "'[{'", "a mapping of keys"),
    ],
)
def test_wrong_type_on_the_command_line(option, value, key, received, allowed, complaint):
    expected = f"{key} is {received} on the command line, but must be {allowed}."
    assert complaint("compare", f"--{option}", value) == expected


def test_missing_file(complaint, tmp_path):
    expected = f"Cannot read the config {tmp_path}/no.yaml: No such file or directory."
    assert complaint("distill", "--config", f"{tmp_path}/no.yaml") == expected


def test_a_file_that_is_not_text(complaint, tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"output: \xff\n")
    assert "it is not UTF-8 text" in complaint("distill", "--config", f"{tmp_path}/a.yaml")


@pytest.mark.parametrize(
    ("text", "line"),
    [("train:\n  steps: [5\nteacher: x\n", 3), ("a: *b\n", 1), ("a: !!python/object:x y\n", 1)],
)
def test_a_file_that_is_not_yaml(text, line, complaint, write):
    path = write(text)
    message = complaint("distill", "--config", path)
    assert message.startswith(f"{path} is not valid YAML in line {line}: ")


@pytest.mark.parametrize("text", ["", "# nothing\n", "- 5\n", "train:\n", "3:\n", "&a:\n"])
def test_a_file_without_keys_and_values(text, complaint, write):
    path = write(text)
    expected = f"{path} must hold keys with values, as in 'overwrite: true'."
    assert complaint("distill", "--config", path) == expected


def test_missing_required_keys(complaint, write):
    ending = "; give it as --KEY VALUE or in a YAML file with --config."
    assert complaint("compare") == f"Missing: methods{ending}"
    path = write("model: x\n")
    assert complaint("predict", "--config", path) == f"Missing: input, output{ending}"
