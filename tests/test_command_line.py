import logging
import os
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest
import tensorflow as tf

from tfaugkd import command_line
from tfaugkd.command_line import JOBS, main, read_config
from tfaugkd.comparison_config import CompareConfig
from tfaugkd.config import MethodConfig, Objective
from tfaugkd.config_fields import dotted_keys
from tfaugkd.errors import InputError
from tfaugkd.job_configs import DistillConfig, PredictConfig

ROOT = Path(__file__).parents[1]
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
    if name not in ("predict", "submit", "reproduce", "report"):
        length = "Tokens a text is cut or padded to, specials included. (type: int, default: {})"
        assert length.format(64 if name == "benchmark" else 128) in text
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


def test_an_option_without_its_value(complaint):
    expected = "--train.steps needs a value: a whole number."
    assert complaint("distill", "--train.steps", "--overwrite") == expected
    assert complaint("distill", "--config") == "--config needs a value: a YAML file."


@pytest.mark.parametrize("stray", ["extra", "-x", "--"])
def test_a_stray_argument(stray, complaint):
    assert complaint("distill", stray).startswith(f"Unexpected argument '{stray}'")


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


def test_tensorflow_warns_of_all_but_traced_steps(monkeypatch):
    def job(config):
        step = tf.function(lambda number: tf.constant(number))
        for number in range(9):
            step(number)
        tf.get_logger().warning("a cause of %s", "concern")

    heard = []
    handler = logging.Handler()
    monkeypatch.setattr(handler, "emit", lambda record: heard.append(record.getMessage()))
    monkeypatch.setattr(tf.get_logger(), "handlers", [handler])
    use_job(monkeypatch, job)
    assert main(["distill"]) == 0
    assert heard == ["a cause of concern"]


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


def test_defaults_of_the_parser_are_those_of_the_dataclass():
    assert read_config("distill", []) == DistillConfig()


def test_words_behind_a_subcommand_are_its_list(ran):
    assert main(["report", "outputs/a", "b, c", "--output", "page.html"]) == 0
    assert main(["report", "--runs", "[outputs/a]"]) == 0
    assert [config.runs for config in ran] == [["outputs/a", "b, c"], ["outputs/a"]]
    assert ran[0].output == "page.html"


def test_words_behind_another_subcommand_are_refused(complaint):
    assert complaint("distill", "outputs/a").startswith("Unexpected argument 'outputs/a'")
