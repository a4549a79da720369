import logging
import os
import re
import shlex
import subprocess
import sys
import types
from pathlib import Path

import pytest

from tfaugkd import command_line
from tfaugkd.command_line import JOBS, main, read_config
from tfaugkd.config import CompareConfig, DistillConfig, MethodConfig, Objective, PredictConfig
from tfaugkd.config_fields import dotted_keys
from tfaugkd.errors import InputError

ROOT = Path(__file__).parents[1]
CONFIGS = sorted((ROOT / "configs").rglob("*.yaml"))
METHODS = """
methods:
  KD: {}
  "AugPro-Mix (T=2.0)":
    loss: {hard: 0, soft: 2.0, distance: kl, temperature: 2.0}
    augment:
    - {name: augpro_mix, weight: 5e-1, token: "[MASK]", layers: [1, 2]}
    teacher_dropout: true
seeds: [0, 1]
"""


@pytest.fixture(autouse=True)
def _no_traces(monkeypatch):
    """main sets the environment and the log; both are put back after the test."""
    for name in command_line.ENVIRONMENT:
        monkeypatch.setenv(name, os.environ.get(name, ""))
        monkeypatch.delenv(name)
    logger = logging.getLogger("tfaugkd")
    handlers, level = logger.handlers, logger.level
    yield
    logger.handlers = handlers
    logger.setLevel(level)


def use_job(monkeypatch, job):
    monkeypatch.setitem(sys.modules, "recorder", types.SimpleNamespace(job=job))
    jobs = {name: row._replace(function="recorder:job") for name, row in JOBS.items()}
    monkeypatch.setattr(command_line, "JOBS", jobs)


@pytest.fixture
def ran(monkeypatch):
    """The configs that jobs were run with."""
    configs = []
    use_job(monkeypatch, configs.append)
    return configs


@pytest.fixture
def write(tmp_path):
    def write(text, name="config.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


@pytest.fixture
def complaint(ran, capsys):
    """Runs a command that must be refused, and returns its only line of output."""

    def run(*arguments):
        status = main(list(arguments))
        captured = capsys.readouterr()
        assert (status, captured.out, ran) == (2, "", [])
        assert captured.err.startswith("tfaugkd: error: ")
        assert captured.err.count("\n") == 1
        return captured.err.removeprefix("tfaugkd: error: ").rstrip("\n")

    return run


@pytest.mark.parametrize("name", ["teacher", "distill", "evaluate"])
def test_a_job_runs_with_the_defaults(name, ran):
    assert main([name]) == 0
    assert ran == [JOBS[name].config()]


def test_required_values_can_be_options(ran):
    assert main(["predict", "--input", "a.csv", "--output=b.csv"]) == 0
    assert ran == [PredictConfig(input="a.csv", output="b.csv")]


def test_options_go_before_files_and_files_before_defaults(ran, write):
    path = write("train: {steps: 5, learning_rate: 5e-5, seed: 3}\nteacher: from_file\n")
    # An option wins even if it stands in front of the file.
    options = ["--train.seed", "9", "--config", path, "--train.steps=500"]
    assert main(["distill", *options]) == 0
    config = ran[0]
    assert (config.train.steps, config.train.seed) == (500, 9)
    assert (config.train.learning_rate, config.teacher) == (5e-5, "from_file")
    assert config.train.batch_size == 32


def test_of_two_files_the_later_wins_key_by_key(ran, write):
    first = write("train: {steps: 5, seed: 3}\n", "first.yaml")
    second = write("train: {steps: 7}\n", "second.yaml")
    assert main(["distill", "--config", first, "--config", second]) == 0
    assert (ran[0].train.steps, ran[0].train.seed) == (7, 3)


def test_yaml_takes_dotted_keys(ran, write):
    assert main(["distill", "--config", write("train.steps: 5\n")]) == 0
    assert ran[0].train.steps == 5


def test_a_list_of_mappings_as_an_option(ran):
    assert main(["distill", "--augment", "[{name: mixup, alpha: 0.4}]"]) == 0
    assert ran[0].augment == [{"name": "mixup", "alpha": 0.4}]


def test_plus_appends_to_the_list_of_the_file(ran, write):
    path = write("augment: [{name: mixup}]\n")
    options = ["--augment+", "{name: a}", "--augment+", "[{name: b}, {name: c}]"]
    assert main(["distill", "--config", path, *options]) == 0
    assert [row["name"] for row in ran[0].augment] == ["mixup", "a", "b", "c"]


def test_a_switch_needs_no_value(ran):
    assert main(["distill", "--overwrite", "--check_teacher", "false", "--teacher_dropout"]) == 0
    assert (ran[0].overwrite, ran[0].check_teacher, ran[0].teacher_dropout) == (True, False, True)


def test_text_options_stay_text(ran):
    assert main(["distill", "--data.task=5", "--output", "yes", "--data.path", "[x]"]) == 0
    assert (ran[0].data.task, ran[0].output, ran[0].data.path) == ("5", "yes", "[x]")


def test_methods_from_yaml(ran, write):
    assert main(["compare", "--config", write(METHODS)]) == 0
    config = ran[0]
    assert isinstance(config, CompareConfig)
    assert config.seeds == [0, 1]
    assert config.methods == {
        "KD": MethodConfig(),
        "AugPro-Mix (T=2.0)": MethodConfig(
            loss=Objective(hard=0.0, soft=2.0, distance="kl", temperature=2.0),
            # Quoted text stays text, though "[MASK]" alone would be a list.
            augment=[{"name": "augpro_mix", "weight": 0.5, "token": "[MASK]", "layers": [1, 2]}],
            teacher_dropout=True,
        ),
    }


def test_methods_as_options(ran, write):
    path = write(METHODS)
    options = ["--methods.KD.loss.hard", "3", "--methods.new.teacher_dropout"]
    assert main(["compare", "--config", path, *options]) == 0
    assert ran[0].methods["KD"].loss == Objective(hard=3.0)
    assert ran[0].methods["new"] == MethodConfig(teacher_dropout=True)
    assert main(["compare", "--config", path, "--methods", "{KD: {}}"]) == 0
    assert list(ran[1].methods) == ["KD"]


def test_print_config_can_be_read_back(ran, write, capsys):
    path = write(METHODS)
    assert main(["compare", "--config", path, "--train.steps", "7", "--print_config"]) == 0
    assert ran == []
    printed = write(capsys.readouterr().out, "printed.yaml")
    assert main(["compare", "--config", path, "--train.steps", "7"]) == 0
    assert main(["compare", "--config", printed]) == 0
    assert ran[0] == ran[1]
    assert ran[1].train.steps == 7


def test_print_config_needs_no_required_keys(capsys):
    assert main(["predict", "--print_config"]) == 0
    assert "input: null\n" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_lists_the_subcommands(option, capsys):
    assert main([option]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name in JOBS:
        assert sum(line.startswith(f"  {name} ") for line in lines) == 1


@pytest.mark.parametrize("name", JOBS)
def test_help_of_a_job_lists_every_key_with_its_meaning_and_default(name, capsys):
    assert main([name, "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for key in dotted_keys(JOBS[name].config):
        assert f"--{key} " in text
    if name != "predict":
        assert (
            "Tokens a text is cut or padded to, specials included. (type: int, default: 128)"
            in text
        )
    if name == "compare":
        assert "--methods.NAME.loss.temperature" in text
        assert "divides the logits of both models" in text


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("tfaugkd ")


def test_no_subcommand(complaint):
    assert all(name in complaint() for name in JOBS)


def test_unknown_subcommand(complaint):
    message = complaint("distil", "--config", "x.yaml")
    assert "'distil'. Did you mean 'distill'?" in message
    assert all(name in message for name in JOBS)


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


def test_an_option_without_its_value(complaint):
    expected = "--train.steps needs a value: a whole number."
    assert complaint("distill", "--train.steps", "--overwrite") == expected
    assert complaint("distill", "--config") == "--config needs a value: a YAML file."


@pytest.mark.parametrize("stray", ["extra", "-x", "--"])
def test_a_stray_argument(stray, complaint):
    assert complaint("distill", stray).startswith(f"Unexpected argument '{stray}'")


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


@pytest.mark.parametrize("text", ["", "# nothing\n", "- 5\n", "train:\n"])
def test_a_file_without_keys_and_values(text, complaint, write):
    path = write(text)
    expected = f"{path} must hold keys with values, as in 'overwrite: true'."
    assert complaint("distill", "--config", path) == expected


def test_missing_required_keys(complaint, write):
    ending = "; give it as --KEY VALUE or in a YAML file with --config."
    assert complaint("compare") == f"Missing: methods{ending}"
    path = write("model: x\n")
    assert complaint("predict", "--config", path) == f"Missing: input, output{ending}"


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
def test_a_value_that_a_dataclass_refuses(job, options, expected, complaint):
    assert complaint(job, *options) == expected


def test_an_input_error_of_the_job(monkeypatch, capsys):
    def job(config):
        raise InputError(f"No teacher in {config.teacher!r};\n  make one.")

    use_job(monkeypatch, job)
    assert main(["distill"]) == 2
    expected = "tfaugkd: error: No teacher in 'outputs/teacher'; make one.\n"
    assert capsys.readouterr() == ("", expected)


def test_an_interrupt(monkeypatch, capsys):
    def job(config):
        raise KeyboardInterrupt

    use_job(monkeypatch, job)
    assert main(["distill"]) == 130
    assert capsys.readouterr() == ("", "tfaugkd: interrupted\n")


def test_a_bug_keeps_its_traceback(monkeypatch):
    def job(config):
        raise ValueError("a bug")

    use_job(monkeypatch, job)
    with pytest.raises(ValueError, match="a bug"):
        main(["distill"])


def test_the_environment_is_set_before_the_job_but_not_overridden(monkeypatch):
    seen = {}
    use_job(monkeypatch, lambda config: seen.update(os.environ))
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    assert main(["distill"]) == 0
    assert (seen["KERAS_BACKEND"], seen["TF_CPP_MIN_LOG_LEVEL"]) == ("tensorflow", "0")


def test_the_log_goes_with_the_time_to_stderr_once(monkeypatch, capsys):
    use_job(monkeypatch, lambda config: logging.getLogger("tfaugkd.x").info("step %d", 5))
    assert main(["distill"]) == 0
    assert main(["distill"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"(\d\d:\d\d:\d\d step 5\n){2}", err)


def test_help_and_reading_a_config_leave_tensorflow_alone():
    code = """
import sys
from tfaugkd.command_line import main, read_config
main(["--help"]), main(["compare", "--help"]), read_config("distill", ["--train.steps", "4"])
sys.exit(bool({"tensorflow", "keras"} & set(sys.modules)))
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("name", JOBS)
def test_a_pipeline_is_the_subcommand(name):
    run = subprocess.run(
        [sys.executable, f"pipelines/{name}.py", "--train.zzz", "4", "--zzz"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    with pytest.raises(InputError) as expected:
        read_config(name, ["--train.zzz", "4", "--zzz"])
    assert (run.returncode, run.stderr) == (2, f"tfaugkd: error: {expected.value}\n")


@pytest.mark.parametrize("path", CONFIGS, ids=[path.stem for path in CONFIGS])
def test_a_shipped_config_is_read_by_the_command_in_its_first_line(path, monkeypatch):
    monkeypatch.chdir(ROOT)
    header, _, _ = path.read_text().partition("\n")
    assert header.startswith("# tfaugkd "), "the first line must be the command, as a comment"
    _, job, *options = shlex.split(header.removeprefix("# "))
    assert options[:2] == ["--config", str(path.relative_to(ROOT))]
    assert isinstance(read_config(job, options), JOBS[job].config)


def test_defaults_of_the_parser_are_those_of_the_dataclass():
    assert read_config("distill", []) == DistillConfig()
