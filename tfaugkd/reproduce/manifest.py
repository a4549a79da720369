"""The manifest of a cell: everything that its number came from."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tfaugkd
from tfaugkd.comparison_training import folder_name
from tfaugkd.machine import describe_machine
from tfaugkd.plain_json import read_json, write_json
from tfaugkd.reproduce.config import ReproduceConfig
from tfaugkd.reproduce.measure import Measured, Wanted
from tfaugkd.reproduce.plan import Place, Plan
from tfaugkd.reproduce.run import Outcome


def write_manifest(
    plan: Plan,
    place: Place,
    outcome: Outcome,
    found: Sequence[tuple[Wanted, Measured | None]],
    config: ReproduceConfig,
) -> str:
    """Writes down what a cell came from, and what came of it.

    Args:
        plan: The plan.
        place: The cell.
        outcome: What came of its experiment.
        found: Its quantities.
        config: The job.

    Returns:
        The path, from the folder of the exhibit.
    """
    experiment = plan.experiments[place]
    path = Path("cells") / f"{'_'.join(folder_name(part) for part in place if part)}.json"
    told: dict[str, Any] = {
        "exhibit": plan.exhibit.name,
        "source": plan.exhibit.source,
        "place": place,
        "scale": config.scale,
        "experiment": experiment,
        "seeds": config.seeds if experiment.method else [experiment.teacher.train.seed],
        "tfaugkd": tfaugkd.__version__,
        "commit": commit(),
        "machine": describe_machine(),
        "texts": _texts(outcome),
        "runs": [str(record) for record in outcome.records],
        "models": [str(model) for model in outcome.models],
        "baseline": outcome.baseline,
        "quantities": [
            {"split": want.split, "metric": want.metric, "paper": want.paper, "ours": ours}
            for want, ours in found
        ],
    }
    write_json(plan.folder / path, told)
    return path.as_posix()


def _texts(outcome: Outcome) -> Any:
    """Gives the fingerprints of the texts, which each student's record has."""
    record = read_json(outcome.records[0], "the record of a run")
    return record.get("made_from", {}).get("texts")


def commit() -> str | None:
    """Gives the commit that the package is at, with "+" where files differ from it."""
    folder = Path(tfaugkd.__file__).parents[1]
    if not (folder / ".git").exists():
        return None
    try:
        head, status = (
            subprocess.run(
                ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True
            ).stdout.strip()
            for words in (["rev-parse", "HEAD"], ["status", "--porcelain", "-uno"])
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return head + ("+" if status else "")
