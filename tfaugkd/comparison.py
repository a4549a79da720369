"""The main job: one teacher, a student by every method, and a table of what each is worth.

It goes on where it was interrupted: what is finished is read back from the output folder.
"""

import logging
import time
from contextlib import ExitStack
from dataclasses import replace

from tfaugkd.augment import build_augmentations
from tfaugkd.classifier import SplitClassifier
from tfaugkd.comparison_config import CompareConfig
from tfaugkd.comparison_rows import comparison_rows
from tfaugkd.comparison_run import Run
from tfaugkd.comparison_setting import (
    TEACHER,
    Setting,
    is_comparison,
    require_same_setting,
    write_setting,
)
from tfaugkd.comparison_training import (
    finished_students,
    finished_teacher,
    first_teacher,
    folder_name,
    run_student,
    run_teacher,
    wanted_students,
)
from tfaugkd.compatibility import check_distillation, check_labels, check_variants
from tfaugkd.data import load_split, load_train, task_of
from tfaugkd.errors import InputError
from tfaugkd.folders import only_writer, prepare_output, require_new_folder
from tfaugkd.jobs import check_teacher, paths_of
from tfaugkd.machine import describe_machine
from tfaugkd.model_fit import check_length, check_tokens
from tfaugkd.prediction import EVALUATION_BATCH
from tfaugkd.report import Report, print_table, write_report
from tfaugkd.run_folder import write_config
from tfaugkd.saved_model import load_model
from tfaugkd.scoring import require_labels
from tfaugkd.strategy import computes
from tfaugkd.student import build_student
from tfaugkd.training_texts import Texts
from tfaugkd.typed_command import typed_command

_LOG = logging.getLogger("tfaugkd")


@computes
def compare(config: CompareConfig) -> None:
    """Trains a teacher, distils a student by every method and every seed, and writes the report.

    An output folder with a comparison of the same setting is gone on with: its finished runs are
    taken over, and give what an uninterrupted comparison gives.

    Args:
        config: The job.

    Raises:
        InputError: Data, models, methods or an output that cannot be used; see the sentences.
    """
    began = time.perf_counter()
    with ExitStack() as held:
        setting, teacher, teacher_before = _begin(config, held)
        teacher_run = teacher_before or run_teacher(setting, teacher)
        # Students learn from the saved one, so that an interruption changes nothing.
        teacher = _saved(teacher_run)
        wanted = wanted_students(setting, teacher_run)
        finished = finished_students(setting, wanted)
        taken_over = [*([teacher_before] if teacher_before else []), *finished.values()]
        if taken_over:
            also = "teacher, " if teacher_before else ""
            _LOG.info("Taken over: %s%d of %d students.", also, len(finished), len(wanted))
        students: dict[str, list[Run]] = {name: [] for name in config.methods}
        for student, made_from in wanted.items():
            run = finished.get(student) or run_student(setting, teacher, student, made_from)
            students[student.method].append(run)
        _report(setting, teacher_run, students, taken_over, began)


def _begin(config: CompareConfig, held: ExitStack) -> tuple[Setting, SplitClassifier, Run | None]:
    """Checks everything before anything is trained, then makes the output folder or goes on in it.

    Args:
        config: The job.
        held: Takes the lock on the folder.

    Returns:
        The setting, the teacher as it is so far, and its run if that is finished.
    """
    augment = [entry for method in config.methods.values() for entry in method.augment]
    inputs = [*paths_of(config.data, augment), config.teacher or config.teacher_preset]
    inputs.append(config.student.preset or "")
    begun = is_comparison(config.output)
    if begun:
        held.enter_context(only_writer(config.output))
    goes_on = begun and not config.overwrite and config.resume == "auto"
    if not goes_on:
        require_new_folder(config.output, config.overwrite, inputs)
    setting = _read(config)
    if goes_on:
        require_same_setting(setting)
    teacher_run = finished_teacher(setting) if goes_on and config.teacher is None else None
    teacher = _saved(teacher_run) if teacher_run else first_teacher(setting)
    _check_methods(config, teacher, setting.students)
    if config.teacher is not None and config.check_teacher:
        check_teacher(teacher, setting.students)
    if not goes_on:
        prepare_output(config.output, config.overwrite, inputs)
        held.enter_context(only_writer(config.output))
        write_setting(setting)
    write_config(setting.output, config)
    return setting, teacher, teacher_run


def _saved(run: Run) -> SplitClassifier:
    return SplitClassifier(load_model(run.model)[0])


def _report(
    setting: Setting,
    teacher: Run,
    students: dict[str, list[Run]],
    taken_over: list[Run],
    began: float,
) -> None:
    config = setting.config
    rows = comparison_rows(setting, teacher, students)
    compared = "pearson" if setting.students.task.regression else "accuracy"
    print_table(rows, baseline=config.baseline, compared=compared, batch_size=EVALUATION_BATCH)
    machines = [*(run.machine for run in taken_over), describe_machine()]
    report = Report(
        title=f"What each method is worth on {setting.students.task.name}",
        task=setting.students.task.name,
        rows=rows,
        baseline=config.baseline,
        split=config.split,
        split_size=len(setting.split),
        teacher_examples=None if config.teacher else len(setting.teacher_texts.train),
        student_examples=len(setting.students.train),
        seeds=config.seeds,
        machine=" and on ".join(dict.fromkeys(machines)),
        wall_time_s=time.perf_counter() - began + sum(run.wall_time_s for run in taken_over),
        command=typed_command(),
        batch_size=EVALUATION_BATCH,
        compared=compared,
        teacher=TEACHER,
        teacher_folder=config.teacher or "",
        grouped_by="film" if setting.split.groups else "",
    )
    print(f"The report is {write_report(setting.output, report)}")


def _read(config: CompareConfig) -> Setting:
    """Reads all texts first: what cannot be read stops the job before it trains anything."""
    task, dev = task_of(config.data), load_split(config.data, "dev")
    length = config.data.sequence_length
    students = Texts(task, load_train(config.data), dev, length)
    teacher_texts = students
    if config.teacher is None:
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
        teacher_texts = Texts(task, load_train(teacher_data), dev, length)
    split = load_split(config.data, config.split)
    require_labels(split)
    _LOG.info(
        "%s, %d (%d with labels) for the students, %d of %s to score on.",
        "A teacher that is there"
        if config.teacher is not None
        else f"{len(teacher_texts.train)} labelled examples for the teacher",
        *(len(students.train), students.train.labelled.sum(), len(split), config.split),
    )
    return Setting(config, teacher_texts, students, split)


def _check_methods(config: CompareConfig, teacher: SplitClassifier, students: Texts) -> None:
    """Refuses a method that cannot be trained before the first one is, which may take hours."""
    student = build_student(teacher, config.student, teacher.num_classes, config.train.seed)
    check_length("teacher", teacher, config.data.sequence_length)
    check_length("student", student, config.data.sequence_length)
    check_tokens(students.train, teacher, student, config.data.sequence_length)
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
