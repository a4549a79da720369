import logging
import math

import numpy as np
import pytest

from tfaugkd.audit import Audit
from tfaugkd.comparison_run import Run, read_run, start_run, write_run
from tfaugkd.scoring import Scored

MADE_FROM = {"train": {"steps": 20}, "method": {"augment": [{"name": "mixup"}]}, "seed": 0}


@pytest.fixture
def folder(tmp_path):
    """A folder with a saved model, as far as anyone looks, and the logs of its training."""
    for name in ("model/task.json", "logs/history.csv"):
        path = tmp_path / "seed_0" / name
        path.parent.mkdir(parents=True)
        path.write_text("")
    return tmp_path / "seed_0"


@pytest.fixture
def run(folder):
    logits = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    return Run(
        model=folder / "model",
        scored=Scored({"accuracy": 0.1 + 0.2, "pearson": math.nan}, logits),
        seconds_per_step=1 / 3,
        degree={"augpro_mix": 0.3},
        audits={"augpro_mix": Audit(0.29, 1.0, 64)},
        training={"loss": 0.7, "val_pearson": math.nan},
        machine="a machine",
        wall_time_s=2.5,
        confusion=[[2, 1], [0, 2]],
    )


def test_a_run_is_read_back_to_the_last_bit(run, folder):
    write_run(run, MADE_FROM)
    read = read_run(folder, MADE_FROM, "KD")
    np.testing.assert_array_equal(read.scored.logits, run.scored.logits)
    assert read.scored.logits.dtype == np.float32
    # repr, as nan is not equal to itself.
    assert repr(read.scored.scores) == repr(run.scored.scores)
    assert repr(read.training) == repr(run.training)
    assert read.confusion == run.confusion
    for name in ("model", "seconds_per_step", "degree", "audits", "machine", "wall_time_s"):
        assert getattr(read, name) == getattr(run, name)


def test_a_run_is_not_finished_before_its_record_is_written(run, folder, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    assert read_run(folder, MADE_FROM, "KD") is None
    monkeypatch.setattr("tfaugkd.comparison_run.write_json", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_run(run, MADE_FROM)
    assert (folder / "logits.npy").is_file()
    assert read_run(folder, MADE_FROM, "KD") is None
    assert not caplog.records


def test_a_run_that_was_made_from_something_else_says_so(run, folder, caplog):
    caplog.set_level(logging.INFO)
    write_run(run, MADE_FROM)
    assert read_run(folder, MADE_FROM | {"train": {"steps": 30}}, "KD, seed 0") is None
    expected = "KD, seed 0 is trained again: it was made with train.steps 20, not 30."
    assert caplog.messages == [expected]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("run.json", "{half of"),
        ("run.json", "[]"),
        ("run.json", '{"made_from": {}}'),
        ("logits.npy", "no array"),
        ("logits.npy", None),
        ("model/task.json", None),
    ],
)
def test_a_run_that_is_damaged_says_so(name, content, run, folder, caplog):
    caplog.set_level(logging.INFO)
    write_run(run, MADE_FROM)
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(content)
    assert read_run(folder, MADE_FROM, "KD, seed 0") is None
    (message,) = caplog.messages
    assert message.startswith(f"KD, seed 0 is trained again: its record in {folder} is damaged (")


def test_a_run_begins_without_what_was_written_before_and_removes_nothing_else(run, folder):
    write_run(run, MADE_FROM)
    (folder / "notes.txt").write_text("years of work")
    # What a kill leaves of a model that was being saved, or of one that was being replaced.
    (folder / ".0123abcd-model").mkdir()
    start_run(folder, MADE_FROM, "KD")
    assert sorted(path.name for path in folder.iterdir()) == ["checkpoints", "notes.txt"]
    start_run(folder.parent / "new", MADE_FROM, "KD")
    assert [path.name for path in (folder.parent / "new").iterdir()] == ["checkpoints"]


def test_a_run_goes_on_from_its_own_checkpoints_alone(folder, caplog):
    caplog.set_level(logging.INFO)
    start_run(folder, MADE_FROM, "KD, seed 0")
    checkpoint, logged = folder / "checkpoints" / "batch_1.npz", folder / "logs" / "history.csv"
    for path in (checkpoint, logged):
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    start_run(folder, MADE_FROM, "KD, seed 0")
    assert checkpoint.exists()
    assert logged.exists()
    start_run(folder, MADE_FROM | {"seed": 1}, "KD, seed 0")
    assert not checkpoint.exists()
    assert not logged.exists()
    assert caplog.messages == ["KD, seed 0 is trained again: it was begun with seed 0, not 1."]
