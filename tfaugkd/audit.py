"""Looks at what the augmentations of a distiller make, before any of it is trained on."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfaugkd.augment.method import Augmentation, LooksUp, Views
from tfaugkd.classifier import Tokens
from tfaugkd.data.inputs import read_inputs
from tfaugkd.errors import InputError

if TYPE_CHECKING:
    from tfaugkd.distiller import Distiller

_LOG = logging.getLogger("tfaugkd")
_LEAST_DEGREE = 0.005


class Audit(NamedTuple):
    """What one augmentation makes of a number of texts.

    `degree` is the mean share of tokens that differ from the nearer parent; `distinct` the share
    of the texts that are neither real ones nor made before; `texts` is how many were looked at.
    """

    degree: float
    distinct: float
    texts: int


def audit(distiller: "Distiller", dataset: tf.data.Dataset, batches: int = 8) -> dict[str, Audit]:
    """Runs the augmentations that make text on the first batches of a run.

    Args:
        distiller: The distiller, as it is at the start of the run.
        dataset: The training data, as for `Distiller.fit`.
        batches: How many batches are looked at.

    Returns:
        What each augmentation makes, by its name; those that make no text are left out.

    Raises:
        InputError: An augmentation leaves the texts as they are.
    """
    distiller.calibrate(dataset)
    methods = [method for method in distiller.augmentations if method.makes_tokens]
    if not methods:
        return {}

    # A few batches do not repay what XLA takes to compile them.
    @tf.function(autograph=False)
    def augment(x: dict[str, Any], y: tf.Tensor) -> dict[str, tuple[tf.Tensor, tf.Tensor]]:
        batch, draws = distiller.clean_batch(x, y)
        views = {method.name: distiller.augment(method, batch, draws) for method in methods}
        return {name: (_text_of(view), view.degree) for name, view in views.items()}

    _report_coverage(distiller, methods, dataset)
    real: set[bytes] = set()
    made: dict[str, list] = {method.name: [] for method in methods}
    for x, y, *_ in dataset.take(batches):
        real |= {row.tobytes() for row in read_inputs(x).student.token_ids.numpy()}
        for name, (token_ids, degree) in augment(x, y).items():
            made[name] += list(zip(token_ids.numpy(), degree.numpy(), strict=True))
    audits = {name: _summary(rows, real) for name, rows in made.items()}
    for name, found in audits.items():
        _require_change(name, found)
    return audits


def _report_coverage(
    distiller: "Distiller", methods: list[Augmentation], dataset: tf.data.Dataset
) -> None:
    """Logs how many words of the first batch the methods that look words up will find."""
    for method in methods:
        if not isinstance(method, LooksUp):
            continue
        for x, *_ in dataset.take(1):
            shares = method.coverage(distiller.student.vocabulary, read_inputs(x).student)
            _LOG.info(
                "%s knows a synonym of %.0f %% of the words of the first %d texts.",
                *(method.name, 100 * float(tf.reduce_mean(shares)), len(shares)),
            )


def _text_of(views: Views) -> tf.Tensor:
    assert isinstance(views.student, Tokens), "only methods that make tokens are asked"
    return views.student.token_ids


def _summary(rows: list[tuple[np.ndarray, float]], real: set[bytes]) -> Audit:
    degree = float(np.mean([degree for _, degree in rows]))
    return Audit(degree, distinct_share([token_ids for token_ids, _ in rows], real), len(rows))


def distinct_share(made: Sequence[np.ndarray], real: set[bytes]) -> float:
    """Measures the share of texts that are neither real ones nor made before.

    Args:
        made: Token ids `[S]` of each, at least one.
        real: The token ids of the real texts, as bytes.

    Returns:
        From 0 to 1.
    """
    return len({token_ids.tobytes() for token_ids in made} - real) / len(made)


def _require_change(name: str, found: Audit) -> None:
    if found.degree < _LEAST_DEGREE or found.distinct == 0:
        raise InputError(
            f"{name} leaves the texts as they are: it changes {100 * found.degree:.2f} % of the "
            f"tokens of {found.texts} texts, and {100 * found.distinct:.0f} % of its texts are "
            "new; give it a larger epsilon or degree, a weight nearer to 0.5, or variants of more "
            "texts."
        )
