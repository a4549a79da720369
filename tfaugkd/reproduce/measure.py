"""The quantities of the papers' tables, from what came of our runs, in the papers' units."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfaugkd.classifier import SplitClassifier
from tfaugkd.data import load_split, task_of
from tfaugkd.data.inputs import read_inputs
from tfaugkd.data.tokenisation import tokenise
from tfaugkd.data_config import DataConfig
from tfaugkd.intervals import Interval, mean_and_spread
from tfaugkd.latency import latency
from tfaugkd.reproduce.exhibits import Exhibit, Printed
from tfaugkd.reproduce.plan import Place
from tfaugkd.reproduce.run import Outcome
from tfaugkd.saved_model import load_model
from tfaugkd.scoring import metrics_of, score_model

# MixKD's Table 2.
_TIMED_BATCH = 16
# GLUE's test labels are hidden.
_IN_PLACE_OF = {"test": "dev", "test_mismatched": "dev_mismatched", "": "dev"}


class Wanted(NamedTuple):
    """A quantity of a cell: its name, the split that it is of, and what the paper prints."""

    split: str
    metric: str
    paper: Printed | None


class Measured(NamedTuple):
    """A quantity of ours, in the paper's unit, with its standard deviation over seeds."""

    value: float
    spread: float | None = None


def wanted(exhibit: Exhibit, place: Place, data: DataConfig) -> list[Wanted]:
    """Lists the quantities of a cell: those that the paper prints of this task, or the task's own.

    Args:
        exhibit: The table or figure.
        place: The cell.
        data: Its texts, whose task has metrics of its own.

    Returns:
        The quantities, in the paper's order; the same for all cells of a task.
    """
    numbers = exhibit.numbers(place.task)
    here = {(n.split, n.metric): n for n in numbers if (n.row, n.column) == place[1:]}
    known = list(dict.fromkeys((n.split, n.metric) for n in numbers))
    if exhibit.metrics:
        known = [("", metric) for metric in exhibit.metrics]
        here = {("", metric): number for (_, metric), number in here.items()}
    elif all(metric in _QUANTITIES for _, metric in known):
        known += [("dev", metric) for metric in metrics_of(task_of(data))]
    return [Wanted(*each, here.get(each)) for each in known]


def measure(want: Wanted, outcome: Outcome, data: DataConfig) -> Measured | None:
    """Gives a quantity of ours.

    Args:
        want: Which one.
        outcome: What came of the cell's experiment.
        data: Its texts.

    Returns:
        The value in the paper's unit, scores times 100; None where it is not known.
    """
    if want.metric == "gain" and want.split != "dev":
        return None
    if want.metric in _QUANTITIES:
        value = _QUANTITIES[want.metric](outcome, data)
        return None if value is None else Measured(value)
    split = _IN_PLACE_OF.get(want.split, want.split)
    if split != "dev":
        return _on_another_split(split, want.metric, outcome, data)
    if want.metric not in outcome.scores:
        return None
    spread = outcome.spread.get(want.metric)
    return Measured(100 * outcome.scores[want.metric], spread and 100 * spread)


def difference(outcome: Outcome) -> Interval | None:
    """Gives the paired difference to the baseline, in points."""
    if outcome.interval is None:
        return None
    return Interval(*(100 * value for value in outcome.interval))


def _on_another_split(
    split: str, metric: str, outcome: Outcome, data: DataConfig
) -> Measured | None:
    """Scores the saved models on MNLI's mismatched texts; other tasks have none."""
    if task_of(data).name != "mnli":
        return None
    examples, scores = load_split(data, split), []
    for folder in outcome.models:
        model = SplitClassifier(load_model(folder)[0])
        scored = score_model(model, examples, task_of(data), data.sequence_length)
        scores.append(100 * scored.scores[metric])
    mean, spread = mean_and_spread(scores)
    return Measured(mean, spread if len(scores) > 1 else None)


def _minutes_per_1000_steps(outcome: Outcome, data: DataConfig) -> float | None:
    del data
    return outcome.seconds_per_step and outcome.seconds_per_step * 1000 / 60


def _minutes(outcome: Outcome, data: DataConfig) -> float | None:
    """Gives what the texts took that were written before; else the training."""
    if outcome.seconds_of_file is not None:
        return outcome.seconds_of_file / 60
    hours = _hours(outcome, data)
    return None if hours is None else 60 * hours


def _hours(outcome: Outcome, data: DataConfig) -> float | None:
    del data
    if outcome.steps is None or outcome.seconds_per_step is None:
        return None
    return outcome.steps * outcome.seconds_per_step / 3600


def _gain(outcome: Outcome, data: DataConfig) -> float | None:
    del data
    interval = difference(outcome)
    return None if interval is None else interval.mean


def _parameters(outcome: Outcome, data: DataConfig) -> float:
    del data
    return float(SplitClassifier(load_model(outcome.models[0])[0]).parameter_count)


def _samples_per_second(outcome: Outcome, data: DataConfig) -> float:
    model = SplitClassifier(load_model(outcome.models[0])[0])
    dev = load_split(data, "dev")
    texts = dev.take(np.arange(_TIMED_BATCH) % len(dev))
    arrays = tokenise(model.classifier.preprocessor, texts, data.sequence_length)
    tokens = read_inputs({name: tf.constant(rows) for name, rows in arrays.items()}).student
    return _TIMED_BATCH / latency(partial(model.compiled_logits, tokens)).median_s


_QUANTITIES: dict[str, Callable[[Outcome, DataConfig], float | None]] = {
    "minutes_per_1000_steps": _minutes_per_1000_steps,
    "minutes": _minutes,
    "hours": _hours,
    "gain": _gain,
    "parameters": _parameters,
    "samples_per_second": _samples_per_second,
}
