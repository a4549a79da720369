"""The numbers that tell, before training, whether an augmentation is too timid or out of domain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from scipy.special import entr, softmax

from tfaugkd.audit import distinct_share
from tfaugkd.augment.method import Augmentation
from tfaugkd.augmentation_examples import answers_of, flips
from tfaugkd.augmentation_views import Looked, Made
from tfaugkd.cells import MISSING, Cells
from tfaugkd.latency import latency

if TYPE_CHECKING:
    from tfaugkd.distiller import Distiller

REAL = "(real texts)"
_TIMED_CALLS = 5


@dataclass(frozen=True)
class Statistics:
    """What one augmentation makes of a number of texts; the first row is the texts themselves.

    Args:
        name: The augmentation.
        texts: How many were looked at.
        degree: Mean share of tokens that differ from the nearer parent; None where no text is made.
        moved: Mean distance from the original in word embeddings (TMix: in the states that are
            mixed), as a share of the original's length.
        flips: Share of texts to which the teacher gives another label; None for regression.
        change: For regression, the mean absolute change of its score.
        entropy: Mean entropy of its answers, in bits; None for regression.
        distinct: Share of texts that are neither real ones nor made before.
        nearest: Mean cosine distance (0 to 2) of the teacher's state of the text to that of the
            nearest real text, a real text's to the nearest other one.
        tokens_per_second: Text tokens augmented in a second.
    """

    name: str
    texts: int
    degree: float | None
    moved: float
    flips: float | None
    change: float | None
    entropy: float | None
    distinct: float | None
    nearest: float
    tokens_per_second: float | None = None


def statistics_of(looked: Looked, rates: Mapping[str, float]) -> list[Statistics]:
    """Says what augmentations made of texts.

    Args:
        looked: The N texts and what was made of them.
        rates: Each augmentation's tokens per second, as far as it is known.

    Returns:
        A row for the real texts and one for each augmentation.
    """
    rows = [_row(REAL, looked.clean, looked, None)]
    rows += [_row(name, made, looked, rates.get(name)) for name, made in looked.made.items()]
    return rows


def _row(name: str, made: Made, looked: Looked, rate: float | None) -> Statistics:
    clean, is_real = looked.clean, made is looked.clean
    before, after, _ = answers_of(clean, made)
    regression = after.shape[1] == 1
    return Statistics(
        name=name,
        texts=len(after),
        degree=None if made.degree is None else float(made.degree.mean()),
        moved=float(made.moved.mean()),
        flips=None if regression or is_real else float(flips(before, after).mean()),
        change=float(np.abs(after - before).mean()) if regression and not is_real else None,
        entropy=None if regression else entropy_bits(after),
        distinct=_distinct(made, clean, is_real),
        nearest=nearest_distance(
            made.of_student.states, clean.of_student.states, other_than_itself=is_real
        ),
        tokens_per_second=rate,
    )


def _distinct(made: Made, clean: Made, is_real: bool) -> float | None:
    if made.token_ids is None or clean.token_ids is None:
        return None
    real = set() if is_real else {row.tobytes() for row in clean.token_ids}
    return distinct_share(list(made.token_ids), real)


def entropy_bits(logits: np.ndarray) -> float:
    """Measures how undecided answers are.

    Args:
        logits: `[N, C]`.

    Returns:
        The mean entropy of the N distributions in bits, from 0 to log2(C).
    """
    return float(entr(softmax(logits.astype(np.float64), axis=-1)).sum(axis=-1).mean() / log(2))


def nearest_distance(
    states: np.ndarray, real: np.ndarray, other_than_itself: bool = False
) -> float:
    """Measures how far texts lie from the nearest real one.

    Args:
        states: `[N, D]`.
        real: `[M, D]`, the real texts'.
        other_than_itself: The two are the same, and no text counts as near to itself.

    Returns:
        The mean cosine distance, from 0 to 2; nan if there is no other text.
    """
    similarity = _unit(states) @ _unit(real).T
    if other_than_itself:
        np.fill_diagonal(similarity, -np.inf)
    nearest = 1.0 - similarity.max(axis=1)
    return float(nearest.mean()) if np.isfinite(nearest).all() else float("nan")


def _unit(rows: np.ndarray) -> np.ndarray:
    rows = rows.astype(np.float64)
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1.0)


def tokens_per_second(
    distiller: "Distiller", dataset: tf.data.Dataset, jit_compile: bool = True
) -> dict[str, float]:
    """Times each augmentation by itself on the first batch of a run, compiled as in the step.

    The clean pass, whose gradients and answers some of them read, is the step's own and not
    counted; nor are the draws, which the input pipeline makes meanwhile.

    Args:
        distiller: The distiller.
        dataset: The training data.
        jit_compile: Compile with XLA.

    Returns:
        Text tokens in a second, by the augmentation's name.
    """
    ((x, y, *_),) = dataset.take(1)
    batch, draws = tf.function(distiller.clean_batch, autograph=False)(x, y)
    is_text = distiller.student.vocabulary.is_text(batch.student.token_ids)
    count = float(tf.reduce_sum(tf.cast(is_text, tf.float32)))
    return {
        method.name: count / _seconds(distiller, method, batch, draws, jit_compile)
        for method in distiller.augmentations
    }


def _seconds(
    distiller: "Distiller", method: Augmentation, batch: Any, draws: Any, jit_compile: bool
) -> float:
    @tf.function(jit_compile=jit_compile, autograph=False)
    def views(batch: Any, draws: Any) -> list[tf.Tensor]:
        shown = tf.nest.flatten(distiller.augment(method, batch, draws))
        return [part for part in shown if tf.is_tensor(part)]

    return latency(lambda: views(batch, draws), _TIMED_CALLS, warmup=2).median_s


def statistics_cells(rows: Sequence[Statistics]) -> Cells:
    """Lays statistics out as a table.

    Args:
        rows: The statistics.

    Returns:
        The table; a column that nobody fills is left out.
    """
    columns = {
        "Method": [row.name for row in rows],
        "Tokens changed %": [_number(row.degree, 100) for row in rows],
        "Embeddings moved %": [_number(row.moved, 100) for row in rows],
        "Labels changed %": [_number(row.flips, 100) for row in rows],
        "Score changed": [_number(row.change, 1, 3) for row in rows],
        "Entropy (bits)": [_number(row.entropy, 1, 3) for row in rows],
        "Distinct texts %": [_number(row.distinct, 100) for row in rows],
        "Distance to nearest real": [_number(row.nearest, 1, 3) for row in rows],
        "Tokens a second": [_number(row.tokens_per_second, 1, 0) for row in rows],
    }
    filled = {title: cells for title, cells in columns.items() if set(cells) != {MISSING}}
    title = f"Augmentations of {rows[0].texts} texts"
    return Cells(title, list(filled), [list(line) for line in zip(*filled.values(), strict=True)])


def _number(value: float | None, factor: float, digits: int = 1) -> str:
    return MISSING if value is None or np.isnan(value) else f"{value * factor:,.{digits}f}"
