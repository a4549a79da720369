"""The whole state of a run in one mapping, which a checkpoint holds: taken, found and put back."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfaugkd.calibration import reached_sizes, with_sizes
from tfaugkd.callback_state import flush_logs, restore_states, states_of
from tfaugkd.hosts import is_chief
from tfaugkd.log_files import cut_back_logs, log_sizes
from tfaugkd.machine import describe_machine
from tfaugkd.shared_checkpoint import read_on_all_hosts
from tfaugkd.training_state import changing_variables, restore_values, values_of

if TYPE_CHECKING:
    from tfaugkd.distiller import Distiller

_LOG = logging.getLogger("tfaugkd")


@dataclass
class Position:
    """Where a run is.

    Args:
        epoch: The epoch that runs, or is next.
        steps: Steps of that epoch that are done; 0 before its first hook.
        batches: Batches of data that were drawn in all.
        logs: What the last step reported.
        stopped: A callback has ended training.
    """

    epoch: int = 0
    steps: int = 0
    batches: int = 0
    logs: dict[str, float] = field(default_factory=dict)
    stopped: bool = False


def state_of_run(
    distiller: "Distiller",
    callbacks: Sequence[Any],
    position: Position,
    made_from: dict[str, Any],
    logs: str | Path | None,
) -> dict[str, Any]:
    """Takes everything that a run needs to go on, between two steps.

    Args:
        distiller: The distiller that is fitted.
        callbacks: The callbacks of the fit.
        position: Where it is.
        made_from: What it depends on, as plain values.
        logs: Folder of its logs; None if there is none.

    Returns:
        Mappings, lists, scalars and arrays.
    """
    flush_logs(callbacks)
    return {
        "made_from": made_from,
        "machine": describe_machine(),
        "position": asdict(position),
        "sizes": reached_sizes(distiller.augmentations),
        "variables": values_of(changing_variables(distiller)),
        "callbacks": states_of(callbacks),
        "logs": {} if logs is None else log_sizes(logs),
    }


def find_run(
    folder: str | Path, made_from: dict[str, Any], logs: str | Path | None, strategy: Any = None
) -> dict[str, Any] | None:
    """Reads the state of an interrupted run, and cuts its logs back to it.

    Args:
        folder: Folder of the run's checkpoints; may not exist.
        made_from: What the run depends on now.
        logs: Folder of its logs; None if there is none.
        strategy: Where the models are; of several hosts the first one reads.

    Returns:
        What `state_of_run` gave; None where no run was interrupted.

    Raises:
        InputError: It was made from something else.
    """
    found = read_on_all_hosts(folder, made_from, strategy)
    if found is None:
        return None
    if found["machine"] != describe_machine():
        _LOG.warning(
            "The run was begun on another machine (%s): from here on its last bits may differ.",
            found["machine"],
        )
    if logs is not None and is_chief(strategy):
        cut_back_logs(logs, found["logs"])
    return found


def restore_run(distiller: "Distiller", callbacks: Sequence[Any], state: dict[str, Any]) -> None:
    """Gives models, optimizer, metrics and callbacks back what they were.

    Args:
        distiller: The distiller that is fitted.
        callbacks: The callbacks of the fit.
        state: What `find_run` gave.

    Raises:
        InputError: The models or the optimizer have other variables.
    """
    step = distiller.step
    step.augmentations = with_sizes(step.augmentations, state["sizes"])
    restore_values(changing_variables(distiller), state["variables"])
    restore_states(callbacks, state["callbacks"])
