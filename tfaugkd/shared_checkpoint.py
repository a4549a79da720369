"""Checkpoints of a run on several hosts: the first host's, which need not share its disk."""

import json
from pathlib import Path
from typing import Any

from tfaugkd.checkpoint import newest_bytes, read_checkpoint_of, state_of
from tfaugkd.errors import InputError
from tfaugkd.fingerprint import first_difference
from tfaugkd.hosts import from_chief, is_chief
from tfaugkd.training_state import ANSWERS


def read_on_all_hosts(
    folder: str | Path, made_from: dict[str, Any], strategy: Any
) -> dict[str, Any] | None:
    """Reads the newest checkpoint of a run on the first host, and gives it to the others.

    Args:
        folder: Folder of the run's checkpoints; the other hosts do not look into theirs.
        made_from: What the run is made from, as plain values.
        strategy: Where the models are.

    Returns:
        The state; None where there is none.

    Raises:
        InputError: The checkpoint, or the first host's run, is made from something else.
    """
    if is_chief(strategy):
        found = read_checkpoint_of(folder, made_from)
        from_chief(strategy, json.dumps(made_from).encode())
        from_chief(strategy, newest_bytes(folder))
        return found
    first = json.loads(from_chief(strategy, b""))
    content = from_chief(strategy, b"")
    if difference := first_difference(first, made_from | {ANSWERS: first[ANSWERS]}):
        raise InputError(
            f"The first host's run has {difference} as on this host; give all hosts the same "
            "command and the same files."
        )
    return state_of(content)
