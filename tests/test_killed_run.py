"""Kills real training processes: twice, or as often as the variable TFAUGKD_KILLS says."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import pytest
from conftest import LENGTH, bert, write_yaml

from tfaugkd.saved_model import ModelFacts, save_model

ROOT = Path(__file__).parents[1]
KILLS = int(os.environ.get("TFAUGKD_KILLS", "2"))
SEED = int(os.environ.get("TFAUGKD_KILL_SEED", "0")) or random.randrange(1, 10**6)


@pytest.fixture(scope="module")
def config(data, tmp_path_factory):
    """A distillation with dropout in both models, scored after each of six parts."""
    folder = tmp_path_factory.mktemp("killed")
    facts = ModelFacts("custom", ("negative", "positive"), LENGTH)
    teacher = bert(layers=1, seed=1, dropout=0.1)
    save_model(teacher, folder / "teacher", facts, "")
    keys = {
        "data": data,
        "teacher": str(folder / "teacher"),
        "student": {"layers": 1},
        "augment": [{"name": "mixup", "alpha": 0.4}],
        "teacher_dropout": True,
        "check_teacher": False,
        "train": {
            "steps": 300,
            "batch_size": 8,
            "learning_rate": 0.01,
            "evaluate_every": 50,
            "keep": "best",
            "checkpoint_steps": 20,
        },
    }
    return write_yaml(folder / "a.yaml", **keys)


def start(config, output):
    """Starts `tfaugkd distill` as a process of its own."""
    script = str(ROOT / "pipelines" / "distill.py")
    return subprocess.Popen(
        [sys.executable, script, *config, "--output", str(output)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def finish(process):
    _, err = process.communicate(timeout=1200)
    assert process.returncode == 0, err.decode()
    return err.decode()


def outcome(output):
    """Everything that a run leaves which does not depend on how long it took."""
    scores = json.loads((output / "scores.json").read_text())
    del scores["seconds_per_step"]
    weights = {}
    with h5py.File(output / "model" / "model.weights.h5") as file:
        file.visititems(
            lambda name, part: (
                weights.update({name: part[()].tobytes()})
                if isinstance(part, h5py.Dataset)
                else None
            )
        )
    assert len(weights) > 10
    history = (output / "logs" / "history.csv").read_text()
    return {
        "files": sorted(path.name for path in output.iterdir()),
        "scores": scores,
        "weights": weights,
        "history": history,
    }


@pytest.fixture(scope="module")
def whole(config, tmp_path_factory):
    """What comes of a process that is left alone, and how long it takes."""
    output = tmp_path_factory.mktemp("whole") / "output"
    began = time.monotonic()
    finish(start(config, output))
    return outcome(output), time.monotonic() - began


def test_a_process_that_is_killed_at_any_moment_ends_as_one_that_is_not(config, whole, tmp_path):
    expected, seconds = whole
    moments = random.Random(SEED)
    print(f"TFAUGKD_KILL_SEED={SEED}, a whole run takes {seconds:.1f} s")
    runs = 0
    for _ in range(KILLS):
        output = tmp_path / f"run_{runs}"
        process, moment = start(config, output), moments.uniform(0, seconds)
        try:
            process.communicate(timeout=moment)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        steps = [path.name for path in output.glob("checkpoints/batch_*")]
        print(f"after {moment:.2f} s: status {process.returncode}, {sorted(steps)}")
        assert process.returncode in (0, -signal.SIGKILL)
        if (output / "scores.json").exists():
            # It was done before: the next moments are another run's.
            assert outcome(output) == expected
            runs += 1
    output = tmp_path / f"run_{runs}"
    finish(start(config, output))
    assert outcome(output) == expected


def test_a_process_that_is_told_to_stop_goes_on_later(config, whole, tmp_path):
    expected, _ = whole
    output = tmp_path / "output"
    process = start(config, output)
    while not list(output.glob("checkpoints/batch_*")):
        assert process.poll() is None
        time.sleep(0.01)
    process.terminate()
    _, err = process.communicate(timeout=300)
    assert process.returncode == 143
    assert b"tfaugkd: interrupted after step " in err.splitlines()[-1]
    assert "Going on after step " in finish(start(config, output))
    assert outcome(output) == expected
