"""The report of a comparison: a page to read, a picture and the numbers."""

import dataclasses
from collections.abc import Sequence
from math import nan
from pathlib import Path
from typing import Any

from tfaugkd.errors import InputError
from tfaugkd.folders import write_text
from tfaugkd.intervals import Interval
from tfaugkd.plain_json import read_json, write_json
from tfaugkd.plot import draw_comparison
from tfaugkd.table import Row, markdown_table, print_table

__all__ = ["Report", "Row", "markdown_table", "print_table", "write_report"]


@dataclasses.dataclass(frozen=True)
class Report:
    """A comparison and how it came about.

    Args:
        title: Headline of the page.
        task: The task, as people name it.
        rows: The methods and the teacher, in the order to print.
        baseline: Name of the row that the others are compared with.
        split: Name of the split that was scored.
        split_size: Examples in it.
        teacher_examples: Labelled examples that the teacher was trained on; None for one that was
            there already.
        student_examples: Examples that the students were trained on.
        seeds: Each method was run once with each of these.
        machine: Processor, cores and library versions.
        wall_time_s: Seconds that the whole comparison took.
        command: What to type to run it again.
        batch_size: Texts in the batch that was timed.
        compared: Metric of the intervals and of the picture.
        teacher: Name of the teacher's row, if there is one.
        teacher_folder: Where a teacher that was there already lies.
        grouped_by: What the intervals take as one draw, such as "film"; every example by itself if
            empty.
    """

    title: str
    task: str
    rows: Sequence[Row]
    baseline: str
    split: str
    split_size: int
    teacher_examples: int | None
    student_examples: int
    seeds: Sequence[int]
    machine: str
    wall_time_s: float
    command: str
    batch_size: int
    compared: str = "accuracy"
    teacher: str | None = "Teacher"
    teacher_folder: str = ""
    grouped_by: str = ""


def write_report(folder: str | Path, report: Report) -> Path:
    """Writes report.md, comparison.png and rows.json.

    Args:
        folder: Where to; made if needed, files of these names are replaced.
        report: What to write.

    Returns:
        The path of report.md, which is written last.
    """
    folder = Path(folder)
    draw_comparison(
        folder / "comparison.png",
        report.rows,
        metric=report.compared,
        baseline=report.baseline,
        teacher=report.teacher,
        split=report.split,
    )
    write_json(folder / "rows.json", report)
    write_text(folder / "report.md", _page(report))
    return folder / "report.md"


def read_report(folder: str | Path) -> Report:
    """Reads the numbers of a comparison back.

    Args:
        folder: Where `write_report` wrote them.

    Returns:
        The report.

    Raises:
        InputError: They cannot be read.
    """
    path = Path(folder) / "rows.json"
    found = read_json(path, "the numbers of a comparison")
    try:
        return Report(**found | {"rows": [_row_of(row) for row in found["rows"]]})
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} does not hold the numbers of a comparison: {error}.") from error


def _row_of(found: dict[str, Any]) -> Row:
    # JSON has no nan: null was written for it.
    known = {key: value for key, value in found.items() if value is not None}
    for key in ("scores", "spread", "interval"):
        if key in known:
            known[key] = {name: nan if v is None else v for name, v in known[key].items()}
    if "interval" in known:
        known["interval"] = Interval(**known["interval"])
    return Row(**known)


def _page(report: Report) -> str:
    table = markdown_table(
        report.rows,
        baseline=report.baseline,
        compared=report.compared,
        batch_size=report.batch_size,
    )
    reading = "\n".join(f"- {line}" for line in how_to_read(report))
    return (
        f"# {report.title}\n\n{setting_of(report)}\n\n    {report.command}\n\n{table}\n"
        f"![{report.compared} of each method](comparison.png)\n\n"
        f"## How to read it\n\n{reading}\n"
    )


def setting_of(report: Report) -> str:
    """Says in a paragraph what was compared, on what, and how long it took."""
    methods = [row.name for row in report.rows if row.name != report.teacher]
    seeds = ", ".join(str(seed) for seed in report.seeds)
    teacher = f"The teacher is the one in {report.teacher_folder}"
    if report.teacher_examples is not None:
        of_teacher = _several(report.teacher_examples, "labelled example")
        teacher = f"The teacher was trained on {of_teacher}"
    return (
        f"{_several(len(methods), 'way')} to train a student for {report.task}: "
        f"{', '.join(methods)}. Each ran with {_several(len(report.seeds), 'seed')} ({seeds}). "
        f"{teacher}, the students were trained on "
        f"{_several(report.student_examples, 'example')}; all were scored on the "
        f"{_several(report.split_size, 'example')} of the {report.split} split. It took "
        f"{_duration(report.wall_time_s)} on {report.machine}. To run it again:"
    )


def how_to_read(report: Report) -> list[str]:
    """Says what the numbers of the tables mean, point by point."""
    draws = f", drawn by {report.grouped_by}" if report.grouped_by else ""
    difference = (
        f'"{report.compared.capitalize()} vs {report.baseline}" is the difference to the row '
        f"{report.baseline} on the same {report.split_size:,} examples, in points, with its 95 % "
        f"interval over examples{draws}; where it holds 0, this split cannot tell the two apart."
    )
    if len(report.seeds) > 1:
        spread = (
            f"Scores are means over {len(report.seeds)} seeds, ± their standard deviation: what "
            "another seed would change, which the interval does not cover."
        )
    else:
        spread = "There is one seed: what another one would change is not known."
    columns = (
        '"Tokens changed" and "distinct texts" describe what each augmentation made; times are '
        "medians on the machine named above, and 1 MB is 1,000,000 bytes."
    )
    return [difference, spread, columns]


def _several(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    return " ".join(f"{value} {unit}" for value, unit in parts if value) or "0 s"
