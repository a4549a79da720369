"""Ours beside the paper's: a line for each quantity of each cell."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from tfaugkd.folders import write_text
from tfaugkd.intervals import Interval
from tfaugkd.plain_json import plain
from tfaugkd.reproduce.config import ReproduceConfig
from tfaugkd.reproduce.manifest import write_manifest
from tfaugkd.reproduce.measure import Measured, Wanted, difference, measure, wanted
from tfaugkd.reproduce.plan import Place, Plan
from tfaugkd.reproduce.run import Outcome


@dataclass(frozen=True)
class Line:
    """A quantity of a cell, ours beside the paper's; one line of the CSV file.

    Args:
        exhibit: The table or figure.
        task: The task.
        row: The row.
        column: The column; empty where columns are tasks.
        split: The split that the paper's is of.
        metric: What is measured.
        paper: The paper's number.
        paper_spread: Its standard deviation.
        ours: Ours, in the same unit.
        spread: Its standard deviation over seeds.
        seeds: How many there are.
        difference: Paired difference to the baseline, in points of `compared`.
        low: Lower end of its 95 % interval over examples.
        high: Upper end.
        compared: The metric of the difference.
        baseline: What is compared with.
        left_out: Why there is none of ours.
        manifest: The cell's record, from the folder of this file.
        printed: The paper's cell, as it stands there.
    """

    exhibit: str
    task: str
    row: str
    column: str
    split: str
    metric: str
    paper: float | None = None
    paper_spread: float | None = None
    ours: float | None = None
    spread: float | None = None
    seeds: int | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    compared: str = ""
    baseline: str = ""
    left_out: str = ""
    manifest: str = ""
    printed: str = ""

    @property
    def interval(self) -> Interval | None:
        """The difference with its ends."""
        if self.difference is None or self.low is None or self.high is None:
            return None
        return Interval(self.difference, self.low, self.high)

    @property
    def quantity(self) -> tuple[str, str]:
        """The split and the metric."""
        return self.split, self.metric


def collect(plan: Plan, outcomes: dict[Place, Outcome], config: ReproduceConfig) -> list[Line]:
    """Measures all cells and writes each one's manifest.

    Args:
        plan: The plan.
        outcomes: What came of it.
        config: The job.

    Returns:
        The lines, in the order of the paper.
    """
    lines = []
    data = {place.task: each.data for place, each in plan.experiments.items()}
    order = [Place(task, *at) for task in plan.tasks for at in plan.exhibit.cells(task)]
    for place in order:
        # Of a task that nothing can be run of, its metrics are not known either.
        wants = wanted(plan.exhibit, place, data[place.task]) if place.task in data else []
        if place in plan.left_out:
            reason = plan.left_out[place]
            lines += [replace(_base(plan, place, want), left_out=reason) for want in wants]
        elif place in outcomes:
            outcome = outcomes[place]
            found = [(want, measure(want, outcome, data[place.task])) for want in wants]
            manifest = write_manifest(plan, place, outcome, found, config)
            lines += [
                replace(_line(plan, place, outcome, want, ours), manifest=manifest)
                for want, ours in found
            ]
    return lines


def _base(plan: Plan, place: Place, want: Wanted) -> Line:
    line = Line(plan.exhibit.name, *place, want.split, want.metric)
    if want.paper is None:
        return line
    paper = want.paper
    return replace(line, paper=paper.value, paper_spread=paper.spread, printed=paper.printed)


def _line(plan: Plan, place: Place, outcome: Outcome, want: Wanted, ours: Measured | None) -> Line:
    line = _base(plan, place, want)
    if ours is None:
        return line
    line = replace(line, ours=ours.value, spread=ours.spread, seeds=len(outcome.models))
    paired = difference(outcome)
    if paired is None or outcome.baseline is None or want.split not in ("dev", "test"):
        return line
    return replace(
        line,
        difference=paired.mean,
        low=paired.low,
        high=paired.high,
        compared=outcome.compared,
        baseline=_name(plan, outcome.baseline),
    )


def _name(plan: Plan, baseline: Place) -> str:
    """Names a baseline by what sets it apart from the others: its row, or its column."""
    for name in (baseline.row, baseline.column):
        if name in plan.exhibit.baseline:
            return name
    return ", ".join(part for part in baseline[1:] if part)


def write_lines(path: Path, lines: Sequence[Line]) -> None:
    """Writes the lines as a CSV file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [each.name for each in fields(Line)], lineterminator="\n")
    writer.writeheader()
    for line in lines:
        told = plain(line)
        assert isinstance(told, dict), "a dataclass becomes a mapping"
        writer.writerow({key: _rounded(value) for key, value in told.items()})
    write_text(path, text.getvalue())


def _rounded(value: object) -> object:
    return round(value, 4) if isinstance(value, float) else value
