"""Scores of a model on a whole split, and the job that prints them."""

from typing import NamedTuple

import numpy as np

from tfaugkd.classifier import SplitClassifier
from tfaugkd.data import load_split, task_of
from tfaugkd.data.examples import Examples
from tfaugkd.data.tasks import Task
from tfaugkd.errors import InputError
from tfaugkd.folders import require_new_file
from tfaugkd.job_configs import EvaluateConfig
from tfaugkd.metrics import score
from tfaugkd.model_fit import check_fit, check_length
from tfaugkd.plain_json import write_json
from tfaugkd.prediction import EVALUATION_BATCH, predict_logits
from tfaugkd.saved_model import load_model


class Scored(NamedTuple):
    """A model's scores on a split, and the logits `[N, C]` that they were computed from."""

    scores: dict[str, float]
    logits: np.ndarray


def metrics_of(task: Task) -> list[str]:
    """Gives the metrics of a task, its own first; accuracy is always among a classifier's."""
    also = [] if task.regression or "accuracy" in task.metrics else ["accuracy"]
    return [*task.metrics, *also]


def score_model(
    model: SplitClassifier,
    examples: Examples,
    task: Task,
    sequence_length: int,
    batch_size: int = EVALUATION_BATCH,
    progress: bool = False,
) -> Scored:
    """Scores a model on the whole of a split.

    Args:
        model: The model.
        examples: The split, labelled.
        task: Names the metrics.
        sequence_length: S, specials included.
        batch_size: Texts at once.
        progress: Show a bar.

    Returns:
        Scores and logits.

    Raises:
        InputError: The split has no labels.
    """
    require_labels(examples)
    logits = predict_logits(model, examples, sequence_length, batch_size, progress)
    return Scored(score(metrics_of(task), np.asarray(examples.labels), logits), logits)


def require_labels(examples: Examples) -> None:
    """Refuses texts that cannot be scored on, because their labels are withheld.

    Args:
        examples: The texts.

    Raises:
        InputError: They have no labels.
    """
    if examples.labels is None:
        raise InputError("Scoring needs labels, but these texts have none.")


def evaluate(config: EvaluateConfig) -> None:
    """Scores a saved model on a split, prints the scores, and writes them if asked to.

    Args:
        config: The job.

    Raises:
        InputError: A model or data that cannot be used; see the sentences.
    """
    if config.output:
        require_new_file(config.output, config.overwrite)
    examples, task = load_split(config.data, config.split), task_of(config.data)
    classifier, facts = load_model(config.model)
    model = SplitClassifier(classifier)
    check_fit("model", model, facts, examples)
    length = (facts and facts.sequence_length) or config.data.sequence_length
    check_length("model", model, length)
    scored = score_model(model, examples, task, length, config.batch_size, progress=True)
    for name, value in scored.scores.items():
        print(f"{name}: {value:.4f}")
    if config.output:
        facts_of_run = {"model": config.model, "task": task.name, "split": config.split}
        result = facts_of_run | {"examples": len(examples), "scores": scored.scores}
        write_json(config.output, result)
