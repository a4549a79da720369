"""Replaces words by others, each with the same probability, so that a share of the text changes."""

import numpy as np
import tensorflow as tf

from tfaugkd.augment.method import Batch, Views, degree
from tfaugkd.augment.randomness import below, uniform
from tfaugkd.vocabulary import Vocabulary


def chosen(
    numbers: tf.Tensor, is_text: tf.Tensor, replaceable: tf.Tensor, share: float
) -> tf.Tensor:
    """Chooses tokens to replace, so that a share of the text is chosen in expectation.

    Pieces of longer words, and words that have no candidate, cannot be replaced; the others are
    chosen that much more often. Where too few are left even so, all of them are chosen, and the
    share is smaller than it was asked for.

    Args:
        numbers: int32 `[B, S]`; random ones.
        is_text: bool `[B, S]`.
        replaceable: bool `[B, S]`; only where there is text.
        share: Of the text, from 0 to 1.

    Returns:
        bool `[B, S]`.
    """
    texts, able = (
        tf.reduce_sum(tf.cast(flags, tf.float32), axis=-1, keepdims=True)
        for flags in (is_text, replaceable)
    )
    return replaceable & (uniform(numbers) < tf.math.divide_no_nan(share * texts, able))


def views_of(batch: Batch, vocabulary: Vocabulary, where: tf.Tensor, others: tf.Tensor) -> Views:
    """Shows both models the text with some of its tokens replaced.

    Args:
        batch: The clean batch.
        vocabulary: Of its tokens.
        where: bool `[B, S]`; what is replaced.
        others: int32 `[B, S]`; by what.

    Returns:
        The views, with the original's labels.
    """
    tokens = batch.student
    made = tf.where(where, others, tokens.token_ids)
    changed = degree(made, vocabulary.is_text(tokens.token_ids), (tokens.token_ids,))
    view = tokens._replace(token_ids=made)
    return Views(view, view, batch.targets, changed)


def other_words(vocabulary: Vocabulary, token_ids: tf.Tensor, numbers: tf.Tensor) -> tf.Tensor:
    """Draws for each token any other word of the vocabulary, all as likely.

    Args:
        vocabulary: Has at least two words.
        token_ids: int32 `[B, S]`.
        numbers: int32 `[B, S]`; random ones.

    Returns:
        int32 `[B, S]`.
    """
    words = np.flatnonzero(vocabulary.whole_word).astype(np.int32)
    places = np.cumsum(vocabulary.whole_word) - 1
    # What is no word itself stands behind the last one: nothing is then left out.
    own = tf.gather(np.where(vocabulary.whole_word, places, len(words)), token_ids)
    own = tf.cast(own, tf.int32)
    place = below(numbers, len(words) - tf.cast(own < len(words), tf.int32))
    return tf.gather(words, place + tf.cast(place >= own, tf.int32))
