"""Where words begin and end in a batch of tokens, and which of them may be touched."""

from typing import NamedTuple

import tensorflow as tf

from tfaugkd.classifier import Tokens
from tfaugkd.vocabulary import Vocabulary


class Words(NamedTuple):
    """The words of a batch, in order; a special, or padding, is a word of its own.

    There are W = S places for words; those behind the last word have no pieces. `of_position`
    int32 `[B, S]` is the word that a token is a piece of; of each word `[B, W]`, `first` (int32) is
    the position of its first piece, `pieces` (int32) their number, `is_text` (bool) whether it is
    text, `touchable` (bool) whether all of it may be touched, and `part` (int32) tells the two
    texts of a pair from each other.
    """

    of_position: tf.Tensor
    first: tf.Tensor
    pieces: tf.Tensor
    is_text: tf.Tensor
    touchable: tf.Tensor
    part: tf.Tensor


def touchable(vocabulary: Vocabulary, tokens: Tokens) -> tf.Tensor:
    """Tells which positions augmentation may touch: text, and none of it protected.

    Args:
        vocabulary: Of the tokens.
        tokens: `[B, S]`.

    Returns:
        bool `[B, S]`.
    """
    text = vocabulary.is_text(tokens.token_ids) & tf.cast(tokens.padding_mask, tf.bool)
    return text if tokens.protected is None else text & (tokens.protected == 0)


def word_starts(vocabulary: Vocabulary, token_ids: tf.Tensor) -> tf.Tensor:
    """Tells where words begin.

    Args:
        vocabulary: Of the tokens.
        token_ids: int32 `[B, S]`.

    Returns:
        bool `[B, S]`; true also for specials and padding, and for the first token of a text.
    """
    is_text = vocabulary.is_text(token_ids)
    behind_special = tf.pad(~is_text[:, :-1], [[0, 0], [1, 0]], constant_values=True)
    return ~is_text | behind_special | tf.gather(vocabulary.begins_word, token_ids)


def single_pieces(vocabulary: Vocabulary, tokens: Tokens) -> tf.Tensor:
    """Tells which tokens are whole words that may be touched: no piece of a longer word.

    Args:
        vocabulary: Of the tokens.
        tokens: `[B, S]`.

    Returns:
        bool `[B, S]`.
    """
    starts = word_starts(vocabulary, tokens.token_ids)
    ends = tf.pad(starts[:, 1:], [[0, 0], [0, 1]], constant_values=True)
    return touchable(vocabulary, tokens) & starts & ends


def read_words(vocabulary: Vocabulary, tokens: Tokens) -> Words:
    """Finds the words of a batch.

    Args:
        vocabulary: Of the tokens.
        tokens: `[B, S]`.

    Returns:
        The words.
    """
    length = tokens.token_ids.shape[1]
    is_text = vocabulary.is_text(tokens.token_ids)
    starts = word_starts(vocabulary, tokens.token_ids)
    of_position = tf.cumsum(tf.cast(starts, tf.int32), axis=-1) - 1
    belongs = of_position[:, tf.newaxis, :] == tf.range(length)[:, tf.newaxis]
    pieces = tf.reduce_sum(tf.cast(belongs, tf.int32), axis=-1)
    first = tf.minimum(tf.cumsum(pieces, axis=-1, exclusive=True), length - 1)
    untouchable = belongs & ~touchable(vocabulary, tokens)[:, tf.newaxis, :]
    # Every text of a pair has specials of its own before it.
    part = tf.cumsum(tf.cast(~is_text, tf.int32), axis=-1)
    return Words(
        of_position,
        first,
        pieces,
        (pieces > 0) & tf.gather(is_text, first, batch_dims=1),
        (pieces > 0) & ~tf.reduce_any(untouchable, axis=-1),
        tf.gather(part, first, batch_dims=1),
    )
