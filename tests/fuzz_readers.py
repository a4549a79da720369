"""Feeds the readers of tables and configs with bytes that atheris makes up, led by coverage.

Usage: python tests/fuzz_readers.py -max_total_time=300 [FOLDER]

atheris is no dependency of the tests: `pip install atheris`. What it finds is written to crash-*,
which is read again by `python tests/fuzz_readers.py crash-...`; what widens the coverage is kept in
FOLDER. The first byte chooses a reader, the rest is the file.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["tfaugkd", "yaml", "csv", "json"]):
    from test_bad_input import (
        ENDINGS,
        TASKS,
        VALID_YAML,
        checked,
        encoded,
        read,
        require_whole,
    )

    from tfaugkd.comparison_config import CompareConfig
    from tfaugkd.job_configs import DistillConfig
    from tfaugkd.sweep_config import SweepConfig

FOLDER = Path(tempfile.mkdtemp())
TABLES = [
    (ending, TASKS[task], skip) for ending in ENDINGS for task in TASKS for skip in (False, True)
]
CONFIGS = [DistillConfig, CompareConfig, SweepConfig]
ROWS = [{"text": 'a "good", film', "label": "good", "more": "0"}] * 2


def read_one(content):
    """Reads a file; the package's own errors are what a bad one should give."""
    place, content = (content[0], content[1:]) if content else (0, content)
    place %= len(TABLES) + len(CONFIGS)
    if place < len(TABLES):
        ending, task, skip = TABLES[place]
        path = FOLDER / f"a{ending}"
        path.write_bytes(content)
        require_whole(read(path, task, skip), task)
    else:
        path = FOLDER / "a.yaml"
        path.write_bytes(content)
        checked(path, CONFIGS[place - len(TABLES)])


def write_seeds(folder):
    """Gives atheris a file of each kind to begin with."""
    for place, (ending, _, _) in enumerate(TABLES):
        content = encoded(ROWS, ending, "utf-8")
        (folder / f"seed-{place}").write_bytes(bytes([place]) + content)
    for place, _ in enumerate(CONFIGS, start=len(TABLES)):
        (folder / f"seed-{place}").write_bytes(bytes([place]) + VALID_YAML.encode())


if __name__ == "__main__":
    seeds = Path(tempfile.mkdtemp())
    write_seeds(seeds)
    files = any(Path(argument).is_file() for argument in sys.argv[1:])
    atheris.Setup([*sys.argv, *([] if files else [str(seeds)])], read_one)
    atheris.Fuzz()
