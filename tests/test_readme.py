"""The code in the README runs, on a tiny teacher, and names only what exists."""

import re
import shlex
from pathlib import Path

import conftest
import keras_hub
import pytest
from conftest import command

README = Path(__file__).parent.parent / "README.md"
TEXT = README.read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_library_example_distils_a_student(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    conftest.bert(layers=3, seed=1).save_to_preset("outputs/demo/teacher/model")
    (code,) = blocks("python")
    smaller = {
        "steps_per_epoch=100": "steps_per_epoch=2",
        '"sequence_length": 48': '"sequence_length": 16',
    }
    for stated, tiny in smaller.items():
        assert stated in code
        code = code.replace(stated, tiny)
    exec(compile(code, str(README), "exec"), {"__name__": "readme"})
    assert "accuracy" in capsys.readouterr().out
    student = keras_hub.models.TextClassifier.from_preset("my_student")
    assert len(student.backbone.transformer_layers) == 2
    assert list(Path("logs").rglob("events.*"))


def test_library_example_has_twenty_lines_of_code():
    (code,) = blocks("python")
    assert len([line for line in code.splitlines() if line.strip()]) <= 20


@pytest.mark.parametrize(
    "line",
    [
        line.split("#")[0].strip()
        for block in blocks("bash")
        for line in block.replace("\\\n", " ").splitlines()
        if line.startswith("tfaugkd ")
    ],
)
def test_commands_are_understood(line, monkeypatch):
    monkeypatch.chdir(README.parent)
    words = shlex.split(line)[1:]
    status, out, err = command(*words, "--print_config")
    assert (status, err) == (0, "")
    assert out


def test_files_that_are_named_exist():
    for name in re.findall(r"(?:configs|pipelines)/\w+\.(?:yaml|py)", TEXT):
        assert (README.parent / name).exists(), name
