"""The sections of the HTML report: scores, curves, confusion, examples, cost, configuration."""

from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from tfaugkd.cells import MISSING, Cells
from tfaugkd.confusion import draw_confusion
from tfaugkd.curves import Curve, draw_curves
from tfaugkd.finished_run import Training
from tfaugkd.html_page import (
    AugmentedTexts,
    Code,
    Grid,
    Paragraph,
    Part,
    Picture,
    Section,
    data_url,
)
from tfaugkd.machine import describe_machine
from tfaugkd.report import Report, how_to_read, setting_of
from tfaugkd.table import METRIC_TITLES, table_cells
from tfaugkd.tensorboard.markdown import distribution

_STEPS = "Step (updates)"
_LOSS = "batch_loss"
_MOST_CURVES = 12


def scores_table(trainings: Sequence[Training]) -> Grid:
    """Lists the scores and the cost of trainings, a line each.

    Args:
        trainings: At least one.

    Returns:
        The table; a column that nobody fills is left out.
    """
    metrics = dict.fromkeys(metric for training in trainings for metric in training.scores)
    columns = {"Run": [training.name for training in trainings]}
    for metric in metrics:
        title = METRIC_TITLES.get(metric, metric)
        columns[title] = [_number(t.scores.get(metric), 100) for t in trainings]
    columns |= {
        "Split": [t.split or MISSING for t in trainings],
        "Examples": [MISSING if t.examples is None else f"{t.examples:,}" for t in trainings],
        "Last loss": [_number(t.training.get("loss"), 1, 3) for t in trainings],
        "Step (s)": [_number(t.seconds_per_step, 1, 3) for t in trainings],
        "Training (min)": [_number(t.wall_time_s, 1 / 60) for t in trainings],
        "Weights (M)": [_number(t.parameters, 1e-6) for t in trainings],
        "Size (MB)": [_number(t.size_bytes, 1e-6) for t in trainings],
    }
    filled = {title: cells for title, cells in columns.items() if set(cells) != {MISSING}}
    lines = [list(line) for line in zip(*filled.values(), strict=True)]
    return Grid(Cells("Scores and cost", list(filled), lines))


def curve_section(trainings: Sequence[Training]) -> Section:
    """Draws the loss of several trainings over one another, and their scores on the way.

    Args:
        trainings: At least one.

    Returns:
        The section; a note where there is nothing to draw.
    """
    losses = {t.name: t.curves[_LOSS] for t in trainings if _LOSS in t.curves}
    parts: list[Part] = []
    if losses:
        parts.append(_picture(losses, _STEPS, "Loss (mean since the last scoring)", "Loss"))
    for tag in dict.fromkeys(tag for t in trainings for tag in t.curves):
        if tag.startswith("epoch_val_"):
            metric = tag.removeprefix("epoch_val_")
            scores = {t.name: t.curves[tag] for t in trainings if tag in t.curves}
            parts.append(_picture(scores, "Scoring (number)", f"{metric} on dev", metric))
    return Section("Curves", parts or [Paragraph("No curves were kept.")])


def run_section(training: Training, config: dict[str, Any], several: bool) -> list[Section]:
    """Tells of one run.

    Args:
        training: What it left.
        config: Its configuration.
        several: The page tells of others, too, so that its name is in the headline.

    Returns:
        The sections.
    """
    name = f"{training.name}: " if several else ""
    parts: list[Part] = [] if several else [scores_table([training])]
    parts += [*_confusion([training]), *_augmented(training)]
    return [
        Section(f"{name}Scores" if parts else f"{name}Run", parts or [Paragraph("See above.")]),
        Section(f"{name}Curves", _own_curves(training)),
        Section(f"{name}How it was made", _origin(config, [training])),
    ]


def comparison_section(
    folder: Path, report: Report, trainings: Sequence[Training], config: dict[str, Any]
) -> list[Section]:
    """Tells of a comparison.

    Args:
        folder: Its output folder, with the picture.
        report: Its numbers.
        trainings: Its runs.
        config: Its configuration.

    Returns:
        The sections.
    """
    options = {"baseline": report.baseline, "compared": report.compared}
    cells = table_cells(report.rows, batch_size=report.batch_size, **options)
    parts: list[Part] = [Paragraph(setting_of(report).removesuffix(" To run it again:"))]
    parts += [Grid(table) for table in cells]
    picture = folder / "comparison.png"
    if picture.is_file():
        caption = f"{report.compared} of each method on {report.split}"
        parts.append(Picture(data_url(picture.read_bytes(), "image/png"), caption))
    parts += [Paragraph(line) for line in how_to_read(report)]
    examples = [part for training in trainings for part in _augmented(training)]
    origin: list[Part] = [Code("Command", report.command, open=True)]
    sections = [
        Section(report.title, parts),
        Section("Confusion", _confusion(trainings) or [Paragraph("There are no classes.")]),
        Section("How it was made", origin + _origin(config, trainings)),
    ]
    if examples:
        sections.insert(2, Section("What the augmentations made", examples))
    return sections


def _own_curves(training: Training) -> list[Part]:
    """Draws a run's losses, shares and learning rate, as far as there are any."""
    groups = {
        "Loss": ("batch_", "loss", "Loss (mean since the last scoring)"),
        "Tokens changed": ("batch_", "_degree", "Share of the tokens"),
        "Learning rate": ("batch_", "learning_rate", "Learning rate"),
        "Scores": ("epoch_val_", "", "Score on dev"),
    }
    parts: list[Part] = []
    for title, (prefix, ending, ylabel) in groups.items():
        curves = {
            tag.removeprefix(prefix): curve
            for tag, curve in training.curves.items()
            if tag.startswith(prefix) and tag.endswith(ending)
        }
        xlabel = "Scoring (number)" if prefix == "epoch_val_" else _STEPS
        if curves:
            parts.append(_picture(curves, xlabel, ylabel, title))
    return parts or [Paragraph("No curves were kept.")]


def _picture(curves: dict[str, Curve], xlabel: str, ylabel: str, title: str) -> Picture:
    shown = dict(list(curves.items())[:_MOST_CURVES])
    left_out = len(curves) - len(shown)
    svg = draw_curves(shown, xlabel=xlabel, ylabel=ylabel, title=title)
    caption = title + (f"; {left_out} more are left out" if left_out else "")
    return Picture(data_url(svg, "image/svg+xml"), caption)


def _confusion(trainings: Sequence[Training]) -> list[Part]:
    parts: list[Part] = []
    for training in trainings:
        if training.confusion:
            counts = np.array(training.confusion)
            picture = draw_confusion(counts, training.name, training.label_names)
            right = 100 * np.trace(counts) / max(counts.sum(), 1)
            caption = f"{training.name}: {right:.1f} % of {counts.sum():,} right"
            parts.append(Picture(data_url(picture, "image/png"), caption))
    return parts


def _augmented(training: Training) -> list[Part]:
    """Shows the last examples of each augmentation, with what it changed."""
    if not training.augmented:
        return []
    names, texts = training.augmented["label_names"], training.augmented["texts"]
    parts: list[Part] = []
    for of_method in zip(*texts, strict=True):
        method = of_method[0]["method"]
        share = training.distinct.get(method)
        degree = training.training.get(f"{method}_degree")
        facts = [] if degree is None else [f"{100 * degree:.0f} % of the tokens changed"]
        facts += [] if share is None else [f"{100 * share:.0f} % of the texts new"]
        about = f" ({', '.join(facts)})" if facts else ""
        title = f"{training.name}, {method} at step {training.augmented['step']}{about}"
        parts.append(AugmentedTexts(title, [_readable(example, names) for example in of_method]))
    return parts


def _readable(example: dict[str, Any], label_names: Sequence[str]) -> dict[str, Any]:
    answers = {key: distribution(example[key], label_names) for key in ("before", "after")}
    return example | answers | {"moved": f"{100 * example['moved']:.0f} %"}


def _origin(config: dict[str, Any], trainings: Sequence[Training]) -> list[Part]:
    machines = dict.fromkeys(training.machine for training in trainings if training.machine)
    text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
    return [
        Paragraph(f"Run on {' and on '.join(machines) or 'a machine that was not noted'}."),
        Paragraph(f"This page was written on {describe_machine()}."),
        Code("Configuration", text),
    ]


def _number(value: float | None, scale: float, decimals: int = 1) -> str:
    return MISSING if value is None or not isfinite(value) else f"{value * scale:,.{decimals}f}"
