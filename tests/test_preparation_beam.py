"""Beam is an extra: these run where it is installed. What a worker does needs no Beam."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import command, write_yaml
from test_preparation import Loop, files_of

from tfaugkd import preparation
from tfaugkd.data.shards.manifest import read_manifest

ROOT = Path(__file__).parent.parent
pytest.importorskip("apache_beam", reason="needs the extra beam")


def keys_of(data, model, output):
    return {"data": data, "model": str(model), "output": str(output), "shard_examples": 8}


def test_a_pipeline_writes_what_a_loop_writes(data, teacher_output, tmp_path, monkeypatch):
    one = write_yaml(tmp_path / "a.yaml", **keys_of(data, teacher_output, tmp_path / "a"))
    status, out, err = command("prepare", *one, "--runner_options", "{direct_num_workers: 1}")
    assert status == 0, err
    assert f"Prepared 160 texts in 20 shards in {tmp_path / 'a'}.\n" in out
    assert err.count("Preparing 20 shards") == 1
    assert "apitools" not in err
    monkeypatch.setattr(preparation, "_beam", Loop)
    other = write_yaml(tmp_path / "b.yaml", **keys_of(data, teacher_output, tmp_path / "b"))
    assert command("prepare", *other)[0] == 0
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")


def test_a_wrong_row_is_told_in_one_sentence(data, preset, tmp_path):
    (tmp_path / "a.csv").write_text("text,label\na,negative\nb,neither\n")
    keys = keys_of(data | {"train_file": str(tmp_path / "a.csv")}, preset, tmp_path / "a")
    status, _, err = command("prepare", *write_yaml(tmp_path / "a.yaml", **keys))
    assert status == 2
    assert "a.csv, line 3: the label 'neither' is not one of" in err.splitlines()[-1]


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        (("--runner", "DirektRunner"), "runner is 'DirektRunner', which Beam does not know"),
        (("--runner_options", "{workers: 3}"), "runner_options has 'workers', which no option"),
    ],
)
def test_runners_and_options_that_beam_does_not_have(option, sentence, data, preset, tmp_path):
    config = write_yaml(tmp_path / "a.yaml", **keys_of(data, preset, tmp_path / "a"))
    status, _, err = command("prepare", *config, *option)
    assert status == 2
    assert sentence in err


def test_a_killed_preparation_leaves_nothing_that_reads_as_whole(data, preset, tmp_path):
    expected = tmp_path / "expected"
    config = write_yaml(tmp_path / "a.yaml", **keys_of(data, preset, expected))
    assert command("prepare", *config)[0] == 0
    output = tmp_path / "killed"
    config = write_yaml(tmp_path / "b.yaml", **keys_of(data, preset, output))
    job = [sys.executable, str(ROOT / "pipelines" / "prepare.py"), *config]
    process = subprocess.Popen(
        job,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None and len(list(output.glob("train-*.json"))) < 3:
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (output / "manifest.json").exists()
    status, _, err = command("prepare", *config)
    assert status == 0, err
    assert "Kept: " in err
    assert files_of(output) == files_of(expected)
    assert read_manifest(output) == read_manifest(expected)
