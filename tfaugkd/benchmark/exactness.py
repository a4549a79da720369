"""Holds the certified projection to brute force, over tables made to be difficult."""

import logging
import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfaugkd.benchmark.brute_force import BruteForce, Verdict
from tfaugkd.benchmark.positions import Positions
from tfaugkd.certificate import Found, Geometry, Mixture, geometry_of, nearest_to_mixtures
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
    # Compiled once for all tables of one shape.
    project = tf.function(nearest_to_mixtures, jit_compile=True, autograph=False)
    checked = []
    for case in cases(positions, count, random):
        result = _check(case, random, project)
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
    own, other = random.choice(positions.text_ids, (2, of_texts))
    yield Case("pairs of the texts", *model, own, other, on_disk=True)
    own, other = random.integers(len(positions.table), size=(2, of_table))
    yield Case("random pairs", *model, own, other, on_disk=True)
    tables = difficult_tables(random)
    counts = np.diff(np.linspace(0, count - of_texts - of_table, len(tables) + 1).astype(int))
    for (name, table), number in zip(tables.items(), counts, strict=True):
        own, other = random.integers(len(table), size=(2, number))
        producible = random.random(len(table)) < 0.9
        yield Case(name, table.astype(np.float32), producible, own, other)


def difficult_tables(random: np.random.Generator) -> dict[str, np.ndarray]:
    """Makes tables `[V, D]` on which a proof from the parents is hard, or a tie to break."""
    plain = random.normal(size=(_ROWS, _WIDTH))
    half, axes = plain[: _ROWS // 2], np.eye(_WIDTH)
    zeros = plain.copy()
    zeros[random.random(_ROWS) < 0.1] = 0.0
    flat, alike = np.zeros_like(plain), np.zeros_like(plain)
    flat[:, :4] = plain[:, :4]
    alike[:, :8] = 1.0 + 0.01 * plain[:, :8]
    return {
        "duplicated rows": np.concatenate([half, half]),
        "zero rows": zeros,
        "very unequal norms": plain * random.lognormal(sigma=3.0, size=(_ROWS, 1)),
        # Every mixture of two axes is as near to the one as to the other; opposite ones cancel.
        "ties": np.resize(np.concatenate([axes, -axes]), plain.shape),
        # In four dimensions there are tokens between most parents.
        "crowded": flat,
        # Every row points nearly the same way, so that no parent stands out.
        "made to defeat the certificate": alike,
    }


def _check(case: Case, random: np.random.Generator, project: Callable[..., Found]) -> Checked:
    find = nearest_neighbours if case.on_disk else find_neighbours
    geometry = geometry_of(case.table, case.producible, find=find)
    count = len(case.own_ids)
    weights = np.append(
        random.choice(_WEIGHTS, count - count // 3), random.beta(0.4, 0.4, count // 3)
    )
    shares = weights.astype(np.float32)
    queries = shares[:, np.newaxis] * case.table[case.own_ids]
    queries += (1 - shares)[:, np.newaxis] * case.table[case.other_ids]
    found, tier = _in_parts(project, case, shares, geometry)
    # A mixture of zero has no nearest token.
    some = queries.any(axis=1)
    search = BruteForce(geometry.unit_table.numpy(), case.producible)
    shares_of_tiers = tuple(float(np.mean(tier[some] == number)) for number in (1, 2, 3))
    verdict = search.judge(queries[some], search.nearest(queries[some]), found[some])
    return Checked(case.name, verdict, shares_of_tiers)


def _in_parts(
    project: Callable[..., Found], case: Case, shares: np.ndarray, geometry: Geometry
) -> tuple[np.ndarray, np.ndarray]:
    """Projects a part at a time, all of one size; the last is filled up with no text."""
    count, parts = len(shares), []
    at_once = min(_AT_ONCE, 2 ** math.ceil(math.log2(count)))
    whole = (case.own_ids.astype(np.int32), case.other_ids.astype(np.int32), shares, 1 - shares)
    for start in range(0, count, at_once):
        part = [values[start : start + at_once] for values in whole]
        filling = (0, at_once - len(part[0]))
        mixture = Mixture(*(tf.constant(np.pad(values, filling)) for values in part))
        found = project(mixture, tf.range(at_once) < len(part[0]), geometry)
        parts.append(np.stack([values.numpy()[: len(part[0])] for values in found]))
    token_ids, tier = np.concatenate(parts, axis=1)
    return token_ids, tier
