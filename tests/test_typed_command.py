import sys

import pytest

from tfaugkd.typed_command import typed_command


@pytest.mark.parametrize(
    ("script", "command"),
    [
        ("/venv/bin/tfaugkd compare", "tfaugkd compare"),
        ("/site-packages/tfaugkd/__main__.py compare", "tfaugkd compare"),
        ("pipelines/compare.py", "tfaugkd compare"),
        ("/work/my_script.py", "my_script.py"),
    ],
)
def test_however_a_job_was_started_the_command_is_one_that_can_be_typed(
    monkeypatch, script, command
):
    options = ["--augment", "[{name: knn}]", "--output", "my folder"]
    monkeypatch.setattr(sys, "argv", [*script.split(), *options])
    assert typed_command() == f"{command} --augment '[{{name: knn}}]' --output 'my folder'"
