"""The main job: one teacher, a student by every method, and a table of what each is worth."""

import logging
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tfaugkd.augment import build_augmentations
from tfaugkd.classifier import SplitClassifier
from tfaugkd.compatibility import (
    check_distillation,
    check_labels,
    check_length,
    check_variants,
)
from tfaugkd.config import CompareConfig, MethodConfig
from tfaugkd.data import load_split, task_of
from tfaugkd.data.batches import read_inputs, tokenise
from tfaugkd.data.examples import Examples
from tfaugkd.errors import InputError
from tfaugkd.folders import require_new_folder, size_on_disk
from tfaugkd.intervals import Interval, mean_and_spread, paired_interval
from tfaugkd.jobs import check_teacher, command_line, paths_of, save_trained, start_output
from tfaugkd.latency import latency
from tfaugkd.machine import describe_machine
from tfaugkd.metrics import agreement, per_example
from tfaugkd.prediction import EVALUATION_BATCH
from tfaugkd.presets import load_classifier
from tfaugkd.report import Report, Row, print_table, write_report
from tfaugkd.saved_model import MODEL_FOLDER
from tfaugkd.scoring import Scored, require_labels, score_model
from tfaugkd.training import FINE_TUNING, Texts, Trained, build_student, train

_LOG = logging.getLogger("tfaugkd")
TEACHER = "Teacher"


@dataclass(frozen=True)
class Run:
    """One training: the model, what was measured on the way, its scores and where it is saved."""

    trained: Trained
    scored: Scored
    folder: Path


@dataclass(frozen=True)
class Setting:
    """What all rows of a comparison share."""

    config: CompareConfig
    students: Texts
    split: Examples
    output: Path


def compare(config: CompareConfig) -> None:
    """Trains a teacher, distils a student by every method and every seed, and writes the report.

    Args:
        config: The job.

    Raises:
        InputError: Data, models, methods or an output that cannot be used; see the sentences.
    """
    began = time.perf_counter()
    augment = [entry for method in config.methods.values() for entry in method.augment]
    inputs = [*paths_of(config.data, augment), config.teacher_preset, config.student.preset or ""]
    require_new_folder(config.output, config.overwrite, inputs)
    teacher_texts, students, split = _read(config)
    teacher = _new_teacher(config, teacher_texts)
    _check_methods(config, teacher, students)
    setting = Setting(config, students, split, start_output(config, inputs))
    teacher_run = _train_teacher(setting, teacher_texts, teacher)
    runs = {
        name: _train_students(setting, name, method, teacher_run.trained.model)
        for name, method in config.methods.items()
    }
    rows = _rows(setting, teacher_run, runs, len(teacher_texts.train))
    compared = "pearson" if setting.students.task.regression else "accuracy"
    print_table(rows, baseline=config.baseline, compared=compared, batch_size=EVALUATION_BATCH)
    report = Report(
        title=f"What each method is worth on {setting.students.task.name}",
        task=setting.students.task.name,
        rows=rows,
        baseline=config.baseline,
        split=config.split,
        split_size=len(setting.split),
        teacher_examples=len(teacher_texts.train),
        student_examples=len(setting.students.train),
        seeds=config.seeds,
        machine=describe_machine(),
        wall_time_s=time.perf_counter() - began,
        command=command_line(),
        batch_size=EVALUATION_BATCH,
        compared=compared,
        teacher=TEACHER,
        grouped_by="film" if setting.split.groups else "",
    )
    print(f"The report is {write_report(setting.output, report)}")


def _read(config: CompareConfig) -> tuple[Texts, Texts, Examples]:
    """Reads all texts first: what cannot be read stops the job before it trains anything."""
    # What is added is for the students: MixKD's teacher has seen no back-translations.
    teacher_data = replace(
        config.data,
        train_examples=config.teacher_examples,
        train_share=config.teacher_share,
        skip_examples=0,
        skip_share=0.0,
        labels=True,
        unlabelled_file=None,
        added_file=None,
    )
    task, dev = task_of(config.data), load_split(config.data, "dev")
    length = config.data.sequence_length
    teacher_texts = Texts(task, load_split(teacher_data, "train"), dev, length)
    students = Texts(task, load_split(config.data, "train"), dev, length)
    split = load_split(config.data, config.split)
    require_labels(split)
    _LOG.info(
        "%d labelled examples for the teacher, %d (%d with labels) for the students, %d of %s to "
        "score on.",
        *(len(teacher_texts.train), len(students.train), students.train.labelled.sum()),
        *(len(split), config.split),
    )
    return teacher_texts, students, split


def _check_methods(config: CompareConfig, teacher: SplitClassifier, students: Texts) -> None:
    """Refuses a method that cannot be trained before the first one is, which may take hours."""
    student = build_student(teacher, config.student, teacher.num_classes, config.train.seed)
    check_length("teacher", teacher, config.data.sequence_length)
    check_length("student", student, config.data.sequence_length)
    folders: dict[str, str] = {}
    for name, method in config.methods.items():
        augmentations = build_augmentations(
            method.augment, len(students.train), students.task.texts
        )
        check_distillation(teacher, student, method.loss, augmentations)
        check_variants(augmentations, students.train, config.data)
        check_labels(students.train, method.loss, augmentations, f"methods.{name}.")
        folder = folder_name(name)
        if name == TEACHER or not folder or folder in folders:
            taken = f"too much like {folders[folder]!r}" if folder in folders else "not free"
            raise InputError(f"The name {name!r} in methods is {taken}; choose another one.")
        folders[folder] = name


def _new_teacher(config: CompareConfig, texts: Texts) -> SplitClassifier:
    keras.utils.set_random_seed(config.teacher_train.seed)
    classes = max(1, len(texts.train.label_names))
    return SplitClassifier(load_classifier(config.teacher_preset, classes, config.teacher_pooling))


def _train_teacher(setting: Setting, texts: Texts, model: SplitClassifier) -> Run:
    config = setting.config
    _LOG.info(
        "Teacher: fine-tuning %s, %d steps.", config.teacher_preset, config.teacher_train.steps
    )
    folder = setting.output / "teacher"
    trained = train(None, model, texts, FINE_TUNING, config.teacher_train, folder / "logs")
    if config.check_teacher:
        check_teacher(model, texts)
    return _scored_and_saved(setting, texts, FINE_TUNING, TEACHER, trained, folder, "")


def _train_students(
    setting: Setting, name: str, method: MethodConfig, teacher: SplitClassifier
) -> list[Run]:
    return [_train_student(setting, name, method, teacher, seed) for seed in setting.config.seeds]


def _train_student(
    setting: Setting, name: str, method: MethodConfig, teacher: SplitClassifier, seed: int
) -> Run:
    config = setting.config
    _LOG.info("%s, seed %d: %d steps.", name, seed, config.train.steps)
    student = build_student(teacher, config.student, teacher.num_classes, seed)
    folder = setting.output / "students" / folder_name(name) / f"seed_{seed}"
    asks_teacher = method.loss.soft > 0 or bool(method.augment)
    trained = train(
        teacher if asks_teacher else None,
        student,
        setting.students,
        method,
        replace(config.train, seed=seed),
        folder / "logs",
    )
    taught_by = str(setting.output / "teacher") if asks_teacher else ""
    return _scored_and_saved(setting, setting.students, method, name, trained, folder, taught_by)


def _scored_and_saved(
    setting: Setting,
    texts: Texts,
    method: MethodConfig,
    name: str,
    trained: Trained,
    folder: Path,
    teacher: str,
) -> Run:
    split = setting.split
    scored = score_model(trained.model, split, texts.task, texts.sequence_length)
    of_split = (setting.config.split, len(split))
    save_trained(
        folder / MODEL_FOLDER, trained.model, texts, method, name, scored, *of_split, teacher
    )
    scores = ", ".join(f"{metric} {value:.3f}" for metric, value in scored.scores.items())
    _LOG.info("%s: %s; %.2f s a step.", name, scores, trained.seconds_per_step)
    return Run(trained, scored, folder)


def folder_name(method: str) -> str:
    """Turns a method's name into a folder's: "KD + AugPro-Mix" into "kd_augpro-mix"."""
    kept = "".join(c if c.isalnum() or c == "-" else " " for c in method.lower())
    return "_".join(kept.split())


def _rows(
    setting: Setting, teacher: Run, runs: dict[str, list[Run]], teacher_examples: int
) -> list[Row]:
    config = setting.config
    baseline = _right(setting, runs[config.baseline])
    first = _row(setting, TEACHER, [teacher], teacher, None)
    first = replace(
        first, labelled_examples=teacher_examples, steps=config.teacher_train.steps, agreement=None
    )
    others = []
    for name, of_method in runs.items():
        interval = None
        if name != config.baseline:
            groups = setting.split.groups
            interval = paired_interval(_right(setting, of_method), baseline, groups=groups)
        others.append(_row(setting, name, of_method, teacher, interval))
    return [first, *others]


def _right(setting: Setting, runs: list[Run]) -> np.ndarray:
    """Gives for each example the share of the seeds whose student is right, `[N]`."""
    labels = np.asarray(setting.split.labels)
    return np.mean([per_example(labels, run.scored.logits) for run in runs], axis=0)


def _row(
    setting: Setting, name: str, runs: list[Run], teacher: Run, interval: Interval | None
) -> Row:
    means = {
        metric: mean_and_spread([run.scored.scores[metric] for run in runs])
        for metric in runs[0].scored.scores
    }
    trained = [run.trained for run in runs]
    one, batch = _latencies(trained[0].model, setting.split, setting.students.sequence_length)
    return Row(
        name=name,
        parameters=trained[0].model.parameter_count,
        size_bytes=size_on_disk(runs[0].folder / MODEL_FOLDER),
        scores={metric: mean for metric, (mean, _) in means.items()},
        spread={metric: spread for metric, (_, spread) in means.items()} if len(runs) > 1 else {},
        interval=interval,
        agreement=float(
            np.mean([agreement(run.scored.logits, teacher.scored.logits) for run in runs])
        ),
        labelled_examples=int(setting.students.train.labelled.sum()),
        steps=setting.config.train.steps,
        seconds_per_step=float(np.median([one_run.seconds_per_step for one_run in trained])),
        latency_one_s=one,
        latency_batch_s=batch,
        degree=_means([one_run.degree for one_run in trained]),
        distinct=_means(
            [{key: found.distinct for key, found in t.audits.items()} for t in trained]
        ),
    )


def _means(values: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([each[name] for each in values])) for name in values[0]}


def _latencies(
    model: SplitClassifier, examples: Examples, sequence_length: int
) -> tuple[float, float]:
    """Times the model, compiled, on one tokenised text and on a batch; seconds."""
    medians = []
    for size in (1, EVALUATION_BATCH):
        texts = examples.take(np.arange(size) % len(examples))
        arrays = tokenise(model.classifier.preprocessor, texts, sequence_length)
        tokens = read_inputs({name: tf.constant(rows) for name, rows in arrays.items()}).student
        medians.append(latency(partial(model.compiled_logits, tokens)).median_s)
    return medians[0], medians[1]
