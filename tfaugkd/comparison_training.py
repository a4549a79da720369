"""The trainings of a comparison: the teacher, and a student by every method with every seed."""

import gc
import logging
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from tfaugkd.classifier import SplitClassifier
from tfaugkd.comparison_run import Run, read_run, start_run, write_run
from tfaugkd.comparison_setting import TEACHER, Setting
from tfaugkd.config import MethodConfig
from tfaugkd.confusion import confusion_of
from tfaugkd.fingerprint import folder_fingerprint
from tfaugkd.finished_model import save_trained
from tfaugkd.job_fingerprint import method_fingerprint
from tfaugkd.jobs import check_teacher
from tfaugkd.machine import describe_machine
from tfaugkd.model_fit import check_fit
from tfaugkd.presets import load_classifier
from tfaugkd.run_folder import LOGS_FOLDER, exact_resume
from tfaugkd.saved_model import MODEL_FOLDER, load_model, model_path
from tfaugkd.scoring import score_model
from tfaugkd.student import build_student
from tfaugkd.training import FINE_TUNING, Trained, train
from tfaugkd.training_texts import Texts

_LOG = logging.getLogger("tfaugkd")


class Student(NamedTuple):
    """A student of a comparison: the name of its method, and its seed."""

    method: str
    seed: int

    @property
    def title(self) -> str:
        """The student, for people."""
        return f"{self.method}, seed {self.seed}"


def folder_name(method: str) -> str:
    """Turns a method's name into a folder's: "KD + AugPro-Mix" into "kd_augpro-mix"."""
    kept = "".join(c if c.isalnum() or c == "-" else " " for c in method.lower())
    return "_".join(kept.split())


def first_teacher(setting: Setting) -> SplitClassifier:
    """Gives the teacher as it is before anything is trained: a given one, or one to fine-tune.

    Args:
        setting: The setting.

    Returns:
        The teacher.

    Raises:
        InputError: It cannot be loaded, or does not fit the data.
    """
    config, texts = setting.config, setting.teacher_texts
    if config.teacher is not None:
        classifier, facts = load_model(config.teacher)
        teacher = SplitClassifier(classifier)
        check_fit("teacher", teacher, facts, texts.train)
        return teacher
    keras.utils.set_random_seed(config.teacher_train.seed)
    classes = max(1, len(texts.train.label_names))
    return SplitClassifier(load_classifier(config.teacher_preset, classes, config.teacher_pooling))


def finished_teacher(setting: Setting) -> Run | None:
    """Reads back the teacher that an interrupted comparison has fine-tuned, if it got that far."""
    return read_run(setting.output / "teacher", setting.fingerprint, TEACHER)


def run_teacher(setting: Setting, teacher: SplitClassifier) -> Run:
    """Fine-tunes the teacher and saves it; a given one is scored as it is.

    Args:
        setting: The setting.
        teacher: What `first_teacher` gave; its weights change.

    Returns:
        What came of it.

    Raises:
        InputError: It is no better than chance.
    """
    config, texts = setting.config, setting.teacher_texts
    if config.teacher is not None:
        scored = score_model(teacher, setting.split, texts.task, texts.sequence_length)
        return Run(model_path(config.teacher), scored)
    steps = config.teacher_train.planned(len(texts.train)).steps
    _LOG.info("Teacher: fine-tuning %s, %d steps.", config.teacher_preset, steps)
    began, folder = time.perf_counter(), setting.output / "teacher"
    start_run(folder, setting.fingerprint, TEACHER)
    optimisation, logs = config.teacher_train, folder / LOGS_FOLDER
    resume = exact_resume(folder, optimisation)
    trained = train(None, teacher, texts, FINE_TUNING, optimisation, logs, [resume])
    if config.check_teacher:
        check_teacher(teacher, texts)
    run = _scored_and_saved(setting, texts, FINE_TUNING, TEACHER, trained, folder, "")
    return _finished(run, setting.fingerprint, began)


def wanted_students(setting: Setting, teacher: Run) -> dict[Student, dict[str, Any]]:
    """Lists the students of a comparison, each with everything that determines it.

    Args:
        setting: The setting.
        teacher: The teacher.

    Returns:
        For each student plain values.
    """
    shared = setting.fingerprint | {"taught_by": folder_fingerprint(teacher.model)}
    return {
        Student(name, seed): shared | {"method": method_fingerprint(method), "seed": seed}
        for name, method in setting.config.methods.items()
        for seed in setting.config.seeds
    }


def finished_students(
    setting: Setting, wanted: dict[Student, dict[str, Any]]
) -> dict[Student, Run]:
    """Reads back those students that need not be trained again.

    Args:
        setting: The setting.
        wanted: What `wanted_students` gave.

    Returns:
        The runs of those that are finished.
    """
    found = {
        student: read_run(student_folder(setting.output, student), made_from, student.title)
        for student, made_from in wanted.items()
    }
    return {student: run for student, run in found.items() if run is not None}


def run_student(
    setting: Setting, teacher: SplitClassifier, student: Student, made_from: dict[str, Any]
) -> Run:
    """Trains a student, scores it and saves it.

    Args:
        setting: The setting.
        teacher: The teacher.
        student: Which one.
        made_from: Everything that determines it.

    Returns:
        What came of it. The model itself is freed: there may be many.
    """
    config, folder = setting.config, student_folder(setting.output, student)
    method = config.methods[student.method]
    steps = config.train.planned(len(setting.students.train)).steps
    _LOG.info("%s: %d steps.", student.title, steps)
    began = time.perf_counter()
    start_run(folder, made_from, student.title)
    trained = train(
        teacher if method.asks_teacher else None,
        build_student(teacher, config.student, teacher.num_classes, student.seed),
        setting.students,
        method,
        replace(config.train, seed=student.seed),
        folder / LOGS_FOLDER,
        [exact_resume(folder, config.train)],
    )
    taught_by = config.teacher or str(setting.output / "teacher")
    run = _scored_and_saved(
        setting,
        setting.students,
        method,
        student.method,
        trained,
        folder,
        taught_by if method.asks_teacher else "",
    )
    del trained
    gc.collect()  # A model is held in cycles.
    return _finished(run, made_from, began)


def student_folder(output: str | Path, student: Student) -> Path:
    """Gives the folder of a student in a comparison's output."""
    return Path(output) / "students" / folder_name(student.method) / f"seed_{student.seed}"


def _scored_and_saved(
    setting: Setting,
    texts: Texts,
    method: MethodConfig,
    name: str,
    trained: Trained,
    folder: Path,
    teacher: str,
) -> Run:
    model, split = folder / MODEL_FOLDER, setting.split
    scored = score_model(trained.model, split, texts.task, texts.sequence_length)
    of_split = (setting.config.split, len(split))
    save_trained(model, trained.model, texts, method, name, scored, *of_split, teacher)
    scores = ", ".join(f"{metric} {value:.3f}" for metric, value in scored.scores.items())
    _LOG.info("%s: %s; %.2f s a step.", name, scores, trained.seconds_per_step)
    return Run(
        model,
        scored,
        trained.seconds_per_step,
        trained.degree,
        trained.audits,
        trained.last_means,
        confusion=confusion_of(np.asarray(split.labels), scored.logits),
    )


def _finished(run: Run, made_from: dict[str, Any], began: float) -> Run:
    """Adds where and how long it ran, and writes that down: from now on it is taken over."""
    seconds = time.perf_counter() - began
    run = replace(run, machine=describe_machine(), wall_time_s=seconds)
    write_run(run, made_from)
    return run
