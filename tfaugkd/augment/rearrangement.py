"""Rewrites texts word by word: replaces, inserts, moves and drops words, with static shapes."""

from typing import NamedTuple

import tensorflow as tf

from tfaugkd.augment.words import Words
from tfaugkd.classifier import Tokens


class Edit(NamedTuple):
    """What becomes of each word `[B, W]`.

    `replacement` (int32) is the token that each of its pieces becomes, so that it is meant for
    words of one piece, and `inserted` (int32) the token that is put behind it; -1 is none. `place`
    (int32) is the word that it takes the place of, and `dropped` (bool) whether it is left out.
    """

    replacement: tf.Tensor
    inserted: tf.Tensor
    place: tf.Tensor
    dropped: tf.Tensor


def rearranged(tokens: Tokens, words: Words, edit: Edit, padding: int) -> Tokens:
    """Carries an edit out.

    Where a text grows beyond S, each word that is inserted too much pushes out the last piece of
    the text that it is in: of a pair, the other text stays whole, and no special is ever lost.

    Args:
        tokens: `[B, S]`.
        words: Their words.
        edit: Of these words. What it replaces, moves or drops may be touched.
        padding: The token that fills a batch up.

    Returns:
        The new tokens `[B, S]`; segments and mask have moved along, and padding stays last.
    """
    length = tokens.token_ids.shape[1]
    items = _items(tokens, words, edit)
    kept = items.exists & ~_pushed_out(items, length)
    last = 2 * length
    order = tf.argsort(tf.where(kept, items.place, last), axis=-1, stable=True)[:, :length]
    token_ids, segment_ids, kept = (
        tf.gather(values, order, batch_dims=1)
        for values in (items.token_ids, items.segment_ids, kept)
    )
    return Tokens(
        tf.where(kept, token_ids, padding),
        tf.where(kept, segment_ids, 0),
        tf.cast(kept, tokens.padding_mask.dtype),
    )


class _Items(NamedTuple):
    """The S tokens of a text and, behind them, what is inserted behind each of its words."""

    token_ids: tf.Tensor
    segment_ids: tf.Tensor
    exists: tf.Tensor
    place: tf.Tensor
    part: tf.Tensor
    touchable: tf.Tensor


def _items(tokens: Tokens, words: Words, edit: Edit) -> _Items:
    replacement, place, dropped, part, touchable = (
        tf.gather(values, words.of_position, batch_dims=1)
        for values in (edit.replacement, edit.place, edit.dropped, words.part, words.touchable)
    )
    segments = tf.gather(tokens.segment_ids, words.first, batch_dims=1)
    real = tf.cast(tokens.padding_mask, tf.bool) & ~dropped
    own = tf.where(replacement >= 0, replacement, tokens.token_ids)
    inserted = edit.inserted >= 0

    def both(of_tokens: tf.Tensor, of_words: tf.Tensor) -> tf.Tensor:
        return tf.concat([of_tokens, of_words], axis=-1)

    return _Items(
        both(own, edit.inserted),
        both(tokens.segment_ids, segments),
        both(real, inserted),
        both(2 * place, 2 * edit.place + 1),
        both(part, words.part),
        both(touchable, inserted),
    )


def _pushed_out(items: _Items, length: int) -> tf.Tensor:
    """Tells which items there is no room for, bool `[B, 2S]`."""
    is_new = items.exists & (tf.range(2 * length) >= length)
    old = items.exists & ~is_new
    room = length - tf.reduce_sum(tf.cast(old, tf.int32), axis=-1, keepdims=True)
    too_much = is_new & (_before(items, is_new) >= room)
    of_part = items.part[:, tf.newaxis, :] == items.part[:, :, tf.newaxis]
    excess = _count(of_part & too_much[:, tf.newaxis, :])
    can_go = items.exists & items.touchable
    behind = _before(items, can_go, reverse=True, among=of_part)
    return can_go & (behind < excess)


def _before(
    items: _Items, flags: tf.Tensor, reverse: bool = False, among: tf.Tensor | bool = True
) -> tf.Tensor:
    """Counts the flagged items before each one (behind it, if in reverse) in the order to be."""
    places = items.place
    index = tf.range(places.shape[1])
    one, other = places[:, :, tf.newaxis], places[:, tf.newaxis, :]
    earlier = (other < one) | ((other == one) & (index < index[:, tf.newaxis]))
    if reverse:
        earlier = ~earlier & (index != index[:, tf.newaxis])
    return _count(earlier & flags[:, tf.newaxis, :] & among)


def _count(flags: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.cast(flags, tf.int32), axis=-1)
