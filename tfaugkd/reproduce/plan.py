"""What has to be run for a table: its cells as students of comparisons, each with one teacher."""

import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from tfaugkd.comparison_config import CompareConfig
from tfaugkd.data.glue import find_folder
from tfaugkd.data.load import training_ids
from tfaugkd.data.tasks import find_task
from tfaugkd.errors import InputError
from tfaugkd.job_configs import TeacherConfig
from tfaugkd.plain_json import plain
from tfaugkd.reproduce.config import ReproduceConfig
from tfaugkd.reproduce.exhibits import Cell, Exhibit
from tfaugkd.reproduce.experiment import Experiment, files_of, paper_experiment
from tfaugkd.reproduce.scale import encoder_of_preset, small_experiment

_DIGITS = 8


class Place(NamedTuple):
    """Where a cell stands: the task, the row and the column (empty where columns are tasks)."""

    task: str
    row: str
    column: str

    @property
    def title(self) -> str:
        """The place, for people."""
        return ", ".join(part for part in self if part)


@dataclass(frozen=True)
class Comparison:
    """Students that share a teacher, texts, a model and an optimisation.

    Args:
        teacher: The teacher's job.
        students: The students' job.
        names: For each place the name of its method in that job.
    """

    teacher: TeacherConfig
    students: CompareConfig
    names: dict[Place, str]


@dataclass(frozen=True)
class Plan:
    """All that a table needs.

    Args:
        exhibit: The table or figure.
        folder: Where its results go.
        experiments: The experiment of each place that is run.
        left_out: Why others are not.
        comparisons: The students, by what they share.
        teachers: The teacher's job of each place that shows the teacher itself.
        made: For each file of variants that is to be written the cell that says how.
    """

    exhibit: Exhibit
    folder: Path
    experiments: dict[Place, Experiment]
    left_out: dict[Place, str]
    comparisons: list[Comparison]
    teachers: dict[Place, TeacherConfig]
    made: dict[str, Cell] = field(default_factory=dict)

    @property
    def tasks(self) -> list[str]:
        """The tasks, in order."""
        return list(dict.fromkeys(place.task for place in [*self.experiments, *self.left_out]))


def make_plan(exhibit: Exhibit, config: ReproduceConfig) -> Plan:
    """Works out what is run for a table or figure.

    Args:
        exhibit: The table or figure.
        config: The job.

    Returns:
        The plan.

    Raises:
        InputError: A task, a row, a config or data that is not there.
    """
    root = Path(config.output) / config.scale
    experiments: dict[Place, Experiment] = {}
    left_out: dict[Place, str] = {}
    made: dict[str, Cell] = {}
    counts: dict[str, int] = {}
    for task in _tasks(exhibit, config):
        for place, cell in _cells(exhibit, config, task).items():
            experiment = None if cell.reason else _experiment(exhibit, cell, place, config, counts)
            if experiment is not None and cell.makes:
                experiment, file = _reading(experiment, root / exhibit.paper / task)
                made[file] = cell
            reason = cell.reason or _obstacle(cell, experiment, config.scale, made)
            if reason:
                left_out[place] = reason
            else:
                assert experiment is not None, "it is there where nothing is in the way"
                experiments[place] = experiment
    if not experiments:
        where, why = next(iter(left_out.items()))
        raise InputError(f"Nothing of {exhibit.name} can be run; {where.title}: {why}.")
    comparisons, teachers = _grouped(exhibit, config, root, experiments)
    folder = root / exhibit.name
    return Plan(exhibit, folder, experiments, left_out, comparisons, teachers, made)


def _tasks(exhibit: Exhibit, config: ReproduceConfig) -> list[str]:
    if config.tasks is not None:
        names = [name.strip() for name in config.tasks.split(",") if name.strip()]
        return list(dict.fromkeys(_task_name(name) for name in names))
    found = [task for task in exhibit.tasks if _is_there(task, config)]
    if not found:
        raise InputError(
            f"None of the tasks of {exhibit.name} ({', '.join(exhibit.tasks)}) is in "
            f"data.path {config.data.path!r}; name those that are, as in --tasks sst2,rte."
        )
    return found


def _task_name(name: str) -> str:
    return "gad" if name.lower() == "gad" else find_task(name).name


def _is_there(task: str, config: ReproduceConfig) -> bool:
    if config.data.path is None or task == "gad":
        return True
    try:
        find_folder(config.data.path, find_task(task))
    except InputError:
        return False
    return True


def _cells(exhibit: Exhibit, config: ReproduceConfig, task: str) -> dict[Place, Cell]:
    for row in config.rows or ():
        if row not in exhibit.rows:
            raise InputError(
                f"rows names {row!r}, but the rows of {exhibit.name} are: "
                f"{', '.join(exhibit.rows)}."
            )
    wanted = config.rows or exhibit.rows
    cells = exhibit.cells(task)
    return {Place(task, *at): cell for at, cell in cells.items() if at[0] in wanted}


def _experiment(
    exhibit: Exhibit, cell: Cell, place: Place, config: ReproduceConfig, counts: dict[str, int]
) -> Experiment:
    """Makes the experiment of a cell; `counts` keeps how many texts a task has."""
    experiment = paper_experiment(exhibit, cell, place.task, config.data, config.configs)
    if config.scale == "paper":
        return experiment
    if place.task not in counts:
        alone = replace(experiment.data, added_file=None, unlabelled_file=None)
        counts[place.task] = min(config.small.examples, len(training_ids(alone)))
    depth = encoder_of_preset(config.small.preset).layers
    return small_experiment(experiment, config.small, depth, counts[place.task])


def _reading(experiment: Experiment, folder: Path) -> tuple[Experiment, str]:
    """Has an experiment read the file of variants that is written for it."""
    file = str(folder / Path(files_of(experiment)[0]).name)
    if experiment.data.added_file is not None:
        return replace(experiment, data=replace(experiment.data, added_file=file)), file
    assert experiment.method is not None, "the file is one of its augmentations'"
    augment = [
        entry | {"file": file} if "file" in entry else entry for entry in experiment.method.augment
    ]
    return replace(experiment, method=replace(experiment.method, augment=augment)), file


def _obstacle(cell: Cell, experiment: Experiment | None, scale: str, made: dict[str, Cell]) -> str:
    if cell.scale not in (None, scale):
        return f"there is nothing like it at the scale {scale}"
    missing = [file for file in files_of(experiment) if file not in made] if experiment else []
    missing = [file for file in missing if not Path(file).is_file()]
    return f"it reads {missing[0]}, which is not there" if missing else ""


def _grouped(
    exhibit: Exhibit, config: ReproduceConfig, root: Path, experiments: dict[Place, Experiment]
) -> tuple[list[Comparison], dict[Place, TeacherConfig]]:
    groups: dict[str, dict[Place, Experiment]] = {}
    teachers = {}
    for place, each in experiments.items():
        # The papers share a teacher where theirs is the same one at the small scale.
        teacher = _placed(each.teacher, root / "teachers", place.task)
        if each.method is None:
            teachers[place] = teacher
            continue
        placed = replace(each, teacher=teacher)
        shared = [place.task, teacher, each.data, each.student, each.train]
        groups.setdefault(_digest(plain(shared)), {})[place] = placed
    folder = root / exhibit.paper
    comparisons = [
        _comparison(exhibit, config, folder, digest, members) for digest, members in groups.items()
    ]
    return comparisons, teachers


def _comparison(
    exhibit: Exhibit,
    config: ReproduceConfig,
    folder: Path,
    digest: str,
    members: dict[Place, Experiment],
) -> Comparison:
    task, first = next(iter(members)).task, next(iter(members.values()))
    methods = {each.name: each.method for each in members.values() if each.method is not None}
    students = CompareConfig(
        methods=methods,
        data=first.data,
        teacher=first.teacher.output,
        student=first.student,
        train=first.train,
        baseline=members[_baseline(exhibit, list(members))].name,
        split="dev",
        seeds=config.seeds,
        # What the teacher is worth stands in the table; at the small scale it may be little.
        check_teacher=False,
        output=str(folder / task / f"students_{digest}"),
    )
    names = {place: each.name for place, each in members.items()}
    return Comparison(first.teacher, students, names)


def _baseline(exhibit: Exhibit, places: list[Place]) -> Place:
    for name in exhibit.baseline:
        for place in places:
            if name in (place.row, place.column):
                return place
    return places[0]


def _placed(teacher: TeacherConfig, folder: Path, task: str) -> TeacherConfig:
    digest = _digest(plain(replace(teacher, output="")))
    return replace(teacher, output=str(folder / f"{task}_{digest}"))


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:_DIGITS]
