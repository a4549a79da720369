"""What was typed to start this process, for reports and model cards."""

import shlex
import sys
from pathlib import Path


def typed_command() -> str:
    """Gives the command that does again what this process does, however it was started.

    Returns:
        For `tfaugkd compare`, `python -m tfaugkd compare` and `python pipelines/compare.py` alike
        `tfaugkd compare` with the options; for any other script its name and arguments.
    """
    script, *arguments = sys.argv
    path = Path(script)
    if path.parent.name == "pipelines":
        started = ["tfaugkd", path.stem]
    elif path.name == "__main__.py":
        started = [path.parent.name]
    else:
        started = [path.name]
    return shlex.join([*started, *arguments])
