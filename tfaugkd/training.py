"""Trains one model: a student on labels and a teacher, or a teacher on labels alone."""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import keras
import numpy as np

from tfaugkd.audit import Audit, audit
from tfaugkd.augment import build_augmentations
from tfaugkd.augment.method import Augmentation
from tfaugkd.callbacks import StepTimer
from tfaugkd.classifier import SplitClassifier
from tfaugkd.config import MethodConfig, Objective
from tfaugkd.data.batches import training_batches
from tfaugkd.data.examples import Examples
from tfaugkd.data.numbered_batches import NumberedBatches
from tfaugkd.data.shards.prepared_batches import damage_named
from tfaugkd.data.shards.prepared_examples import PreparedExamples
from tfaugkd.distiller import Distiller
from tfaugkd.divergence import WatchesForNaN
from tfaugkd.exact_resume import resume_among
from tfaugkd.faults import explained_faults
from tfaugkd.optimizer import build_optimizer
from tfaugkd.tensorboard.of_run import run_callbacks
from tfaugkd.train_config import TrainConfig
from tfaugkd.training_callbacks import training_callbacks
from tfaugkd.training_texts import Texts, texts_that_teach, with_answers

# Enough batches to sort texts by length, and few enough that an epoch's order stays random.
_LENGTH_WINDOW = 16

FINE_TUNING = MethodConfig(loss=Objective(hard=1.0, soft=0.0))


@dataclass(frozen=True)
class Trained:
    """A trained model and what was measured on the way.

    Args:
        model: The model.
        seconds_per_step: Median wall time of an update.
        examples_per_second: The examples of a batch by that time.
        degree: For each augmentation that makes text, the share of tokens that it changed, over
            the last epoch of the run.
        audits: What each such augmentation made of the first batches.
        history: Keras' history: the mean of each loss term and metric, epoch by epoch.
    """

    model: SplitClassifier
    seconds_per_step: float
    examples_per_second: float = math.nan
    degree: dict[str, float] = field(default_factory=dict)
    audits: dict[str, Audit] = field(default_factory=dict)
    history: dict[str, list[float]] = field(default_factory=dict)

    @property
    def last_means(self) -> dict[str, float]:
        """The last epoch's mean of every loss term and metric."""
        return {name: float(values[-1]) for name, values in self.history.items()}


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
    texts = texts_that_teach(method, augmentations, texts)
    texts = with_answers(teacher, method, augmentations, texts, config)
    distiller = _distiller(teacher, student, texts, method, config, augmentations)
    batches = _batches(distiller, texts, config)
    timer = StepTimer(config.batch_size)
    every = config.evaluate_every or config.steps
    watching = [
        timer,
        WatchesForNaN(partial(_ids_of_batch, texts.train, batches), config.on_nan == "skip"),
        *training_callbacks(student, texts, config, logs, timer),
        *run_callbacks(config, method, batches, texts.train.label_names, logs),
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
            callbacks=[*watching, *callbacks],
        ).history
    degree = {name: history[f"{name}_degree"][-1] for name in audits}
    speed = (timer.seconds_per_step, timer.examples_per_second)
    return Trained(student, *speed, degree, audits, history)


def _distiller(
    teacher: SplitClassifier | None,
    student: SplitClassifier,
    texts: Texts,
    method: MethodConfig,
    config: TrainConfig,
    augmentations: Sequence[Augmentation],
) -> Distiller:
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
        steps_per_execution=config.steps_per_execution,
        length_buckets=config.length_buckets,
        on_nan=config.on_nan,
    )
    return distiller


def _batches(distiller: Distiller, texts: Texts, config: TrainConfig) -> NumberedBatches:
    teacher, augmentations = distiller.teacher, distiller.augmentations
    read_twice = teacher is not None and distiller.step.two_vocabularies
    return training_batches(
        texts.train,
        distiller.student.classifier.preprocessor,
        config.batch_size,
        texts.sequence_length,
        augmentations,
        teacher.classifier.preprocessor if teacher is not None and read_twice else None,
        config.seed,
        teacher_logits=texts.teacher_logits,
        labels_required=distiller.objective.hard > 0 or any(one.hard > 0 for one in augmentations),
        length_window=_LENGTH_WINDOW if config.length_buckets else 1,
    )


def _ids_of_batch(
    examples: Examples | PreparedExamples, batches: NumberedBatches, number: int
) -> list[str]:
    chosen = examples.take(batches.examples_of(np.int64(number)).numpy())
    return (chosen.examples() if isinstance(chosen, PreparedExamples) else chosen).ids


def _seed_dropout(model: SplitClassifier, seed: int) -> None:
    """Starts a model's dropout anew: what other students it taught before must not matter."""
    states = [v for v in model.classifier.variables if v.path.endswith("seed_generator_state")]
    for number, state in enumerate(states):
        state.assign(np.random.SeedSequence([seed, number]).generate_state(2))
