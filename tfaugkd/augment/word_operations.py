"""EDA's operations, drawn at random, as edits of the words of a batch (Wei and Zou, 2019)."""

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from tfaugkd.augment.candidates import Candidates
from tfaugkd.augment.randomness import below
from tfaugkd.augment.rearrangement import Edit
from tfaugkd.augment.words import Words

# Random numbers that a word needs. An example needs two more, in a row of their own.
NUMBERS = 4
_REPLACE, _INSERT, _SWAP, _DELETE = range(4)
# Rates are counted in 65,536ths, since whole numbers are the same with and without XLA.
_ONE = 2**16


class Text(NamedTuple):
    """Words, with what operations must know of each `[B, W]`.

    `heads` (int32) is its first piece, `movable` (bool) whether it may stand elsewhere, and
    `has_synonym` (bool) whether it has one among `synonyms`.
    """

    words: Words
    heads: tf.Tensor
    movable: tf.Tensor
    has_synonym: tf.Tensor
    synonyms: Candidates


def random_edit(text: Text, rates: Sequence[float], numbers: tf.Tensor) -> tuple[Edit, tf.Tensor]:
    """Draws for each example one operation, and the words that it is done to.

    Args:
        text: The words.
        rates: Operations per word, of synonym replacement, random insertion, random swap and random
            deletion, from 0 to 1 each. An operation of rate 0 is not drawn.
        numbers: int32 `[B, W + 1, NUMBERS]`; random ones.

    Returns:
        The edit, and the number of operations per word of text, float32 `[B]`.
    """
    order, second, source, which = tf.unstack(numbers[:, :-1], axis=-1)
    operation, wanted = _operations(text.words, rates, numbers[:, -1])
    alike = text.words.part[:, :, tf.newaxis] == text.words.part[:, tf.newaxis, :]
    partner, leads = _pairs(text.movable, alike, second)
    # Of each text one word is not deleted.
    spared = _rank(second, text.words.touchable, alike) == 0
    eligible = (
        text.has_synonym,
        text.words.touchable & tf.reduce_any(alike & text.has_synonym[:, tf.newaxis, :], axis=-1),
        leads,
        text.words.touchable & ~spared,
    )
    of_operation = tf.gather(tf.stack(eligible, axis=1), operation, batch_dims=1)
    chosen = of_operation & (_rank(order, of_operation) < wanted[:, tf.newaxis])
    replace, insert, swap, delete = (
        chosen & (operation == kind)[:, tf.newaxis] for kind in (_REPLACE, _INSERT, _SWAP, _DELETE)
    )
    from_word = _sources(text.has_synonym, alike, source)
    swapped = swap | _at(swap, partner)
    own = tf.broadcast_to(tf.range(order.shape[1]), tf.shape(order))
    edit = Edit(
        tf.where(replace, text.synonyms.draw(text.heads, which), -1),
        tf.where(insert, text.synonyms.draw(_at(text.heads, from_word), which), -1),
        tf.where(swapped, partner, own),
        delete,
    )
    return edit, share(chosen, text.words.is_text)


def share(flags: tf.Tensor, of: tf.Tensor) -> tf.Tensor:
    """Divides how many words are of two kinds, bool `[B, W]`: float32 `[B]`; 0 for none of none."""
    some, all_of_them = (tf.cast(_count(words), tf.float32) for words in (flags, of))
    return tf.math.divide_no_nan(some, all_of_them)


def _operations(
    words: Words, rates: Sequence[float], numbers: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Draws the operation of each example and how many words it is for, int32 `[B]` each."""
    possible = [kind for kind, rate in enumerate(rates) if rate > 0] or [_REPLACE]
    operation = tf.gather(possible, below(numbers[:, 0], len(possible)))
    exactly = tf.gather([round(rate * _ONE) for rate in rates], operation) * _count(words.is_text)
    return operation, (exactly + below(numbers[:, 1], _ONE)) // _ONE


def _pairs(movable: tf.Tensor, alike: tf.Tensor, numbers: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Pairs the words of each text at random: each word's partner, and which is first of a pair."""
    rank = _rank(numbers, movable, alike)
    matches = alike & movable[:, tf.newaxis, :] & movable[:, :, tf.newaxis]
    matches &= rank[:, tf.newaxis, :] == tf.bitwise.bitwise_xor(rank, 1)[:, :, tf.newaxis]
    paired = tf.reduce_any(matches, axis=-1)
    own = tf.broadcast_to(tf.range(rank.shape[1]), tf.shape(rank))
    return tf.where(paired, _first(matches), own), paired & (rank % 2 == 0)


def _sources(has_synonym: tf.Tensor, alike: tf.Tensor, numbers: tf.Tensor) -> tf.Tensor:
    """Draws for each word one with a synonym of the same text: its index, int32 `[B, W]`."""
    some = alike & has_synonym[:, tf.newaxis, :]
    place = tf.cumsum(tf.cast(some, tf.int32), axis=-1) - 1
    return _first(some & (place == below(numbers, _count(some))[:, :, tf.newaxis]))


def _rank(numbers: tf.Tensor, among: tf.Tensor, alike: tf.Tensor | bool = True) -> tf.Tensor:
    """Counts, for each word, those of its text that have smaller numbers: int32 `[B, W]`."""
    index = tf.range(numbers.shape[1])
    one, other = numbers[:, :, tf.newaxis], numbers[:, tf.newaxis, :]
    smaller = (other < one) | ((other == one) & (index < index[:, tf.newaxis]))
    return _count(smaller & among[:, tf.newaxis, :] & alike)


def _first(flags: tf.Tensor) -> tf.Tensor:
    return tf.argmax(tf.cast(flags, tf.int32), axis=-1, output_type=tf.int32)


def _at(values: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
    return tf.gather(values, index, batch_dims=1)


def _count(flags: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.cast(flags, tf.int32), axis=-1)
