"""Holds the certified projection to brute force, over tables made to be difficult."""

import logging
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfaugkd.benchmark.brute_force import BruteForce, Verdict
from tfaugkd.benchmark.positions import Positions
from tfaugkd.certificate import Geometry, Mixture, geometry_of, nearest_to_mixtures
from tfaugkd.neighbours import find_neighbours, nearest_neighbours

_LOG = logging.getLogger("tfaugkd")
_ROWS, _WIDTH = 2000, 64
_AT_ONCE = 8192
_WEIGHTS = (0.0, 0.1, 0.3, 0.5, 0.7, 1.0)
_SHARE_OF_TEXTS, _SHARE_OF_TABLE = 0.3, 0.2


class Case(NamedTuple):
    """A table `[V, D]`, which tokens may be found, bool `[V]`, and the pairs `[N]` to mix.

    `on_disk` says whether the table's neighbours are worth keeping.
    """

    name: str
    table: np.ndarray
    producible: np.ndarray
    own_ids: np.ndarray
    other_ids: np.ndarray
    on_disk: bool = False


class Checked(NamedTuple):
    """How a case came out, and the share of its positions that each tier settled."""

    case: str
    verdict: Verdict
    tiers: tuple[float, ...]


def check_exactness(positions: Positions, count: int, seed: int) -> list[Checked]:
    """Projects so many mixtures, and compares the tokens with brute force.

    The weights are those of `_WEIGHTS` and draws from Beta(0.4, 0.4).

    Args:
        positions: Have the table of a model and the tokens of its texts.
        count: How many mixtures.
        seed: Of tables, pairs and weights.

    Returns:
        How each case came out.

    Raises:
        RuntimeError: A token is wrong.
    """
    random = np.random.default_rng(seed)
    checked = []
    for case in cases(positions, count, random):
        result = _check(case, random)
        _LOG.info(
            "Checked: %s, %d mixtures: %d another but for rounding, %d wrong.",
            *(case.name, *result.verdict),
        )
        checked.append(result)
    wrong = [result.case for result in checked if result.verdict.wrong]
    if wrong:
        raise RuntimeError(f"The certified projection is wrong on {', '.join(wrong)}.")
    return checked


def cases(positions: Positions, count: int, random: np.random.Generator) -> Iterator[Case]:
    """Makes the cases, which have `count` mixtures between them.

    Args:
        positions: Have the table of a model and the tokens of its texts.
        count: How many mixtures.
        random: Where tables and pairs are drawn from.

    Yields:
        The cases.
    """
    of_texts, of_table = int(_SHARE_OF_TEXTS * count), int(_SHARE_OF_TABLE * count)
    model = (positions.table, positions.producible)
    yield Case(
        "pairs of the texts", *model, *random.choice(positions.text_ids, (2, of_texts)), True
    )
    anything = random.integers(len(positions.table), size=(2, of_table))
    yield Case("random pairs", *model, *anything, True)
    tables = difficult_tables(random)
    counts = np.diff(np.linspace(0, count - of_texts - of_table, len(tables) + 1).astype(int))
    for (name, table), number in zip(tables.items(), counts, strict=True):
        pairs = random.integers(len(table), size=(2, number))
        producible = random.random(len(table)) < 0.9
        yield Case(name, table.astype(np.float32), producible, *pairs)


def difficult_tables(random: np.random.Generator) -> dict[str, np.ndarray]:
    """Makes tables `[V, D]` on which a proof from the parents is hard, or a tie to break."""
    plain = random.normal(size=(_ROWS, _WIDTH))
    half, axes = plain[: _ROWS // 2], np.eye(_WIDTH)
    zeros = plain.copy()
    zeros[random.random(_ROWS) < 0.1] = 0.0
    return {
        "duplicated rows": np.concatenate([half, half]),
        "zero rows": zeros,
        "very unequal norms": plain * random.lognormal(sigma=3.0, size=(_ROWS, 1)),
        # Every mixture of two axes is as near to the one as to the other; opposite ones cancel.
        "ties": np.concatenate([axes, -axes]),
        # In so few dimensions there are tokens between most parents.
        "crowded": random.normal(size=(_ROWS, 4)),
        # Every row points nearly the same way, so that no parent stands out.
        "made to defeat the certificate": 1.0 + 0.01 * plain,
    }


def _check(case: Case, random: np.random.Generator) -> Checked:
    find = nearest_neighbours if case.on_disk else find_neighbours
    geometry = geometry_of(case.table, case.producible, find=find)
    count = len(case.own_ids)
    weights = np.append(
        random.choice(_WEIGHTS, count - count // 3), random.beta(0.4, 0.4, count // 3)
    )
    shares = weights.astype(np.float32)
    queries = shares[:, np.newaxis] * case.table[case.own_ids]
    queries += (1 - shares)[:, np.newaxis] * case.table[case.other_ids]
    found, tier = _project(case, shares, geometry)
    # A mixture of zero has no nearest token.
    some = queries.any(axis=1)
    search = BruteForce(geometry.unit_table.numpy(), case.producible)
    shares_of_tiers = tuple(float(np.mean(tier[some] == number)) for number in (1, 2, 3))
    return Checked(case.name, search.judge(queries[some], found[some]), shares_of_tiers)


def _project(case: Case, shares: np.ndarray, geometry: Geometry) -> tuple[np.ndarray, np.ndarray]:
    """Projects a part at a time, compiled once; the last part is filled up with no text."""
    compiled = tf.function(nearest_to_mixtures, jit_compile=True, autograph=False)
    count, parts = len(shares), []
    at_once = min(_AT_ONCE, count)
    whole = (case.own_ids.astype(np.int32), case.other_ids.astype(np.int32), shares, 1 - shares)
    for start in range(0, count, at_once):
        part = [values[start : start + at_once] for values in whole]
        filling = (0, at_once - len(part[0]))
        mixture = Mixture(*(tf.constant(np.pad(values, filling)) for values in part))
        is_text = tf.range(at_once) < len(part[0])
        found = compiled(mixture, is_text, geometry)
        parts.append(np.stack([values.numpy()[: len(part[0])] for values in found]))
    token_ids, tier = np.concatenate(parts, axis=1)
    return token_ids, tier
