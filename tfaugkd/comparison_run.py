"""One run of a comparison on disk: what is finished is read back, and never trained again."""

import logging
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tfaugkd.audit import Audit
from tfaugkd.fingerprint import first_difference
from tfaugkd.folders import remove, replacing
from tfaugkd.plain_json import read_json, write_json
from tfaugkd.run_folder import begin_or_go_on, finish_run, has_checkpoint, what_differs
from tfaugkd.saved_model import MODEL_FOLDER
from tfaugkd.scoring import Scored

_LOG = logging.getLogger("tfaugkd")
RUN_FILE = "run.json"
LOGITS_FILE = "logits.npy"


@dataclass(frozen=True)
class Run:
    """A model of a comparison, without the model: what the report says of it.

    Args:
        model: Folder of the saved model.
        scored: Scores on the split, and the logits `[N, C]`.
        seconds_per_step: Median wall time of an update; NaN for a model that was there already.
        degree: For each augmentation that makes text, the share of tokens that it changed.
        audits: What each such augmentation made of the first batches.
        training: The last epoch's mean of each loss term and metric.
        machine: What it was trained on.
        wall_time_s: Seconds that training, scoring and saving took.
        confusion: Counts by label and answer on the split; empty for regression.
    """

    model: Path
    scored: Scored
    seconds_per_step: float = math.nan
    degree: dict[str, float] = field(default_factory=dict)
    audits: dict[str, Audit] = field(default_factory=dict)
    training: dict[str, float] = field(default_factory=dict)
    machine: str = ""
    wall_time_s: float = 0.0
    confusion: list[list[int]] = field(default_factory=list)


def write_run(run: Run, made_from: dict[str, Any]) -> None:
    """Writes what came of a run beside its model; with that it is finished.

    Args:
        run: The run, whose model is saved.
        made_from: Everything that determines it, as plain values.
    """
    folder = run.model.parent
    with replacing(folder / LOGITS_FILE) as temporary:
        np.save(temporary, run.scored.logits)
    record = {
        "made_from": made_from,
        "scores": run.scored.scores,
        "seconds_per_step": run.seconds_per_step,
        "degree": run.degree,
        "audits": run.audits,
        "training": run.training,
        "machine": run.machine,
        "wall_time_s": run.wall_time_s,
        "confusion": run.confusion,
    }
    # Last: where it stands, everything stands.
    write_json(folder / RUN_FILE, record)
    finish_run(folder)


def read_run(folder: Path, made_from: dict[str, Any], title: str) -> Run | None:
    """Reads a finished run back.

    Args:
        folder: The run's folder.
        made_from: Everything that would determine it now.
        title: The run, for people; the log says so where it has to be trained again.

    Returns:
        The run; None where it is not finished, or was made from something else.
    """
    if not (folder / RUN_FILE).is_file():
        return None
    try:
        record = read_json(folder / RUN_FILE, "the record of a run")
        difference = first_difference(record["made_from"], made_from)
        run = _run_of(folder, record)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        _LOG.info("%s is trained again: its record in %s is damaged (%s)", title, folder, error)
        return None
    if difference:
        _LOG.info("%s is trained again: it was made with %s.", title, difference)
        return None
    return run


def start_run(folder: Path, made_from: dict[str, Any], title: str) -> None:
    """Leaves in a run's folder only the checkpoints and logs of this very run, if it has any.

    Args:
        folder: The run's folder.
        made_from: Everything that determines it, as plain values.
        title: The run, for people; the log says so where it has to be trained again.
    """
    for name in (RUN_FILE, LOGITS_FILE):
        remove(folder / name)
    if has_checkpoint(folder) and (difference := what_differs(folder, made_from)):
        _LOG.info("%s is trained again: it was begun with %s.", title, difference)
        finish_run(folder)
    begin_or_go_on(folder, made_from)


def _run_of(folder: Path, record: dict[str, Any]) -> Run:
    if not (folder / MODEL_FOLDER / "task.json").is_file():
        raise ValueError(f"there is no {MODEL_FOLDER}")
    logits = np.load(folder / LOGITS_FILE, allow_pickle=False)
    return Run(
        model=folder / MODEL_FOLDER,
        scored=Scored(_numbers(record["scores"]), logits),
        seconds_per_step=_number(record["seconds_per_step"]),
        degree=_numbers(record["degree"]),
        audits={
            name: Audit(float(found["degree"]), float(found["distinct"]), int(found["texts"]))
            for name, found in record["audits"].items()
        },
        training=_numbers(record["training"]),
        machine=str(record["machine"]),
        wall_time_s=float(record["wall_time_s"]),
        confusion=record["confusion"],
    )


def _numbers(values: dict[str, float | None]) -> dict[str, float]:
    return {name: _number(value) for name, value in values.items()}


def _number(value: float | None) -> float:
    # JSON has no nan: null was written for it.
    return math.nan if value is None else float(value)
