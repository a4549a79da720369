"""What a model is trained on: which of its texts teach, and what the teacher has said of them."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tfaugkd.augment.method import Augmentation
from tfaugkd.classifier import SplitClassifier
from tfaugkd.config import MethodConfig
from tfaugkd.data.examples import Examples
from tfaugkd.data.shards.prepared_examples import PreparedExamples
from tfaugkd.data.tasks import Task
from tfaugkd.loss_terms import clean_weights, view_weights
from tfaugkd.stored_logits import stored_logits
from tfaugkd.train_config import TrainConfig

_LOG = logging.getLogger("tfaugkd")


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


def texts_that_teach(
    method: MethodConfig, augmentations: Sequence[Augmentation], texts: Texts
) -> Texts:
    """Leaves out texts that teach nothing: those without a label, where no teacher is asked.

    Args:
        method: Its loss asks the teacher, or does not.
        augmentations: So do these.
        texts: All texts.

    Returns:
        Those to train on.
    """
    labelled = texts.train.labelled
    of_views = (view_weights(method.loss, each) for each in augmentations)
    if labelled.all() or any(each.ask_teacher for each in (clean_weights(method.loss), *of_views)):
        return texts
    _LOG.info("Left out %d texts without a label: no teacher is asked.", (~labelled).sum())
    kept = texts.train.take(np.flatnonzero(labelled))
    logits = None if texts.teacher_logits is None else texts.teacher_logits[labelled]
    return replace(texts, train=kept, teacher_logits=logits)


def with_answers(
    teacher: SplitClassifier | None,
    method: MethodConfig,
    augmentations: Sequence[Augmentation],
    texts: Texts,
    config: TrainConfig,
) -> Texts:
    """Asks the teacher about each text beforehand, where the steps would do so more than once.

    Args:
        teacher: The teacher, or None.
        method: Whether it is asked, and with dropout, which would answer otherwise each time.
        augmentations: Some need its answer to clean text.
        texts: What the steps will read; what is prepared is left as it is.
        config: How many steps, and `store_teacher_logits`.

    Returns:
        The texts with its answers, or as they were.
    """
    held = texts.train
    if teacher is None or texts.answered or not isinstance(held, Examples):
        return texts
    asked = method.loss.soft > 0 or any(each.needs_teacher_answer for each in augmentations)
    repeated = config.steps * config.batch_size > len(held)
    if method.teacher_dropout or not (config.store_teacher_logits and asked and repeated):
        return texts
    logits = stored_logits(teacher, held, texts.sequence_length)
    return replace(texts, teacher_logits=logits)
