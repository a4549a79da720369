"""The rows of a comparison, as a table on the terminal and in Markdown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import NamedTuple

from rich.console import Console

from tfaugkd.cells import MISSING, Cells, print_cells
from tfaugkd.intervals import Interval

METRIC_TITLES = {
    "accuracy": "Accuracy %",
    "f1": "F1 %",
    "matthews_correlation": "Matthews x100",
    "pearson": "Pearson x100",
    "spearmanr": "Spearman x100",
}


@dataclass(frozen=True)
class Row:
    """What is known about one method; scores and shares are fractions, 0.812 and not 81.2.

    Args:
        name: The method, or "Teacher".
        parameters: Trainable and frozen weights of the model that is kept.
        size_bytes: Size of the saved model on disk.
        scores: Each metric on the split, mean over seeds; the first one ranks.
        spread: Standard deviation of each metric over seeds; may be left out for one seed.
        interval: Difference to the baseline with its confidence interval; None for the baseline.
        agreement: Share of the split on which student and teacher give the same answer, 0 to 1.
        labelled_examples: Labels that the method was allowed to use.
        steps: Updates.
        seconds_per_step: Wall time of an update.
        latency_one_s: Seconds to label a single text.
        latency_batch_s: Seconds to label one batch.
        degree: For each augmentation the share of tokens that it changed, 0 to 1.
        distinct: For each augmentation the share of its texts that occur once only, 0 to 1.
    """

    name: str
    parameters: int
    size_bytes: int
    scores: Mapping[str, float]
    spread: Mapping[str, float] = field(default_factory=dict)
    interval: Interval | None = None
    agreement: float | None = None
    labelled_examples: int | None = None
    steps: int | None = None
    seconds_per_step: float | None = None
    latency_one_s: float | None = None
    latency_batch_s: float | None = None
    degree: Mapping[str, float] = field(default_factory=dict)
    distinct: Mapping[str, float] = field(default_factory=dict)


class _Column(NamedTuple):
    title: str
    cell: Callable[[Row], str]


def print_table(
    rows: Sequence[Row],
    *,
    baseline: str,
    compared: str = "accuracy",
    batch_size: int | None = None,
    console: Console | None = None,
) -> None:
    """Prints what each method scores, what its model costs, and how it was trained.

    Args:
        rows: The methods, in the order to print.
        baseline: Name of the row that the intervals are about.
        compared: Name of the metric that the intervals are about.
        batch_size: Texts in the batch that was timed.
        console: Where to print; by default standard output, 120 columns wide if it is no terminal.
    """
    for cells in table_cells(rows, baseline=baseline, compared=compared, batch_size=batch_size):
        print_cells(cells, console, bold=(baseline,))


def markdown_table(
    rows: Sequence[Row],
    *,
    baseline: str,
    compared: str = "accuracy",
    batch_size: int | None = None,
) -> str:
    """Writes the same tables in Markdown.

    Args:
        rows: The methods, in the order to print.
        baseline: Name of the row that the intervals are about.
        compared: Name of the metric that the intervals are about.
        batch_size: Texts in the batch that was timed.

    Returns:
        The tables, each under a line in bold; ends with a line break.
    """
    blocks = []
    for cells in table_cells(rows, baseline=baseline, compared=compared, batch_size=batch_size):
        lines = [cells.columns, ["---"] + ["--:"] * (len(cells.columns) - 1)]
        lines += [[_markdown_cell(cell) for cell in line] for line in cells.lines]
        table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        blocks.append(f"**{cells.title}**\n\n{table}\n")
    return "\n".join(blocks)


def table_cells(
    rows: Sequence[Row],
    *,
    baseline: str,
    compared: str = "accuracy",
    batch_size: int | None = None,
) -> list[Cells]:
    """Writes the same tables as cells, for any other page.

    Args:
        rows: The methods, in the order to print.
        baseline: Name of the row that the intervals are about.
        compared: Name of the metric that the intervals are about.
        batch_size: Texts in the batch that was timed.

    Returns:
        The tables; a column or a row that nobody filled is left out.
    """
    tables = {
        "Scores": _scores(rows, baseline, compared),
        "Model": _model(batch_size),
        "Training": _training(),
    }
    method = _Column("Method", lambda row: row.name)
    found = []
    for title, columns in tables.items():
        filled = [c for c in columns if any(c.cell(row) != MISSING for row in rows)]
        shown = [row for row in rows if any(c.cell(row) != MISSING for c in filled)]
        if filled:
            lines = [[column.cell(row) for column in (method, *filled)] for row in shown]
            found.append(Cells(title, [column.title for column in (method, *filled)], lines))
    return found


def signed_interval(interval: Interval | None) -> str:
    """Writes a difference in points, as in `+1.3 [+0.4, +2.2]`.

    Args:
        interval: Difference and interval as fractions.

    Returns:
        The three numbers times 100 with one decimal, or "-" where there are none or not finite.
    """
    if interval is None or not all(isfinite(value) for value in interval):
        return MISSING
    # Adding 0.0 turns -0.0 into 0.0, so that nothing prints as "-0.0".
    mean, low, high = (round(100 * value, 1) + 0.0 for value in interval)
    return f"{mean:+.1f} [{low:+.1f}, {high:+.1f}]"


def _scores(rows: Sequence[Row], baseline: str, compared: str) -> list[_Column]:
    metrics = dict.fromkeys(name for row in rows for name in row.scores)
    agreement = "Same as teacher %" if compared != "pearson" else "Pearson with teacher x100"
    return [
        *(_Column(METRIC_TITLES.get(name, name), _score_cell(name)) for name in metrics),
        _Column(
            f"{compared.capitalize()} vs {baseline}",
            lambda row: "baseline" if row.name == baseline else signed_interval(row.interval),
        ),
        _Column(agreement, lambda row: _number(row.agreement, 100)),
    ]


def _model(batch_size: int | None) -> list[_Column]:
    batch = "1 batch (ms)" if batch_size is None else f"{batch_size} texts (ms)"
    return [
        _Column("Weights (M)", lambda row: _number(row.parameters, 1e-6)),
        _Column("Size (MB)", lambda row: _number(row.size_bytes, 1e-6)),
        _Column("1 text (ms)", lambda row: _number(row.latency_one_s, 1000)),
        _Column(batch, lambda row: _number(row.latency_batch_s, 1000)),
    ]


def _training() -> list[_Column]:
    return [
        _Column("Labels used", lambda row: _count(row.labelled_examples)),
        _Column("Steps", lambda row: _count(row.steps)),
        _Column("Step (s)", lambda row: _number(row.seconds_per_step, 1, 2)),
        _Column("Tokens changed %", lambda row: _per_augmentation(row.degree)),
        _Column("Distinct texts %", lambda row: _per_augmentation(row.distinct)),
    ]


def _score_cell(metric: str) -> Callable[[Row], str]:
    def cell(row: Row) -> str:
        mean, spread = _number(row.scores.get(metric), 100), row.spread.get(metric)
        # One seed has no spread; "± 0.0" would claim a certainty that was never measured.
        return f"{mean} ± {_number(spread, 100)}" if spread and isfinite(spread) else mean

    return cell


def _number(value: float | None, scale: float, decimals: int = 1) -> str:
    if value is None or not isfinite(value):
        return MISSING
    return f"{round(value * scale, decimals) + 0.0:.{decimals}f}"


def _count(value: int | None) -> str:
    return MISSING if value is None else f"{value:,}"


def _per_augmentation(values: Mapping[str, float]) -> str:
    if len(values) < 2:
        return _number(next(iter(values.values()), None), 100)
    return "\n".join(f"{name} {_number(value, 100)}" for name, value in values.items())


def _markdown_cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "<br>")
