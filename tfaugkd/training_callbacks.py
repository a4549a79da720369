"""What watches a training: scores on the way, lines of progress, and TensorBoard's scalars."""

import sys
from pathlib import Path

import keras

from tfaugkd.callbacks import BestWeights, LearningRate, ProgressLines, SplitScores, StepTimer
from tfaugkd.classifier import SplitClassifier
from tfaugkd.data.examples import Examples
from tfaugkd.metrics import primary
from tfaugkd.scoring import Scored, score_model
from tfaugkd.tensorboard.confusion import ConfusionMatrix
from tfaugkd.tensorboard.scalars import Scalars
from tfaugkd.train_config import TrainConfig
from tfaugkd.training_texts import Texts

_SCALARS_IN_A_RUN = 100


def training_callbacks(
    student: SplitClassifier, texts: Texts, config: TrainConfig, logs: Path, timer: StepTimer
) -> list[keras.callbacks.Callback]:
    """Gives what scores, keeps, prints and draws a training.

    Args:
        student: The model that is trained.
        texts: Have the split that it is scored on, or none.
        config: How often, what is kept, and what TensorBoard shows.
        logs: TensorBoard's folder, which is made.
        timer: Times the steps; it is called before them.

    Returns:
        The callbacks, in the order in which they must be called.
    """
    logs.mkdir(parents=True, exist_ok=True)
    callbacks: list[keras.callbacks.Callback] = []
    dev = texts.dev
    if dev is not None and config.evaluate_every:
        callbacks += _scoring(student, texts, dev, config, logs)
    if not sys.stdout.isatty():
        callbacks.append(ProgressLines(config.steps, timer))
    # TensorBoard counts executions.
    executions = max(1, config.steps // _SCALARS_IN_A_RUN // config.steps_per_execution)
    callbacks += [
        LearningRate(executions * config.steps_per_execution),
        Scalars(
            str(logs),
            write_graph=False,
            update_freq=executions,
            profile_batch=0,
        ),
    ]
    return callbacks


def _scoring(
    student: SplitClassifier, texts: Texts, dev: Examples, config: TrainConfig, logs: Path
) -> list[keras.callbacks.Callback]:
    """Gives what scores the student on the dev split after each epoch, and what that is for."""
    latest: list[Scored] = []

    def scores() -> dict[str, float]:
        latest[:] = [score_model(student, dev, texts.task, texts.sequence_length)]
        return latest[0].scores

    callbacks: list[keras.callbacks.Callback] = [SplitScores(scores)]
    if config.tensorboard.confusion and not texts.task.regression:
        callbacks.append(ConfusionMatrix(logs, dev, student, logits=lambda: latest[0].logits))
    if config.keep == "best":
        callbacks.append(BestWeights(student.classifier, f"val_{primary(texts.task.metrics)}"))
    return callbacks
