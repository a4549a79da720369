"""About how long a plan takes, said before it begins: operations counted, speed measured."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tfaugkd.comparison_config import CompareConfig
from tfaugkd.comparison_run import RUN_FILE
from tfaugkd.comparison_training import Student, student_folder
from tfaugkd.config import MethodConfig
from tfaugkd.data import load_split
from tfaugkd.job_configs import TeacherConfig
from tfaugkd.reproduce.plan import Plan
from tfaugkd.reproduce.scale import Encoder, encoder_of_preset
from tfaugkd.train_config import TrainConfig

# Loading, tracing, compiling, saving and timing a model; on two cores, whatever its steps.
_SECONDS_A_RUN = 40.0
# What a step reaches of a plain matrix product's speed.
_REACHED = 0.6
_ROWS = 1024


def describe_cost(plan: Plan) -> str:
    """Says what a plan runs, and about how long it takes on this machine.

    Args:
        plan: The plan.

    Returns:
        A sentence.
    """
    teachers = {job.output: job for job in _teachers(plan)}
    waiting_teachers = [job for job in teachers.values() if not is_finished_teacher(job)]
    speed = matmul_speed()
    seconds = sum(_teacher_seconds(job, speed) for job in waiting_teachers)
    students, waiting = _students(plan), 0
    for job in students:
        names = [name for name in job.methods for seed in job.seeds if _waits(job, name, seed)]
        waiting += len(names)
        if names:
            preset = teachers[job.teacher or ""].preset
            seconds += sum(_student_seconds(job, names, preset, speed))
    wanted = len(teachers) + sum(len(job.methods) * len(job.seeds) for job in students)
    left = len(waiting_teachers) + waiting
    return (
        f"{plan.exhibit.name}: {left} of {wanted} models to train, about {duration(seconds)} on "
        f"this machine ({speed / 1e9:.0f} GFLOP/s by a matrix product)."
    )


def duration(seconds: float) -> str:
    """Writes an estimate of time in the unit that suits it."""
    if seconds < 5400:
        minutes = max(1, round(seconds / 60))
        return f"{minutes} minute{'' if minutes == 1 else 's'}"
    return f"{seconds / 3600:,.1f} hours" if seconds < 360000 else f"{seconds / 86400:,.0f} days"


def is_finished_teacher(job: TeacherConfig) -> bool:
    """Tells whether a teacher was trained to the end; its scores are written last."""
    return (Path(job.output) / "scores.json").is_file()


def matmul_speed() -> float:
    """Measures operations per second of a matrix product in float32."""
    left = np.ones((_ROWS, _ROWS), np.float32)
    left @ left
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < 0.2:
        left @ left
        count += 1
    return 2 * _ROWS**3 * count / (time.perf_counter() - began)


def forward_operations(encoder: Encoder, layers: int, texts: int, length: int) -> float:
    """Counts the operations of a forward pass: products with weights, and attention."""
    width = encoder.width
    weights = 4 * width**2 + encoder.feed_forward * width
    return layers * texts * length * (2 * weights + 4 * length * width)


def step_operations(method: MethodConfig, teacher: float, student: float, search: float) -> float:
    """Counts the operations of a training step.

    Args:
        method: Loss and augmentations.
        teacher: Operations of the teacher's forward pass over the batch.
        student: The same for the student; a backward pass counts twice.
        search: Operations of a search of the whole vocabulary for each token.

    Returns:
        The operations.
    """
    counted = 3 * student + (teacher if method.loss.soft or method.loss.deep.weighs else 0.0)
    for entry in method.augment:
        name, shown = entry["name"], entry.get("ratio", 1)
        reads_clean = name in ("fgsm", "pga")
        asked = teacher if entry.get("soft", 1.0) and not reads_clean else 0.0
        counted += shown * (3 * student + asked)
        if "pga" in name:
            counted += entry.get("steps", 1) * 3 * student
        if name in ("augpro_fgsm", "augpro_pga"):
            counted += search
    return counted


def _teachers(plan: Plan) -> list[TeacherConfig]:
    return [*plan.teachers.values(), *(each.teacher for each in plan.comparisons)]


def _students(plan: Plan) -> list[CompareConfig]:
    return [each.students for each in plan.comparisons]


def _waits(job: CompareConfig, name: str, seed: int) -> bool:
    return not (student_folder(job.output, Student(name, seed)) / RUN_FILE).is_file()


def _steps(train: TrainConfig, examples: int | None) -> TrainConfig:
    return train if train.epochs is None or examples is None else train.planned(examples)


def _teacher_seconds(job: TeacherConfig, speed: float) -> float:
    train = _steps(job.train, _examples(job))
    encoder = encoder_of_preset(job.preset)
    forward = forward_operations(
        encoder, encoder.layers, train.batch_size, job.data.sequence_length
    )
    return _SECONDS_A_RUN + train.steps * 3 * forward / (_REACHED * speed)


def _student_seconds(
    job: CompareConfig, names: list[str], preset: str, speed: float
) -> Iterator[float]:
    train, length = _steps(job.train, _examples(job)), job.data.sequence_length
    big = encoder_of_preset(preset)
    own = encoder_of_preset(job.student.preset) if job.student.preset else big
    layers, batch = job.student.layers or own.layers, train.batch_size
    for name in names:
        operations = step_operations(
            job.methods[name],
            teacher=forward_operations(big, big.layers, batch, length),
            student=forward_operations(own, layers, batch, length),
            search=2.0 * batch * length * own.vocabulary * own.width,
        )
        yield _SECONDS_A_RUN + train.steps * operations / (_REACHED * speed)


def _examples(job: TeacherConfig | CompareConfig) -> int | None:
    # Only a run that is told in passes has to know.
    return len(load_split(job.data, "train")) if job.train.epochs is not None else None
