"""Variants: texts that were augmented before training, in a file, each with its original's id."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tfaugkd.data.examples import Examples
from tfaugkd.data.tables import Columns, read_columns
from tfaugkd.errors import InputError

ID = "id"


class Choices(NamedTuple):
    """What each of N examples may be shown as.

    Example i may be any of the `sizes[i]` texts that begin at `texts[first[i]]`; both int64 `[N]`.
    """

    texts: Examples
    first: np.ndarray
    sizes: np.ndarray


def read_variants(
    path: str | Path, texts: tuple[str, ...], known: Collection[str] | None = None
) -> Examples:
    """Reads a file of variants.

    Args:
        path: CSV, TSV or JSONL file with the column "id", which names the original (see
            `Examples.ids`), and the columns of the text. An original may have any number of rows.
        texts: Names of the columns of the text: one, or two for pairs.
        known: The ids that there are; if not given, any id is taken.

    Returns:
        The variants in the order of the file, without labels; their ids are their originals'.

    Raises:
        InputError: If the file cannot be read, lacks a column, has an empty cell or no rows, or
            names an id that is not known.
    """
    columns = read_columns(path, [ID, *texts])
    ids = [cell.strip() for cell in columns.values[ID]]
    if known is not None:
        _require_known(columns, ids, frozenset(known))
    text_b = columns.values[texts[1]] if len(texts) > 1 else None
    return Examples(columns.values[texts[0]], text_b, ids=ids)


def _require_known(columns: Columns, ids: list[str], known: frozenset[str]) -> None:
    for name, line in zip(ids, columns.lines, strict=True):
        if name not in known:
            raise InputError(
                f"{columns.path}, line {line}: {name!r} is the id of none of the {len(known)} "
                "training texts; an id is the zero-based row of its original in the training file."
            )


def add_variants(examples: Examples, variants: Examples) -> Examples:
    """Adds variants as examples of their own, with their originals' labels (MixKD's +BT).

    Args:
        examples: N training examples.
        variants: As `read_variants` gives them; those of other originals are left out.

    Returns:
        The examples, and the variants behind them. A variant has its original's id, label and
        group.
    """
    places = {name: place for place, name in enumerate(examples.ids)}
    rows = [row for row, name in enumerate(variants.ids) if name in places]
    taken = variants.take(rows)
    originals = examples.take([places[name] for name in taken.ids])
    return examples.joined(replace(originals, text_a=taken.text_a, text_b=taken.text_b))


def choices(examples: Examples, variants: Examples) -> Choices:
    """Lays the variants of each example side by side.

    Args:
        examples: N training examples.
        variants: As `read_variants` gives them; those of other originals are left out.

    Returns:
        What each example may be shown as. One without variants is shown as it is.
    """
    rows_of: dict[str, list[int]] = {}
    for row, name in enumerate(variants.ids):
        rows_of.setdefault(name, []).append(row)
    # Behind the variants stand the originals, for those that have no variants.
    behind = len(variants)
    rows = [rows_of.get(name, [behind + place]) for place, name in enumerate(examples.ids)]
    unlabelled = replace(examples, labels=None, label_names=(), groups=None)
    sizes = np.array([len(of_one) for of_one in rows], np.int64)
    return Choices(
        variants.joined(unlabelled).take(np.concatenate(rows)), np.cumsum(sizes) - sizes, sizes
    )
