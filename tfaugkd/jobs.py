"""The jobs `tfaugkd teacher` and `tfaugkd distill`: read, train, score, save."""

import logging
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfaugkd.augment import build_augmentations
from tfaugkd.classifier import SplitClassifier
from tfaugkd.compatibility import check_distillation, check_labels, check_variants
from tfaugkd.config import MethodConfig, Options
from tfaugkd.data import load_split, load_train, task_of
from tfaugkd.data.shards.prepared_examples import PreparedExamples
from tfaugkd.data.teacher_file import read_teacher_logits
from tfaugkd.data_config import DataConfig
from tfaugkd.errors import InputError
from tfaugkd.fingerprint import folder_fingerprint
from tfaugkd.finished_model import finish
from tfaugkd.folders import prepare_output
from tfaugkd.job_configs import DistillConfig, TeacherConfig
from tfaugkd.job_fingerprint import distill_job_fingerprint, teacher_job_fingerprint
from tfaugkd.metrics import require_better_than_chance
from tfaugkd.model_fit import check_fit, check_length, check_tokens
from tfaugkd.presets import load_classifier
from tfaugkd.run_folder import (
    LOGS_FOLDER,
    exact_resume,
    output_of_run,
    require_usable_output,
    write_config,
)
from tfaugkd.saved_model import load_model, model_path
from tfaugkd.scoring import Scored, score_model
from tfaugkd.strategy import computes
from tfaugkd.student import build_student
from tfaugkd.tensorboard.confusion import write_confusion
from tfaugkd.training import FINE_TUNING, train
from tfaugkd.training_texts import Texts

_LOG = logging.getLogger("tfaugkd")


@computes
def train_teacher(config: TeacherConfig) -> None:
    """Fine-tunes a teacher on labelled text and saves it.

    Args:
        config: The job.

    Raises:
        InputError: Data, a preset or an output that cannot be used; see the sentences.
    """
    inputs = [*paths_of(config.data), config.preset]
    require_usable_output(config, inputs)
    _require_labels(config.data)
    texts = read_texts_of(config.data)
    keras.utils.set_random_seed(config.train.seed)
    classes = max(1, len(texts.train.label_names))
    teacher = SplitClassifier(load_classifier(config.preset, classes, config.pooling))
    check_length("teacher", teacher, texts.sequence_length)
    check_tokens(texts.train, None, teacher, texts.sequence_length)
    with output_of_run(config, inputs, teacher_job_fingerprint(config, texts)) as output:
        _LOG.info("Fine-tuning %s on %d examples.", config.preset, len(texts.train))
        logs, resume = output / LOGS_FOLDER, exact_resume(output, config.train)
        trained = train(None, teacher, texts, FINE_TUNING, config.train, logs, [resume])
        finish(output, trained, texts, FINE_TUNING, f"{config.preset}, fine-tuned")


def _require_labels(data: DataConfig) -> None:
    if not data.labels:
        raise InputError("data.labels is false, but a teacher is trained on labels; leave it out.")
    if data.unlabelled_file is not None:
        raise InputError(
            f"data.unlabelled_file is {data.unlabelled_file!r}, but a teacher is trained on "
            "labels; leave it out."
        )


@computes
def distill(config: DistillConfig) -> None:
    """Distils a student from a teacher and saves it.

    Args:
        config: The job.

    Raises:
        InputError: Data, models, methods or an output that cannot be used; see the sentences.
    """
    taught_by = config.teacher_file or config.teacher
    inputs = [*paths_of(config.data, config.augment), taught_by, config.student.preset or ""]
    require_usable_output(config, inputs)
    teacher, texts = _read_teacher(config, read_texts_of(config.data))
    method = MethodConfig(config.loss, config.augment, config.teacher_dropout)
    classes = max(1, len(texts.train.label_names))
    student = build_student(teacher, config.student, classes, config.train.seed)
    check_length("student", student, texts.sequence_length)
    check_tokens(texts.train, teacher, student, texts.sequence_length)
    augmentations = build_augmentations(config.augment, len(texts.train), texts.task.texts)
    check_distillation(teacher, student, config.loss, augmentations, texts.answered)
    check_variants(augmentations, texts.train, config.data)
    check_labels(texts.train, config.loss, augmentations)
    checked = _check_teacher_or_file(teacher, texts) if config.check_teacher else None
    asked = config.loss.soft or config.loss.deep.weighs or any(m.soft for m in augmentations)
    clean = "KD" if asked else "FT"
    names = " + ".join([clean, *(augmentation.name for augmentation in augmentations)])
    with output_of_run(config, inputs, distill_job_fingerprint(config, texts)) as output:
        _LOG.info("Distilling by %s on %d examples.", names, len(texts.train))
        logs, resume = output / LOGS_FOLDER, exact_resume(output, config.train)
        if checked is not None and config.train.tensorboard.confusion:
            _draw_teacher(logs, texts, checked)
        trained = train(teacher, student, texts, method, config.train, logs, [resume])
        finish(output, trained, texts, method, names, taught_by)


def _read_teacher(config: DistillConfig, texts: Texts) -> tuple[SplitClassifier | None, Texts]:
    """Loads the teacher, or adds the answers of one that is not here to the texts."""
    if config.teacher_file is not None:
        if isinstance(texts.train, PreparedExamples):
            raise InputError(
                f"teacher_file is {config.teacher_file!r}, but the texts of data.prepared are not "
                "looked up in a file; give teacher, whose answers `tfaugkd prepare` stores."
            )
        return None, replace(
            texts, teacher_logits=read_teacher_logits(config.teacher_file, texts.train)
        )
    classifier, facts = load_model(config.teacher)
    teacher = SplitClassifier(classifier)
    check_fit("teacher", teacher, facts, texts.train)
    check_length("teacher", teacher, texts.sequence_length)
    return teacher, texts if config.teacher_dropout else _with_stored_answers(config, texts)


def _with_stored_answers(config: DistillConfig, texts: Texts) -> Texts:
    """Reads the teacher's answers where they were prepared, if they are this teacher's."""
    if not isinstance(texts.train, PreparedExamples):
        return texts
    train = texts.train.answered_by(folder_fingerprint(model_path(config.teacher)))
    if train.answered:
        _LOG.info("The teacher's answers to the texts are read from %s.", config.data.prepared)
    elif train.reader.manifest.answered_by is not None:
        _LOG.info("%s holds another teacher's answers; this one is asked.", config.data.prepared)
    return replace(texts, train=train)


def _check_teacher_or_file(teacher: SplitClassifier | None, texts: Texts) -> Scored | None:
    if teacher is not None:
        return check_teacher(teacher, texts)
    assert texts.teacher_logits is not None, "there is a teacher or a file"
    # The file need not answer to the dev split; without labels there is nothing to check it by.
    labelled = texts.train.labelled
    if texts.train.labels is not None and labelled.any():
        require_better_than_chance(texts.train.labels[labelled], texts.teacher_logits[labelled])
    return None


def _draw_teacher(logs: Path, texts: Texts, scored: Scored) -> None:
    """Draws the teacher's confusion matrix, which its check has come by."""
    if texts.dev is not None and not texts.task.regression:
        known = (np.asarray(texts.dev.labels), scored.logits, texts.train.label_names)
        write_confusion(logs, "teacher", *known, step=0)


def read_texts_of(data: DataConfig) -> Texts:
    """Reads what a model is trained on, and the dev split it is scored on.

    Args:
        data: Describes it.

    Returns:
        The texts.

    Raises:
        InputError: A split that cannot be read.
    """
    train_split, dev = load_train(data), load_split(data, "dev")
    return Texts(task_of(data), train_split, dev, data.sequence_length)


def check_teacher(teacher: SplitClassifier, texts: Texts) -> Scored:
    """Stops a run whose teacher is no better than chance on the dev split.

    Args:
        teacher: The teacher.
        texts: Have the dev split.

    Returns:
        The teacher's scores there.

    Raises:
        InputError: It is no better than chance.
    """
    dev = texts.dev
    assert dev is not None, "the jobs read one"
    scored = score_model(teacher, dev, texts.task, texts.sequence_length)
    require_better_than_chance(np.asarray(dev.labels), scored.logits)
    scores = ", ".join(f"{name} {value:.3f}" for name, value in scored.scores.items())
    _LOG.info("The teacher on %d examples of dev: %s.", len(dev), scores)
    return scored


def paths_of(data: DataConfig, augment: Iterable[Options] = ()) -> list[str]:
    """Lists the files and folders that a configuration reads its texts from."""
    read = (data.path, data.train_file, data.dev_file, data.test_file, data.unlabelled_file)
    of_methods = (entry.get("file") for entry in augment)
    paths = (*read, data.added_file, data.prepared, *of_methods)
    return [path for path in paths if isinstance(path, str)]


def start_output(config: Any, inputs: Iterable[str]) -> Path:
    """Makes the output folder and writes the configuration into it, before anything takes time.

    Args:
        config: The job's configuration, a dataclass with `output` and `overwrite`.
        inputs: What the job reads, which must not lie in the folder.

    Returns:
        The folder.

    Raises:
        InputError: It is not empty, or not ours to empty.
    """
    folder = prepare_output(config.output, config.overwrite, inputs)
    write_config(folder, config)
    return folder
