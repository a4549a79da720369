"""Checks that what is timed computes what it should, before it is timed."""

import logging
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from tfaugkd.augment.augpro import AugPro
from tfaugkd.benchmark.brute_force import BruteForce, Verdict
from tfaugkd.benchmark.steps import TimedStep
from tfaugkd.distiller import Distiller
from tfaugkd.loss_terms import weighted_sum
from tfaugkd.projection import unit_rows

_LOG = logging.getLogger("tfaugkd")
_TOLERANCE = 1e-4


def check_steps(steps: Mapping[str, TimedStep]) -> None:
    """Checks every projection against brute force, and every row of plain KD against `kd`.

    Args:
        steps: The rows that will be timed.

    Raises:
        RuntimeError: Something computes another thing than it should.
    """
    for name, step in steps.items():
        if isinstance(step.model, Distiller):
            for method in step.model.augmentations:
                if isinstance(method, AugPro):
                    _check_projection(name, method, step)
    losses = {
        name: _clean_loss(step)
        for name, step in steps.items()
        if name in ("kd", "kd_stored_logits", "keras_distiller")
    }
    for name, loss in losses.items():
        expected = losses.get("kd", loss)
        if not np.isclose(loss, expected, rtol=_TOLERANCE):
            raise RuntimeError(f"{name} has a loss of {loss}, but kd has one of {expected}.")
    if len(losses) > 1:
        _LOG.info("Checked: %s have one loss without dropout.", ", ".join(losses))


def _check_projection(name: str, method: AugPro, step: TimedStep) -> None:
    """Compares the tokens of a method on one batch with brute force over what it represents."""
    distiller = step.model
    models = distiller.step.models
    x, y, *_ = next(iter(step.batches))

    @tf.function(jit_compile=True, autograph=False)
    def tokens_and_queries(x: dict, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        batch, draws = distiller.clean_batch(x, y)
        model, tokens = models.student, batch.student
        if method.of.space == "teacher":
            model, tokens = models.teacher, batch.teacher
        own = draws.get(method.name, {})
        made = method.of.represent(model, tokens, batch, own, models.objective)
        views = distiller.augment(method, batch, draws)
        return views.teacher.token_ids, made.embeddings, made.is_text

    found, queries, is_text = (part.numpy() for part in tokens_and_queries(x, y))
    model = models.teacher if method.of.space == "teacher" else models.student
    table = unit_rows(tf.convert_to_tensor(model.table)).numpy()
    projected = is_text & queries.any(axis=-1)
    search = BruteForce(table, model.vocabulary.producible)
    queries = queries[projected]
    verdict = search.judge(queries, search.nearest(queries), found[projected])
    require_right(f"{name}: the tokens of {method.name}", verdict)


def require_right(what: str, verdict: Verdict) -> None:
    """Stops at tokens that are not the nearest.

    Args:
        what: Which tokens, for the message.
        verdict: How they compare with brute force.

    Raises:
        RuntimeError: Some are wrong.
    """
    if verdict.wrong:
        raise RuntimeError(f"{what} are wrong at {verdict.wrong} of {verdict.positions} positions.")
    _LOG.info(
        "Checked: %s equal brute force at %d positions (%d but for rounding).",
        *(what, verdict.positions, verdict.rounded),
    )


def _clean_loss(step: TimedStep) -> float:
    """Gives the loss of a row on its first batch, without dropout."""
    x, y, *_ = next(iter(step.batches))
    if isinstance(step.model, Distiller):
        terms, logits = step.model.losses_and_logits(x, y)
        return float(tf.reduce_mean(weighted_sum(terms, logits)))
    # Keras' weights of the two terms add up to 1, ours to 2.
    logits = step.model.student(x, training=False)
    return 2 * float(step.model.compute_loss(x, y, logits, training=False))
