"""Several hosts, as processes on this one that talk over the loopback interface.

There are two, of which the second is lost in the middle of a run. Variables say otherwise, and have
a signal tried too: `TFAUGKD_HOSTS=4 TFAUGKD_LOST_HOST=0 TFAUGKD_AUGMENT='[{name: knn}]'
pytest tests/test_multiworker.py`.
"""

import csv
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from conftest import LENGTH, bert, command, complaint, write_yaml

from tfaugkd.errors import InputError
from tfaugkd.multiworker import build_multiworker
from tfaugkd.saved_model import ModelFacts, load_model, save_model

ROOT = Path(__file__).parents[1]
HOSTS = int(os.environ.get("TFAUGKD_HOSTS", "2"))
LOST = int(os.environ.get("TFAUGKD_LOST_HOST", "1"))
AUGMENT = yaml.safe_load(os.environ.get("TFAUGKD_AUGMENT", "[{name: mixup, alpha: 0.4}]"))
PATIENCE_S = 150 * HOSTS

# Collecting garbage is a fifth of what tracing takes.
MAIN = "import gc, sys; from tfaugkd.command_line import main; gc.disable(); sys.exit(main())"
# A host that the system kills, or asks to stop, after a step.
SIGNALLED = """
import os, signal
from tfaugkd.callbacks import StepTimer
before = StepTimer.on_train_batch_end
def on_train_batch_end(self, batch, logs=None):
    before(self, batch, logs)
    if len(self.seconds) == {step}:
        os.kill(os.getpid(), signal.{name})
StepTimer.on_train_batch_end = on_train_batch_end
"""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("localhost", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def run_on_hosts(arguments, signalled=""):
    """Gives the same command on each host, and waits: exit statuses, outputs, errors, seconds."""
    cluster = {"worker": [f"localhost:{port}" for port in free_ports(HOSTS)]}
    processes = []
    for index in range(HOSTS):
        task = {"cluster": cluster, "task": {"type": "worker", "index": index}}
        # What happens on several hosts is looked at, not how fast.
        own = {"TF_CONFIG": json.dumps(task), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        code = (signalled if index == LOST else "") + MAIN
        options = [sys.executable, "-c", code, *arguments, "--strategy", "multiworker"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        processes.append(subprocess.Popen(options, env=os.environ | own, **pipes))
    try:
        # The lost one first: how long the others take from then on is measured.
        order = [LOST, *(index for index in range(HOSTS) if index != LOST)]
        said, ended = {}, {}
        for index in order:
            said[index] = processes[index].communicate(timeout=PATIENCE_S)
            ended[index] = time.monotonic()
    finally:
        for process in processes:
            process.kill()
    statuses = [process.returncode for process in processes]
    outs, errors = zip(*(said[index] for index in range(HOSTS)), strict=True)
    return statuses, outs, errors, max(ended.values()) - ended[LOST]


@pytest.fixture(scope="module")
def distill(data, tmp_path_factory):
    """Gives the arguments of a distillation of eight steps, and where it writes to."""
    folder = tmp_path_factory.mktemp("hosts")
    facts = ModelFacts("custom", ("negative", "positive"), LENGTH)
    save_model(bert(layers=1, seed=1), folder / "teacher", facts, "")
    keys = {
        "data": data,
        "teacher": str(folder / "teacher"),
        "check_teacher": False,
        "student": {"layers": 1},
        "augment": AUGMENT,
    }
    train = {
        "steps": 8,
        "evaluate_every": 4,
        "checkpoint_steps": 3,
        "batch_size": 8 * HOSTS,
        "learning_rate": 0.01,
        "jit_compile": False,
    }

    def arguments(name):
        output = folder / name
        keys["output"] = str(output)
        return output, ("distill", *write_yaml(folder / f"{name}.yaml", train=train, **keys))

    return arguments


def history_of(output):
    with (output / "logs" / "history.csv").open() as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def weights_of(output):
    classifier, _ = load_model(output)
    weights = {weight.path: weight.numpy() for weight in classifier.trainable_variables}
    # No output depends on a bias of all keys, whose gradient is rounding alone.
    return {path: value for path, value in weights.items() if not path.endswith("key/bias")}


def test_a_host_is_lost_and_the_run_ends_as_on_one(distill):
    alone, arguments = distill("alone")
    status, _, err = command(*arguments, "--strategy", "none")
    assert status == 0, err
    output, arguments = distill("together")

    statuses, _, errors, seconds = run_on_hosts(arguments, SIGNALLED.format(step=6, name="SIGKILL"))
    assert statuses == [-9 if index == LOST else 2 for index in range(HOSTS)], errors
    assert seconds < 60
    for index in set(range(HOSTS)) - {LOST}:
        last = errors[index].splitlines()[-1]
        assert last.startswith("tfaugkd: error: Another host was lost, or gave up: see what")
        assert "Traceback" not in errors[index]
    # In the middle of an epoch, where each host has counted its own examples.
    assert [path.stem for path in (output / "checkpoints").glob("batch_*")] != []
    assert not (output / "model").exists()

    statuses, outs, errors, _ = run_on_hosts(arguments)
    assert statuses == [0] * HOSTS, errors
    assert all("Going on after step 3" in err for err in errors)
    assert [bool(out) for out in outs] == [True] + [False] * (HOSTS - 1)
    assert sorted(path.name for path in output.iterdir()) == sorted(
        path.name for path in alone.iterdir()
    )
    expected, found = history_of(alone), history_of(output)
    assert len(found) == len(expected) == 2
    for row, other in zip(expected, found, strict=True):
        assert other == pytest.approx(row, rel=1e-3, abs=1e-6)
    weights = weights_of(output)
    for path, value in weights_of(alone).items():
        assert weights[path] == pytest.approx(value, rel=1e-3, abs=1e-4), path
    scores = [json.loads((each / "scores.json").read_text()) for each in (alone, output)]
    assert scores[0]["scores"] == scores[1]["scores"]


@pytest.mark.skipif("TFAUGKD_HOSTS" not in os.environ, reason="test_exact_resume.py has it cheaper")
def test_a_signal_to_one_host_ends_all_after_the_same_step(distill):
    output, arguments = distill("signalled")
    statuses, _, errors, _ = run_on_hosts(arguments, SIGNALLED.format(step=5, name="SIGTERM"))
    assert statuses == [143] * HOSTS, errors
    assert all("interrupted after step 5; the checkpoint" in err for err in errors)
    assert (output / "checkpoints" / "batch_000000000005.npz").exists()


@pytest.mark.parametrize(
    "value",
    [
        None,
        "{",
        "[]",
        '{"cluster": {}, "task": {"type": "worker", "index": 0}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
        '{"cluster": {"worker": ["a:1", "b"]}, "task": {"type": "worker", "index": 0}}',
        '{"cluster": {"ps": ["a:1"], "worker": ["b:1"]}, "task": {"type": "ps", "index": 0}}',
    ],
)
def test_without_hosts_it_says_what_is_missing(value, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if value is not None:
        monkeypatch.setenv("TF_CONFIG", value)
    with pytest.raises(InputError) as refused:
        build_multiworker()
    expected = f"strategy is 'multiworker', but TF_CONFIG is {value or ''!r}; on each host it must"
    assert str(refused.value).startswith(expected)


def test_jobs_of_many_runs_are_for_one_host(tmp_path):
    methods = write_yaml(tmp_path / "a.yaml", methods={"KD": {}})
    sentence = complaint("compare", *methods, "--strategy", "multiworker")
    assert sentence.startswith("strategy is 'multiworker', but must be auto, none, mirrored or tpu")
    space = write_yaml(tmp_path / "b.yaml", space=[{"key": "loss.soft", "choice": [1.0]}])
    sentence = complaint("sweep", *space, "--distill.strategy", "multiworker")
    assert sentence.startswith("distill.strategy is 'multiworker', but must be auto, none,")
