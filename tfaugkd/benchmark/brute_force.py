"""Holds projections to a search by NumPy, which shares no code with what is searched."""

from typing import NamedTuple

import numpy as np

_QUERIES_AT_ONCE = 1024


class Verdict(NamedTuple):
    """How tokens that were found compare with the nearest ones.

    `positions` were compared. In `rounded` another token was found, which is as near but for what
    float32 rounds away; in `wrong` one that is farther, or of equally near tokens not the lowest.
    """

    positions: int
    rounded: int
    wrong: int

    def __add__(self, other: "Verdict") -> "Verdict":  # type: ignore[override]
        return Verdict(*(one + two for one, two in zip(self, other, strict=True)))


class BruteForce:
    """Searches a table.

    Args:
        unit_table: float32 `[V, D]`, rows of length 1 or zero.
        producible: bool `[V]`; tokens that may be found. Zero rows never are.
    """

    def __init__(self, unit_table: np.ndarray, producible: np.ndarray) -> None:
        self._unit = np.ascontiguousarray(unit_table, np.float32)
        self._allowed = producible & self._unit.any(axis=1)

    def judge(self, queries: np.ndarray, found: np.ndarray) -> Verdict:
        """Compares what was found with the nearest tokens.

        Args:
            queries: float32 `[N, D]`; none of them zero.
            found: int32 `[N]`.

        Returns:
            How many agree.
        """
        verdict = Verdict(0, 0, 0)
        for start in range(0, len(queries), _QUERIES_AT_ONCE):
            block = slice(start, start + _QUERIES_AT_ONCE)
            verdict = verdict + self._judge_block(queries[block], found[block])
        return verdict

    def _judge_block(self, queries: np.ndarray, found: np.ndarray) -> Verdict:
        similarity = queries @ self._unit.T
        similarity[:, ~self._allowed] = -np.inf
        best = similarity.argmax(axis=1)
        (other,) = np.nonzero(best != found)
        queries, best, found = queries[other], best[other], found[other]
        lost = self._score(queries, best) - self._score(queries, found)
        # A sum of D rounded products strays by about the root of D roundings.
        lengths = np.linalg.norm(queries, axis=1)
        rounding = np.finfo(np.float32).eps * np.sqrt(queries.shape[1]) * lengths
        wrong = ~self._allowed[found] | (lost > rounding) | ((lost == 0) & (found > best))
        return Verdict(len(similarity), int((~wrong).sum()), int(wrong.sum()))

    def _score(self, queries: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        rows = self._unit[tokens].astype(np.float64)
        return np.einsum("nd,nd->n", queries.astype(np.float64), rows)
