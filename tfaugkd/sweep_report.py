"""The report of a sweep: the ranking, what each key does, and the best configuration."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from math import isfinite
from pathlib import Path

import keras_tuner
import rich.box
import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tfaugkd.data.files import write_rows
from tfaugkd.errors import InputError
from tfaugkd.folders import size_on_disk, write_text
from tfaugkd.machine import describe_machine
from tfaugkd.sweep_config import SweepConfig
from tfaugkd.sweep_effects import Group, effect, main_effects
from tfaugkd.sweep_keys import configured
from tfaugkd.sweep_plot import draw_main_effects
from tfaugkd.sweep_space import said
from tfaugkd.sweep_trials import Trial, finished_trials, ranked, trials_folder
from tfaugkd.typed_command import typed_command

BEST_FILE = "best.yaml"
_WIDTH_WITHOUT_TERMINAL = 120
_NONE = "-"


def report_sweep(config: SweepConfig, objective: keras_tuner.Objective, seconds: float) -> None:
    """Prints the ranking, and writes it with the effects, their picture and the best configuration.

    Args:
        config: The sweep, whose trials are finished.
        objective: What is compared.
        seconds: Wall time of this call.

    Raises:
        InputError: No trial could be run to its end.
    """
    output, trials = Path(config.output), finished_trials(config)
    trials = ranked(trials, objective.name, objective.direction)
    good = [trial for trial in trials if isfinite(trial.mean(objective.name))]
    if not good:
        failures = [trial.failure for trial in trials if trial.failure] or ["training diverged"]
        raise InputError(f"None of the {len(trials)} trials gave a score; one says: {failures[0]}")
    effects = main_effects(config.parameters, good, objective.name)
    rows = ranking_rows(trials, objective.name)
    draw_main_effects(output / "main_effects.png", config.parameters, good, effects, objective.name)
    write_rows(output / "ranking.csv", rows)
    write_text(output / BEST_FILE, _best_config(config, good[0], objective.name, len(trials)))
    write_text(output / "report.md", _page(config, objective, trials, rows, effects, seconds))
    _print_ranking(rows)
    print(_disk(config, trials))
    print(f"The best trial's configuration: tfaugkd distill --config {output / BEST_FILE}")
    print(f"The report is {output / 'report.md'}")


def ranking_rows(best_first: Sequence[Trial], objective: str) -> list[dict[str, str]]:
    """Lists the trials as the rows of a table.

    Args:
        best_first: The finished trials, ranked.
        objective: Name of the metric that ranks them.

    Returns:
        For each trial the same columns: its rank, its values, the objective's mean over the seeds
        and its standard deviation, the time, the name of its folder, and why it failed.
    """
    keys = list(dict.fromkeys(key for trial in best_first for key in trial.values))
    rows = []
    for rank, trial in enumerate(best_first, start=1):
        scored = isfinite(trial.mean(objective))
        rows.append(
            {"rank": str(rank) if scored else _NONE}
            | {key: said(trial.values[key]) if key in trial.values else _NONE for key in keys}
            | {objective: _number(trial.mean(objective))}
            | {"spread": _number(trial.spread(objective))}
            | {"seconds": f"{trial.seconds:.0f}", "trial": trial.name}
            | {"note": trial.failure or ("" if scored else "the training diverged")}
        )
    unused = [name for name in ("spread", "note") if {row[name] for row in rows} <= {"", _NONE}]
    return [{name: cell for name, cell in row.items() if name not in unused} for row in rows]


def _number(value: float) -> str:
    return f"{value:.4f}" if isfinite(value) else _NONE


def _print_ranking(rows: Sequence[Mapping[str, str]]) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH_WITHOUT_TERMINAL)
    table = Table(title="Ranking", box=rich.box.SIMPLE_HEAD, title_justify="left")
    for name in rows[0]:
        table.add_column(escape(name), overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row.values()))
    console.print(table)


def _best_config(config: SweepConfig, best: Trial, objective: str, trials: int) -> str:
    told = configured(config.distill, best.values)
    # A folder of its own, as the sweep's is the sweep's.
    output = f"{Path(config.output)}_best"
    told = replace(told, train=replace(told.train, seed=config.seeds[0]), output=output)
    seeds = "" if len(config.seeds) == 1 else f", mean of {len(config.seeds)} seeds"
    header = (
        f"# tfaugkd distill --config {Path(config.output) / BEST_FILE}\n"
        f"# The best of {trials} trials: {objective} {best.mean(objective):.4f} on dev{seeds}.\n"
    )
    return header + yaml.safe_dump(asdict(told), sort_keys=False)


def _disk(config: SweepConfig, trials: Sequence[Trial]) -> str:
    kept = [trial.name for trial in trials if _has_student(config, trial)]
    size = size_on_disk(config.output) / 1e6
    students = f"the students of {', '.join(kept)} are kept" if kept else "no student is kept"
    return f"{config.output} takes {size:.1f} MB: {students} (keep is {config.keep})."


def _has_student(config: SweepConfig, trial: Trial) -> bool:
    return any((trials_folder(config) / trial.name).glob("seed_*/model"))


def _page(
    config: SweepConfig,
    objective: keras_tuner.Objective,
    trials: Sequence[Trial],
    rows: Sequence[Mapping[str, str]],
    effects: Mapping[str, Sequence[Group]],
    seconds: float,
) -> str:
    better = "largest" if objective.direction == "max" else "smallest"
    seeds = ", ".join(map(str, config.seeds))
    spent = sum(trial.seconds for trial in trials)
    return (
        f"# {len(trials)} settings, ranked by {objective.name}\n\n"
        f"Searched by {config.tuner} over {', '.join(effects)}; each setting ran with the seeds "
        f"{seeds}, and the {better} mean of {objective.name} on the development split comes first. "
        f"The trials took {spent:.0f} s on {describe_machine()}, the last call {seconds:.0f} s. To "
        f"run it again:\n\n    {typed_command()}\n\n## Ranking\n\n{_markdown(rows)}\n\n"
        f"{_disk(config, trials)}\n\n## Main effects\n\n{_markdown(_effect_rows(effects))}\n\n"
        "![main effects](main_effects.png)\n\n"
        "An effect is the difference between the best and the worst mean; the other keys vary "
        "within each group. The development split chose the first row, so its score flatters it: "
        f"train it (`tfaugkd distill --config {Path(config.output) / BEST_FILE}`) and score it on "
        "texts that no trial has seen (`tfaugkd evaluate --split test`).\n"
    )


def _effect_rows(effects: Mapping[str, Sequence[Group]]) -> list[dict[str, str]]:
    return [
        {
            "key": key if not number else "",
            "values": _range(group),
            "trials": str(group.trials),
            "mean": _number(group.mean),
            "effect": _number(effect(groups)) if not number else "",
        }
        for key, groups in effects.items()
        for number, group in enumerate(groups)
    ]


def _range(group: Group) -> str:
    first, last = said(group.values[0]), said(group.values[-1])
    return first if first == last else f"{first} to {last}"


def _markdown(rows: Sequence[Mapping[str, str]]) -> str:
    lines = [list(rows[0]), ["---"] * len(rows[0])]
    lines += [[cell.replace("|", "\\|") for cell in row.values()] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
