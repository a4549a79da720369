"""From a cell of a table to what is trained for it: the paper's config, on a task, at a scale."""

import shlex
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from tfaugkd.command_line import read_config
from tfaugkd.comparison_config import CompareConfig
from tfaugkd.config import MethodConfig, Objective, StudentConfig
from tfaugkd.data.tasks import TASKS, plain_spelling
from tfaugkd.data_config import DataConfig
from tfaugkd.errors import InputError
from tfaugkd.job_configs import TeacherConfig
from tfaugkd.reproduce.config import SourceConfig
from tfaugkd.reproduce.exhibits import Cell, Exhibit
from tfaugkd.train_config import TrainConfig

# A run is watched so often, where a figure shows it over its steps (DA-for-KD, Figures 2 to 4).
WATCHED = {"da_for_kd": 5}
_GAD = "gad"
# Tasks that are read from files of one's own.
_OF_FILES = (_GAD, "custom")
_LABELS_ALONE = MethodConfig(loss=Objective(hard=1.0, soft=0.0))


@dataclass(frozen=True)
class Experiment:
    """What is trained for a cell.

    Args:
        name: The config, and the method in it; the same experiment has the same name everywhere.
        teacher: How the teacher is fine-tuned. Its output is not decided yet.
        data: What the student sees.
        student: Where the student comes from.
        train: The student's optimisation; the seed is not decided yet.
        method: Loss and augmentations; None where the cell is the teacher itself.
    """

    name: str
    teacher: TeacherConfig
    data: DataConfig
    student: StudentConfig
    train: TrainConfig
    method: MethodConfig | None


def paper_experiment(
    exhibit: Exhibit, cell: Cell, task: str, source: SourceConfig, configs: str | Path
) -> Experiment:
    """Reads the experiment of a cell at the paper's own scale.

    Args:
        exhibit: The table or figure.
        cell: The cell; has a config.
        task: The task.
        source: Where its texts come from.
        configs: Folder of the papers' configs.

    Returns:
        The experiment.

    Raises:
        InputError: A config is not there or cannot be used.
    """
    folder = Path(configs) / exhibit.paper
    config = read_paper_config(folder, cell.config)
    teacher = _teacher(folder, config, exhibit, cell)
    told = _Told.of(config, cell)
    data = replace(_on_task(told.data, task, source), **_shares(told.data, cell.share))
    of_teacher = replace(
        _on_task(teacher.data, task, source), **_shares(teacher.data, cell.teacher_share)
    )
    method = told.method and _for_task(told.method, task)
    return Experiment(
        name=cell.config if cell.method is None else f"{cell.config} {cell.method}",
        teacher=replace(teacher, data=of_teacher, output=""),
        data=_with_files(data, source, task),
        student=told.student,
        train=_watched(told.train, WATCHED.get(exhibit.paper)),
        method=None if cell.config == _stem(teacher) else _with_variants(method, source, task),
    )


@dataclass(frozen=True)
class _Told:
    """What the three kinds of config say of a student."""

    data: DataConfig
    student: StudentConfig
    train: TrainConfig
    method: MethodConfig

    @classmethod
    def of(cls, config: Any, cell: Cell) -> "_Told":
        if isinstance(config, TeacherConfig):
            # A student that is fine-tuned alone, from a preset of its own.
            student = StudentConfig(preset=config.preset, pooling=config.pooling)
            return cls(config.data, student, config.train, _LABELS_ALONE)
        if isinstance(config, CompareConfig):
            if cell.method not in config.methods:
                raise InputError(
                    f"{cell.config}.yaml has no method {cell.method!r}; it has: "
                    f"{', '.join(config.methods)}."
                )
            return cls(config.data, config.student, config.train, config.methods[cell.method])
        method = MethodConfig(config.loss, config.augment, config.teacher_dropout)
        return cls(config.data, config.student, config.train, method)


@cache
def read_paper_config(folder: Path, stem: str) -> Any:
    """Reads a config by the command in its first line.

    Args:
        folder: The paper's folder.
        stem: The file's name without its ending.

    Returns:
        The config of its job.

    Raises:
        InputError: It is not there, or cannot be used.
    """
    path = folder / f"{stem}.yaml"
    try:
        header = path.read_text(encoding="utf-8").partition("\n")[0]
    except OSError as error:
        raise InputError(
            f"Cannot read {path}: {error.strerror}. --configs names the folder of the papers' "
            "configs, which the repository has."
        ) from error
    job = shlex.split(header.removeprefix("#"))[1]
    return read_config(job, ["--config", str(path)])


def _teacher(folder: Path, config: Any, exhibit: Exhibit, cell: Cell) -> TeacherConfig:
    """Finds who teaches: outputs/PAPER/NAME is what configs/PAPER/NAME.yaml makes."""
    taught_by = getattr(config, "teacher", None)
    stem = exhibit.teacher if taught_by is None else Path(taught_by).name
    teacher = read_paper_config(folder, stem)
    assert isinstance(teacher, TeacherConfig), f"{stem}.yaml makes a teacher"
    return teacher


def _stem(teacher: TeacherConfig) -> str:
    return Path(teacher.output).name


def _on_task(data: DataConfig, task: str, source: SourceConfig) -> DataConfig:
    """Reads another task; what a config says of files of one's own is for GAD alone."""
    files: dict[str, Any] = {"train_file": source.train_file, "dev_file": source.dev_file}
    if task == _GAD:
        _require_files(source, task)
        return replace(data, path=None, **files)
    own: dict[str, Any] = dict.fromkeys(("header", "text_a", "text_b", "label"))
    own |= {"task": task, "protect": []}
    if task in _OF_FILES:
        _require_files(source, task)
        return replace(data, **own, path=None, **files)
    return replace(data, **own, path=source.path, train_file=None, dev_file=None)


def _require_files(source: SourceConfig, task: str) -> None:
    if source.train_file is None or source.dev_file is None:
        raise InputError(
            f"The task {task} is read from files: give --data.train_file and --data.dev_file."
        )


def _shares(data: DataConfig, share: float | None) -> dict[str, Any]:
    wanted = data.train_share if share is None else share
    return {"train_share": None if wanted == 1 else wanted}


def _for_task(method: MethodConfig, task: str) -> MethodConfig:
    """Compares scores by their square, which have no classes (AD2 does the same)."""
    known = TASKS.get(plain_spelling(task))
    if known is None or not known.regression or method.loss.distance == "mse":
        return method
    return replace(method, loss=replace(method.loss, distance="mse", temperature=1.0))


def _watched(train: TrainConfig, points: int | None) -> TrainConfig:
    if points is None or train.epochs is not None or train.evaluate_every is not None:
        return train
    every = train.steps // points if train.steps % points == 0 else None
    return replace(train, evaluate_every=every)


def _with_files(data: DataConfig, source: SourceConfig, task: str) -> DataConfig:
    moved: dict[str, Any] = {
        key: variants_file(source, task, getattr(data, key))
        for key in ("added_file", "unlabelled_file")
        if getattr(data, key) is not None
    }
    return replace(data, **moved)


def _with_variants(method: MethodConfig, source: SourceConfig, task: str) -> MethodConfig:
    augment = [
        entry | {"file": variants_file(source, task, entry["file"])} if "file" in entry else entry
        for entry in method.augment
    ]
    return replace(method, augment=augment)


def variants_file(source: SourceConfig, task: str, written: str) -> str:
    """Says where a task's file of variants is to be found.

    Args:
        source: Names the folder.
        task: The task.
        written: Where the paper's config has it.

    Returns:
        The path, of a file that need not exist.
    """
    return str(Path(source.variants or "variants") / task / Path(written).name)


def files_of(experiment: Experiment) -> list[str]:
    """Lists the files of variants that an experiment reads."""
    entries = experiment.method.augment if experiment.method else []
    files = [experiment.data.added_file, experiment.data.unlabelled_file]
    return [path for path in [*files, *(entry.get("file") for entry in entries)] if path]
