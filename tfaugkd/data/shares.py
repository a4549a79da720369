"""Who sees which part of the training split: counts and shares of it, nested or apart."""

from typing import TypeVar

import numpy as np

from tfaugkd.data.examples import Examples
from tfaugkd.data.shards.prepared_examples import PreparedExamples
from tfaugkd.data_config import DataConfig
from tfaugkd.errors import InputError

AnyExamples = TypeVar("AnyExamples", Examples, PreparedExamples)


def takes_part(config: DataConfig) -> bool:
    """Tells whether a configuration takes only a part of the training split, or sets rows aside."""
    counts = (config.held_out, config.train_examples, config.skip_examples, config.skip_share)
    return any(counts) or config.train_share is not None


def part_of_train(config: DataConfig, split: str, examples: AnyExamples) -> AnyExamples:
    """Shuffles the training split and takes the rows to train on, or those that are set aside.

    First come the rows that are left out, then those to train on; those set aside are the last.

    Args:
        config: How many of each, as counts or as shares of what is not set aside.
        split: "train" or "held_out".
        examples: The whole split.

    Returns:
        The part, in an order that depends on config.seed alone.

    Raises:
        InputError: There are not so many rows, or none is left to train on.
    """
    count = len(examples)
    left = count - config.held_out
    if left < 1:
        raise InputError(
            f"data.held_out is {config.held_out}, but the training split has {count} examples."
        )
    shuffled = examples.shuffled(config.seed)
    if split == "held_out":
        return shuffled.take(np.arange(left, count))
    return shuffled.take(_training_rows(config, left, count))


def _training_rows(config: DataConfig, left: int, count: int) -> np.ndarray:
    """Gives the rows to train on, of the first `left` of `count` shuffled ones."""
    first = config.skip_examples or round(config.skip_share * left)
    if config.train_examples is not None:
        last = first + config.train_examples
    elif config.train_share is None:
        last = left
    elif config.skip_examples:
        last = first + round(config.train_share * left)
    else:
        # Shares are cut where they end, so that those that add up to 1 take every row once.
        last = round((config.skip_share + config.train_share) * left)
    if not first < last <= left:
        raise InputError(_wrong_part(config, first, last, left, count))
    return np.arange(first, last)


def _wrong_part(config: DataConfig, first: int, last: int, left: int, count: int) -> str:
    aside = f", {count - left} of which are held out" if left < count else ""
    if first:
        skip = "examples" if config.skip_examples else "share"
        value = config.skip_examples or config.skip_share
        aside += f" and {first} of which data.skip_{skip} ({value}) leaves out"
    there = f"the training split has {count} examples{aside}."
    if config.train_examples is not None:
        return f"data.train_examples is {config.train_examples}, but {there}"
    if config.train_share is not None:
        return f"data.train_share is {config.train_share}, which is {last - first}, but {there}"
    return f"Nothing is left to train on: {there}"
