"""Batches cut to the shortest of a few lengths, so that what is only padding is not computed."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import tensorflow as tf

from tfaugkd.errors import InputError

LONGEST = "longest"
_OF_TOKENS = ("token_ids", "segment_ids", "padding_mask", "protected")


def in_buckets(step: Callable[..., Any], lengths: Sequence[int]) -> Callable[..., Any]:
    """Makes a step choose its length by the batch.

    Every length is a branch of one XLA program: shapes stay static, and of each step only one
    branch runs.

    Args:
        step: A function of `(x, *others)`, with `x` as `read_inputs` takes it, whose results do not
            depend in shape on the length of texts.
        lengths: The lengths to choose from, in tokens, in rising order. Those that are not below
            the batch's own do nothing; batches with longer texts keep their length.

    Returns:
        A function of the same arguments; the step itself where there are no lengths.

    Raises:
        InputError: The lengths do not rise, or one is below 8.
    """
    if list(lengths) != sorted(set(lengths)) or any(length < 8 for length in lengths):
        raise InputError(
            f"length_buckets is {list(lengths)!r}, but must be a list of rising numbers from 8 on."
        )
    if not lengths:
        return step

    def chosen(x: dict[str, Any], *others: Any) -> Any:
        whole = x["token_ids"].shape[1]
        choices = [*(length for length in lengths if length < whole), whole]
        if len(choices) == 1:
            return step(x, *others)
        longest = tf.reduce_max(x[LONGEST]) if LONGEST in x else _longest_of(x)
        number = tf.reduce_sum(tf.cast(longest > choices[:-1], tf.int32))
        branches = [partial(step, _cut(x, length), *others) for length in choices]
        return tf.switch_case(number, branches)

    return chosen


def longest_text(lengths: tf.Tensor, draws: dict[str, Any]) -> tf.Tensor:
    """Tells how long the longest text of a batch is.

    Args:
        lengths: Tokens of each text, int32 `[B]`.
        draws: What was drawn for the batch, with the texts of ready-made variants.

    Returns:
        Tokens, int32 `[]`.
    """
    return tf.reduce_max([tf.reduce_max(lengths), *(_longest(mask) for mask in _masks(draws))])


def with_longest(x: dict[str, Any], longest: tf.Tensor) -> dict[str, Any]:
    """Tells each example how long the longest text of the batch is.

    So replicas and hosts, which see a part of the batch each, choose one length: what is drawn for
    every token of a text is another thing in another length.

    Args:
        x: As `read_inputs` takes it; all of a batch, or a host's rows of it.
        longest: What `longest_text` gives of the whole batch.

    Returns:
        The same with `longest`, int32 `[B]`.
    """
    return x | {LONGEST: tf.fill([x["token_ids"].shape[0]], longest)}


def _longest_of(x: dict[str, Any]) -> tf.Tensor:
    return tf.reduce_max([_longest(mask) for mask in _masks(x)])


def _longest(padding_mask: tf.Tensor) -> tf.Tensor:
    # Padding comes last, in the data and in everything that is made of them.
    return tf.reduce_max(tf.reduce_sum(tf.cast(padding_mask, tf.int32), axis=-1))


def _masks(x: dict[str, Any]) -> list[tf.Tensor]:
    """Finds every padding mask: the student's, the teacher's and those of ready-made variants."""
    inside = [mask for part in x.values() if isinstance(part, dict) for mask in _masks(part)]
    return ([x["padding_mask"]] if "padding_mask" in x else []) + inside


def _cut(x: dict[str, Any], length: int) -> dict[str, Any]:
    return {
        name: _cut(part, length)
        if isinstance(part, dict)
        else part[:, :length]
        if name in _OF_TOKENS
        else part
        for name, part in x.items()
    }
