"""From the runs of a comparison to the rows of its table."""

import gc
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfaugkd.classifier import SplitClassifier
from tfaugkd.comparison_run import Run
from tfaugkd.comparison_setting import TEACHER, Setting
from tfaugkd.data.examples import Examples
from tfaugkd.data.tokenisation import tokenise
from tfaugkd.folders import size_on_disk
from tfaugkd.intervals import Interval, mean_and_spread, paired_interval
from tfaugkd.latency import latency
from tfaugkd.metrics import agreement, per_example
from tfaugkd.prediction import EVALUATION_BATCH
from tfaugkd.saved_model import load_model
from tfaugkd.table import Row


class _Cost(NamedTuple):
    """What a model takes to run: weights, and seconds for one text and for a batch."""

    parameters: int
    latency_one_s: float
    latency_batch_s: float


def comparison_rows(setting: Setting, teacher: Run, students: dict[str, list[Run]]) -> list[Row]:
    """Says what each method is worth.

    The teacher is loaded and timed, and one student: they differ in nothing but their weights.

    Args:
        setting: What the runs share.
        teacher: The teacher.
        students: For each method a run with each seed.

    Returns:
        A row for the teacher and one for each method.
    """
    baseline = _right(setting, students[setting.config.baseline])
    rows = [_teacher_row(setting, teacher)]
    cost = _cost(setting, students[setting.config.baseline][0])
    for name, runs in students.items():
        interval = None
        if name != setting.config.baseline:
            groups = setting.split.groups
            interval = paired_interval(_right(setting, runs), baseline, groups=groups)
        rows.append(_row(setting, name, runs, teacher, interval, cost))
    return rows


def _right(setting: Setting, runs: list[Run]) -> np.ndarray:
    """Gives for each example the share of the seeds whose student is right, `[N]`."""
    labels = np.asarray(setting.split.labels)
    return np.mean([per_example(labels, run.scored.logits) for run in runs], axis=0)


def _teacher_row(setting: Setting, teacher: Run) -> Row:
    row = _row(setting, TEACHER, [teacher], teacher, None, _cost(setting, teacher))
    row = replace(row, agreement=None)
    if setting.config.teacher is not None:
        # How it was trained is not known here.
        return replace(row, labelled_examples=None, steps=None, seconds_per_step=None)
    labelled = len(setting.teacher_texts.train)
    plan = setting.config.teacher_train.planned(labelled)
    return replace(row, labelled_examples=labelled, steps=plan.steps)


def _cost(setting: Setting, run: Run) -> _Cost:
    model = SplitClassifier(load_model(run.model)[0])
    cost = _Cost(
        model.parameter_count,
        *_latencies(model, setting.split, setting.students.sequence_length),
    )
    del model
    gc.collect()  # A model is held in cycles.
    return cost


def _row(
    setting: Setting,
    name: str,
    runs: list[Run],
    teacher: Run,
    interval: Interval | None,
    cost: _Cost,
) -> Row:
    means = {
        metric: mean_and_spread([run.scored.scores[metric] for run in runs])
        for metric in runs[0].scored.scores
    }
    return Row(
        **cost._asdict(),
        name=name,
        size_bytes=size_on_disk(runs[0].model),
        scores={metric: mean for metric, (mean, _) in means.items()},
        spread={metric: spread for metric, (_, spread) in means.items()} if len(runs) > 1 else {},
        interval=interval,
        agreement=float(
            np.mean([agreement(run.scored.logits, teacher.scored.logits) for run in runs])
        ),
        labelled_examples=int(setting.students.train.labelled.sum()),
        steps=setting.config.train.planned(len(setting.students.train)).steps,
        seconds_per_step=float(np.median([run.seconds_per_step for run in runs])),
        degree=_means([run.degree for run in runs]),
        distinct=_means(
            [{key: found.distinct for key, found in run.audits.items()} for run in runs]
        ),
    )


def _means(values: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([each[name] for each in values])) for name in values[0]}


def _latencies(
    model: SplitClassifier, examples: Examples, sequence_length: int
) -> tuple[float, float]:
    """Times the classifier as KerasHub runs it, compiled, on one tokenised text and on a batch."""
    classifier, medians = model.classifier, []
    answer = tf.function(classifier, jit_compile=True, autograph=False)
    for size in (1, EVALUATION_BATCH):
        texts = examples.take(np.arange(size) % len(examples))
        arrays = tokenise(classifier.preprocessor, texts, sequence_length)
        tokens = {name: tf.constant(arrays[name]) for name in classifier.backbone.input}
        medians.append(latency(partial(answer, tokens)).median_s)
    return medians[0], medians[1]
