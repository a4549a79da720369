"""Kills real training processes at random moments; what they end in is compared bit for bit.

The suite kills once, on one replica. TFAUGKD_KILLS=20 kills twenty times on one replica and twenty
times on two; TFAUGKD_KILL_SEED=N repeats the moments; TFAUGKD_KILL_SIZE=real takes the packaged
encoder as teacher and two of its layers as student, in place of models of width 8.
"""

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
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tfaugkd.saved_model import ModelFacts, save_model

ROOT = Path(__file__).parents[1]
KILLS = int(os.environ.get("TFAUGKD_KILLS", "1"))
SEED = int(os.environ.get("TFAUGKD_KILL_SEED", "0")) or random.randrange(1, 10**6)
REAL = os.environ.get("TFAUGKD_KILL_SIZE") == "real"
# Two replicas take more time than the suite has; test_exact_resume.py has them in one process.
REPLICAS = (1, 2) if "TFAUGKD_KILLS" in os.environ else (1,)
# `tfaugkd`, where the processor stands for as many devices as the first word says.
ON_DEVICES = """
import sys
import tensorflow as tf
devices = [tf.config.LogicalDeviceConfiguration()] * int(sys.argv[1])
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], devices)
from tfaugkd.command_line import main
sys.exit(main(sys.argv[2:]))
"""
# Dropout in both models, draws in the step and beside it, scores on the way, the best weights kept.
JOB = {
    "student": {"layers": 1},
    "augment": [{"name": "mixup", "alpha": 0.4}],
    "teacher_dropout": True,
    "check_teacher": False,
    "strategy": "mirrored",
    "train": {
        "steps": 300,
        "batch_size": 16,
        "learning_rate": 0.01,
        "evaluate_every": 50,
        "keep": "best",
        "checkpoint_steps": 20,
    },
}
REAL_DATA = {"task": "reviews", "sequence_length": 48, "train_examples": 400}
REAL_JOB = JOB | {
    "data": REAL_DATA,
    "student": {"layers": 2},
    "augment": [{"name": "augpro_mix"}, {"name": "augpro_fgsm", "target_degree": 0.3}],
    "train": JOB["train"]
    | {"steps": 60, "learning_rate": 5e-4, "evaluate_every": 20, "checkpoint_steps": 10},
}


def start(replicas, *arguments):
    """Starts `tfaugkd` as a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    if REAL:
        # The suite has XLA compile fast and compute slowly.
        del environment["XLA_FLAGS"]
    return subprocess.Popen(
        [sys.executable, "-c", ON_DEVICES, str(replicas), *(str(each) for each in arguments)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def finish(process):
    _, err = process.communicate(timeout=1200)
    assert process.returncode == 0, err.decode()
    return err.decode()


@pytest.fixture(scope="module")
def config(data, tmp_path_factory):
    """The options of the job."""
    folder = tmp_path_factory.mktemp("killed")
    keys = REAL_JOB | {"teacher": str(folder / "teacher")} if REAL else JOB | {"data": data}
    if REAL:
        train = {"steps": 60, "batch_size": 16, "learning_rate": 1.5e-4}
        job = {"data": REAL_DATA, "preset": "packaged", "train": train, "output": keys["teacher"]}
        finish(start(1, "teacher", *write_yaml(folder / "teacher.yaml", **job)))
    else:
        facts = ModelFacts("custom", ("negative", "positive"), LENGTH)
        keys["teacher"] = str(folder / "teacher")
        save_model(bert(layers=1, seed=1, dropout=0.1), folder / "teacher", facts, "")
    return write_yaml(folder / "a.yaml", **keys)


@pytest.fixture(scope="module", params=REPLICAS)
def distill(request, config):
    """Starts the job with an output folder."""

    def begin(output):
        return start(request.param, "distill", *config, "--output", output)

    return begin


def weights_of(file):
    found = {}

    def add(name, part):
        if isinstance(part, h5py.Dataset):
            found[name] = part[()].tobytes()

    with h5py.File(file) as opened:
        opened.visititems(add)
    return found


def shown_of(logs):
    """Everything that TensorBoard shows, except how fast the steps were."""
    shown = {}
    for folder in sorted({path.parent for path in logs.rglob("events.*")}):
        events = EventAccumulator(str(folder), size_guidance={"tensors": 0})
        events.Reload()
        for tag in events.Tags()["tensors"]:
            if "per_second" not in tag:
                key = f"{folder.relative_to(logs)} {tag}"
                shown[key] = [
                    (event.step, event.tensor_proto.SerializeToString())
                    for event in events.Tensors(tag)
                ]
    return shown


def outcome(output):
    """Everything that a run leaves which does not depend on how long it took."""
    scores = json.loads((output / "scores.json").read_text())
    del scores["seconds_per_step"], scores["examples_per_second"]
    weights, shown = weights_of(output / "model" / "model.weights.h5"), shown_of(output / "logs")
    assert len(weights) > 10
    assert len(shown) > 4
    return {
        # One that was killed while it removed its checkpoints leaves them under a temporary name.
        "files": sorted(path.name for path in output.iterdir() if path.name[0] != "."),
        "scores": scores,
        "weights": weights,
        "history": (output / "logs" / "history.csv").read_text(),
        "shown": shown,
    }


def require_same(output, expected):
    found = outcome(output)
    assert [name for name in expected if found[name] != expected[name]] == []


@pytest.fixture(scope="module")
def whole(distill, tmp_path_factory):
    """What comes of a process that is left alone, and how long it takes."""
    output = tmp_path_factory.mktemp("whole") / "output"
    began = time.monotonic()
    finish(distill(output))
    return outcome(output), time.monotonic() - began


def test_a_process_that_is_killed_at_any_moment_ends_as_one_that_is_not(distill, whole, tmp_path):
    expected, seconds = whole
    moments = random.Random(SEED)
    print(f"\nTFAUGKD_KILL_SEED={SEED}, a whole run takes {seconds:.1f} s")
    runs = kills = 0
    while kills < KILLS:
        output = tmp_path / f"run_{runs}"
        process, moment = distill(output), moments.uniform(0, seconds)
        try:
            _, err = process.communicate(timeout=moment)
        except subprocess.TimeoutExpired:
            process.kill()
            _, err = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), err.decode()
        kills += process.returncode != 0
        said = (err.decode().splitlines() or [""])[-1]
        print(f"kill {kills}, run {runs}, after {moment:.2f} s: {process.returncode}, {said!r}")
        if (output / "scores.json").exists() and not (output / "checkpoints").exists():
            # It was done before: the next moments are another run's.
            require_same(output, expected)
            runs += 1
    output = tmp_path / f"run_{runs}"
    finish(distill(output))
    require_same(output, expected)


def test_a_process_that_is_told_to_stop_goes_on_later(distill, whole, tmp_path):
    expected, _ = whole
    output = tmp_path / "output"
    process = distill(output)
    while not list(output.glob("checkpoints/batch_*")):
        assert process.poll() is None
        time.sleep(0.01)
    process.terminate()
    _, err = process.communicate(timeout=300)
    assert process.returncode == 143
    assert b"tfaugkd: interrupted after step " in err.splitlines()[-1]
    assert "Going on after step " in finish(distill(output))
    require_same(output, expected)
