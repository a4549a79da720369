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


class BruteForce:
    """Searches a table.

    Args:
        unit_table: float32 `[V, D]`, rows of length 1 or zero.
        producible: bool `[V]`; tokens that may be found. Zero rows never are.
    """

    def __init__(self, unit_table: np.ndarray, producible: np.ndarray) -> None:
        self._unit = np.ascontiguousarray(unit_table, np.float32)
        self._allowed = producible & self._unit.any(axis=1)

    def nearest(self, queries: np.ndarray) -> np.ndarray:
        """Finds the token nearest to each query.

        Args:
            queries: float32 `[N, D]`; none of them zero.

        Returns:
            int64 `[N]`; of tokens that are equally near in float32, the lowest.
        """
        blocks = []
        for start in range(0, len(queries), _QUERIES_AT_ONCE):
            similarity = queries[start : start + _QUERIES_AT_ONCE] @ self._unit.T
            similarity[:, ~self._allowed] = -np.inf
            blocks.append(similarity.argmax(axis=1))
        return np.concatenate(blocks) if blocks else np.zeros(0, np.int64)

    def judge(self, queries: np.ndarray, nearest: np.ndarray, found: np.ndarray) -> Verdict:
        """Compares what was found with the nearest tokens.

        Args:
            queries: float32 `[N, D]`.
            nearest: int64 `[N]`, from `nearest`.
            found: int32 `[N]`.

        Returns:
            How many agree.
        """
        count = len(queries)
        (other,) = np.nonzero(nearest != found)
        queries, nearest, found = queries[other], nearest[other], found[other]
        lost = self._score(queries, nearest) - self._score(queries, found)
        # A sum of D rounded products strays by about the root of D roundings.
        lengths = np.linalg.norm(queries, axis=1)
        rounding = np.finfo(np.float32).eps * np.sqrt(queries.shape[1]) * lengths
        wrong = ~self._allowed[found] | (lost > rounding) | ((lost == 0) & (found > nearest))
        return Verdict(count, int((~wrong).sum()), int(wrong.sum()))

    def _score(self, queries: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        rows = self._unit[tokens].astype(np.float64)
        return np.einsum("nd,nd->n", queries.astype(np.float64), rows)
