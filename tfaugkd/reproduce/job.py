"""The job `tfaugkd reproduce`: a paper's table or figure, run and set beside the paper's."""

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import rich.box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tfaugkd.folders import MARKER, only_writer, prepare_output, write_text
from tfaugkd.machine import describe_machine
from tfaugkd.reproduce.check import check_cells
from tfaugkd.reproduce.config import ReproduceConfig
from tfaugkd.reproduce.cost import describe_cost
from tfaugkd.reproduce.exhibits import PAPERS, exhibits_of, find_exhibit
from tfaugkd.reproduce.figures import draw_exhibit
from tfaugkd.reproduce.latent_space import draw_latent_spaces
from tfaugkd.reproduce.layout import tables
from tfaugkd.reproduce.plan import Place, Plan, make_plan
from tfaugkd.reproduce.results import Line, collect, write_lines
from tfaugkd.reproduce.run import Outcome, run_plan
from tfaugkd.typed_command import typed_command

_LOG = logging.getLogger("tfaugkd")
_WIDTH_WITHOUT_TERMINAL = 160


def reproduce(config: ReproduceConfig) -> None:
    """Runs the rows of a table or figure, prints ours beside the paper's, and writes both down.

    Args:
        config: The job.

    Raises:
        InputError: An exhibit, a task, data or models that cannot be used; see the sentences.
    """
    if config.list:
        print(list_of_exhibits())
        return
    plan = make_plan(find_exhibit(config.exhibit), config)
    if config.check:
        check_cells(plan)
        return
    print(describe_cost(plan), flush=True)
    for place, reason in plan.left_out.items():
        print(f"Left out: {place.title}: {reason}.")
    if config.plan:
        return
    with ExitStack() as held:
        root = Path(config.output)
        if not (root / MARKER).is_file():
            prepare_output(root)
        held.enter_context(only_writer(root))
        outcomes = run_plan(plan, config.configs)
        lines = collect(plan, outcomes, config)
        _write(plan, lines, outcomes, config)


def list_of_exhibits() -> str:
    """Names every table and figure, with the number of its rows and of the paper's numbers."""
    lines = []
    for paper in PAPERS:
        for exhibit in exhibits_of(paper).values():
            counts = f"{len(exhibit.rows)} rows, {len(exhibit.printed)} numbers printed"
            lines.append(f"{exhibit.name:<19} {exhibit.title} ({counts})")
    return "\n".join(lines)


def _write(
    plan: Plan, lines: Sequence[Line], outcomes: dict[Place, Outcome], config: ReproduceConfig
) -> None:
    write_lines(plan.folder / "results.csv", lines)
    picture = plan.folder / f"{plan.exhibit.name.replace('.', '_')}.png"
    if plan.exhibit.plot == "latent_space":
        _draw_latent_spaces(picture, plan, outcomes)
    else:
        draw_exhibit(picture, plan, lines, outcomes)
    laid = tables(plan, lines)
    _print(laid)
    write_text(plan.folder / "results.md", _page(plan, laid, picture.name, config))
    print(f"Written to {plan.folder / 'results.md'}")


def _draw_latent_spaces(picture: Path, plan: Plan, outcomes: dict[Place, Outcome]) -> None:
    title = f"{plan.exhibit.name}. {plan.exhibit.title}"
    places = [place for place in outcomes if place.task == plan.tasks[0]]
    folders = {place.row: outcomes[place].models[0] for place in places}
    draw_latent_spaces(picture, folders, plan.experiments[places[0]].data, title)


def _print(laid: Sequence[tuple[str, list[list[str]]]]) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH_WITHOUT_TERMINAL)
    for title, (head, *rows) in laid:
        table = Table(title=escape(title), box=rich.box.SIMPLE_HEAD, title_justify="left")
        for number, name in enumerate(head):
            table.add_column(escape(name), justify="right" if number else "left")
        for row in rows:
            table.add_row(*map(escape, row))
        console.print(table)


def _page(
    plan: Plan,
    laid: Sequence[tuple[str, list[list[str]]]],
    picture: str,
    config: ReproduceConfig,
) -> str:
    exhibit = plan.exhibit
    parts = [
        f"# {exhibit.name}. {exhibit.title}",
        f"{exhibit.source}. {exhibit.note}".strip(),
        _setting(config),
        f"    {typed_command()}",
    ]
    for title, (head, *rows) in laid:
        align = ["---"] + ["--:"] * (len(head) - 1)
        table = "\n".join("| " + " | ".join(row) + " |" for row in [head, align, *rows])
        parts.append(f"**{title}**\n\n{table}")
    parts += [
        f"![{exhibit.title}]({picture})",
        "Differences are paired, over the examples of dev, with their 95 % interval; what another "
        "seed would change is not in it. `results.csv` has every number, and names for each cell "
        "its manifest: configuration, seeds, commit, texts and models.",
    ]
    if plan.left_out:
        left = "\n".join(f"- {place.title}: {why}" for place, why in plan.left_out.items())
        parts.append(f"Left out:\n\n{left}")
    return "\n\n".join(parts) + "\n"


def _setting(config: ReproduceConfig) -> str:
    seeds = ", ".join(map(str, config.seeds))
    where = f"Ours ran on {describe_machine()}, seeds {seeds}."
    if config.scale == "paper":
        return f"Models, texts and steps are the paper's. {where}"
    small = config.small
    return (
        f"Ours is at the small scale: teachers are {small.preset}, trained for "
        f"{small.teacher_steps} steps, students have the same share of their layers as the "
        f"paper's, trained for {small.steps} steps of {small.batch_size} x "
        f"{small.sequence_length} tokens, on {small.examples:,} texts at most. So its numbers are "
        f"not to be compared with the paper's, but its differences are. {where}"
    )
