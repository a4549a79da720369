"""Trains one model: a student on labels and a teacher, or a teacher on labels alone."""

import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfaugkd.audit import Audit, audit
from tfaugkd.augment import build_augmentations
from tfaugkd.augment.method import Augmentation
from tfaugkd.callbacks import BestWeights, LearningRate, ProgressLines, SplitScores, StepTimer
from tfaugkd.classifier import SplitClassifier
from tfaugkd.config import MethodConfig, Objective
from tfaugkd.data.batches import training_batches
from tfaugkd.data.examples import Examples
from tfaugkd.data.numbered_batches import NumberedBatches
from tfaugkd.data.shards.prepared_batches import damage_named
from tfaugkd.data.shards.prepared_examples import PreparedExamples
from tfaugkd.data.tasks import Task
from tfaugkd.distiller import Distiller
from tfaugkd.divergence import WatchesForNaN
from tfaugkd.exact_resume import resume_among
from tfaugkd.faults import explained_faults
from tfaugkd.loss_terms import clean_weights, view_weights
from tfaugkd.metrics import primary
from tfaugkd.optimizer import build_optimizer
from tfaugkd.scoring import Scored, score_model
from tfaugkd.stored_logits import stored_logits
from tfaugkd.tensorboard.confusion import ConfusionMatrix
from tfaugkd.tensorboard.of_run import run_callbacks
from tfaugkd.tokenizer_comparison import same_vocabulary
from tfaugkd.train_config import TrainConfig

_LOG = logging.getLogger("tfaugkd")
_SCALARS_IN_A_RUN = 100
# Enough batches to sort texts by length, and few enough that an epoch's order stays random.
_LENGTH_WINDOW = 16

FINE_TUNING = MethodConfig(loss=Objective(hard=1.0, soft=0.0))


@dataclass(frozen=True)
class Trained:
    """A trained model and what was measured on the way.

    Args:
        model: The model.
        seconds_per_step: Median wall time of an update.
        degree: For each augmentation that makes text, the share of tokens that it changed, over
            the last epoch of the run.
        audits: What each such augmentation made of the first batches.
        history: Keras' history: the mean of each loss term and metric, epoch by epoch.
    """

    model: SplitClassifier
    seconds_per_step: float
    degree: dict[str, float] = field(default_factory=dict)
    audits: dict[str, Audit] = field(default_factory=dict)
    history: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Texts:
    """What a model is trained on and watched with.

    Args:
        task: Names the metrics.
        train: The texts, of which some or, for a student, all may have no label.
        dev: The split that is scored on the way; None scores nothing.
        sequence_length: S, specials included.
        teacher_logits: The stored answers `[N, C]` of a teacher to the texts of train; None asks
            the teacher in each step.
    """

    task: Task
    train: Examples | PreparedExamples
    dev: Examples | None
    sequence_length: int
    teacher_logits: np.ndarray | None = None

    @property
    def answered(self) -> bool:
        """Whether a teacher's answers to the texts of train are stored."""
        prepared = isinstance(self.train, PreparedExamples) and self.train.answered
        return prepared or self.teacher_logits is not None


def train(
    teacher: SplitClassifier | None,
    student: SplitClassifier,
    texts: Texts,
    method: MethodConfig,
    config: TrainConfig,
    logs: Path,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Trained:
    """Trains a student by one method, with progress, TensorBoard logs and a CSV of the metrics.

    Args:
        teacher: The teacher; None where the method asks none.
        student: The student; its weights change.
        texts: What it is trained on.
        method: Loss and augmentations.
        config: The optimisation.
        logs: Folder for TensorBoard and `history.csv`.
        callbacks: More of them, for the fit; with an `ExactResume` it goes on from a checkpoint.

    Returns:
        The trained student and what was measured.

    Raises:
        InputError: Models, loss and augmentations that do not fit together, or an augmentation
            that leaves the texts as they are; a checkpoint of another run.
        Interrupted: A signal came; the checkpoint is written.
    """
    config = config.planned(len(texts.train))
    augmentations = build_augmentations(method.augment, len(texts.train), texts.task.texts)
    texts = _that_teach(method.loss, augmentations, texts)
    held = texts.train
    asks_again = _asks_again(method, augmentations, config, texts)
    if teacher is not None and isinstance(held, Examples) and asks_again:
        logits = stored_logits(teacher, held, texts.sequence_length)
        texts = replace(texts, teacher_logits=logits)
    if teacher is not None:
        _seed_dropout(teacher, config.seed)
    distiller = Distiller(
        teacher,
        student,
        method.loss,
        augmentations,
        teacher_dropout=method.teacher_dropout,
        stored_logits=texts.answered,
    )
    distiller.compile(
        build_optimizer(config),
        jit_compile=config.jit_compile,
        length_buckets=config.length_buckets,
        on_nan=config.on_nan,
    )
    two_vocabularies = teacher is not None and not same_vocabulary(teacher, student)
    batches = training_batches(
        texts.train,
        student.classifier.preprocessor,
        config.batch_size,
        texts.sequence_length,
        augmentations,
        teacher.classifier.preprocessor if teacher is not None and two_vocabularies else None,
        config.seed,
        teacher_logits=texts.teacher_logits,
        labels_required=method.loss.hard > 0 or any(each.hard > 0 for each in augmentations),
        length_window=_LENGTH_WINDOW if config.length_buckets else 1,
    )
    timer = StepTimer()
    every = config.evaluate_every or config.steps
    shown = run_callbacks(config, method, batches, texts.train.label_names, logs)
    own = [
        timer,
        WatchesForNaN(partial(_ids_of_batch, texts.train, batches), config.on_nan == "skip"),
        *_callbacks(student, texts, config, logs),
        *shown,
        # A run that goes on finds the rows that it has written.
        keras.callbacks.CSVLogger(
            str(logs / "history.csv"), append=resume_among(callbacks) is not None
        ),
    ]
    with damage_named(texts.train), explained_faults(config.batch_size):
        audits = audit(distiller, batches)
        history = distiller.fit(
            batches,
            epochs=config.steps // every,
            steps_per_epoch=every,
            verbose=1 if sys.stdout.isatty() else 0,
            callbacks=[*own, *callbacks],
        ).history
    degree = {name: history[f"{name}_degree"][-1] for name in audits}
    return Trained(student, timer.seconds_per_step, degree, audits, history)


def _ids_of_batch(
    examples: Examples | PreparedExamples, batches: NumberedBatches, number: int
) -> list[str]:
    chosen = examples.take(batches.examples_of(np.int64(number)).numpy())
    return (chosen.examples() if isinstance(chosen, PreparedExamples) else chosen).ids


def _that_teach(objective: Objective, augmentations: Sequence[Augmentation], texts: Texts) -> Texts:
    """Leaves out texts that teach nothing: those without a label, where no teacher is asked."""
    labelled = texts.train.labelled
    weights = [clean_weights(objective), *(view_weights(objective, each) for each in augmentations)]
    if labelled.all() or any(each.ask_teacher for each in weights):
        return texts
    _LOG.info("Left out %d texts without a label: no teacher is asked.", (~labelled).sum())
    kept = texts.train.take(np.flatnonzero(labelled))
    logits = None if texts.teacher_logits is None else texts.teacher_logits[labelled]
    return replace(texts, train=kept, teacher_logits=logits)


def _asks_again(
    method: MethodConfig,
    augmentations: Sequence[Augmentation],
    config: TrainConfig,
    texts: Texts,
) -> bool:
    """Tells whether the steps would ask the teacher the same about one text more than once."""
    if texts.teacher_logits is not None or method.teacher_dropout:
        return False
    asked = method.loss.soft > 0 or any(each.needs_teacher_answer for each in augmentations)
    repeated = config.steps * config.batch_size > len(texts.train)
    return config.store_teacher_logits and asked and repeated


def _seed_dropout(model: SplitClassifier, seed: int) -> None:
    """Starts a model's dropout anew: what other students it taught before must not matter."""
    states = [v for v in model.classifier.variables if v.path.endswith("seed_generator_state")]
    for number, state in enumerate(states):
        state.assign(np.random.SeedSequence([seed, number]).generate_state(2))


def _callbacks(
    student: SplitClassifier, texts: Texts, config: TrainConfig, logs: Path
) -> list[keras.callbacks.Callback]:
    logs.mkdir(parents=True, exist_ok=True)
    callbacks: list[keras.callbacks.Callback] = []
    dev = texts.dev
    if dev is not None and config.evaluate_every:
        callbacks += _scoring(student, texts, dev, config, logs)
    if not sys.stdout.isatty():
        callbacks.append(ProgressLines(config.steps))
    every = max(1, config.steps // _SCALARS_IN_A_RUN)
    callbacks += [
        LearningRate(every),
        keras.callbacks.TensorBoard(
            str(logs),
            write_graph=False,
            write_steps_per_second=True,
            update_freq=every,
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


def describe_objective(method: MethodConfig) -> str:
    """Writes the loss of a method as a formula."""
    loss = method.loss
    parts = []
    if loss.hard:
        parts.append(f"{loss.hard:g} CE(student, label)")
    if loss.soft:
        softened = "" if loss.temperature == 1 else f" at T = {loss.temperature:g}"
        parts.append(f"{loss.soft:g} {loss.distance}(student, teacher){softened}")
    for name in ("hidden", "attention", "patient"):
        if weight := getattr(loss.deep, name):
            parts.append(f"{weight:g} {name}(student, teacher)")
    parts += [f"L({entry['name']})" for entry in method.augment]
    return " + ".join(parts)


def metric_means(history: dict[str, Any]) -> dict[str, float]:
    """Gives the last epoch's mean of every loss term and metric."""
    return {name: float(values[-1]) for name, values in history.items()}
