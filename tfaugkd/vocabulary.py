"""The geometry of a vocabulary: what its embeddings look like and which tokens may be made up."""

import re
from typing import Any

import numpy as np
import tensorflow as tf

_UNUSED = re.compile(r"^\[unused\d*\]$|^<extra_id_\d+>$|^madeupword\d+$")


class Vocabulary:
    """What augmentations must know of the tokens that a model reads.

    Args:
        tokenizer: A KerasHub tokenizer.
        size: V, the number of rows of the embedding table; may exceed the tokenizer's tokens.

    Attributes:
        tokens: The tokenizer's tokens, by id.
        special: bool `[V]`; tokens that frame a text ([CLS], [SEP], [PAD], [MASK]). They are
            neither replaced nor produced.
        producible: bool `[V]`; tokens that augmentation may put into a text: no specials, no
            unused ones, no ids beyond the tokenizer's. The unknown token is text like any other, so
            that a text which has one can stay as it is.
    """

    def __init__(self, tokenizer: Any, size: int) -> None:
        tokens = _tokens_by_id(tokenizer)
        special = np.zeros(size, bool)
        special[[i for i in tokenizer.special_token_ids if i is not None]] = True
        producible = np.zeros(size, bool)
        producible[[i for i, token in tokens.items() if not _UNUSED.match(token)]] = True
        self.tokens = tokens
        self.special = special
        self.producible = producible & ~special

    def is_text(self, token_ids: tf.Tensor) -> tf.Tensor:
        """Tells text from specials and padding: int32 `[B, S]` to bool `[B, S]`."""
        return ~tf.gather(self.special, token_ids)


def _tokens_by_id(tokenizer: Any) -> dict[int, str]:
    numbered = getattr(tokenizer, "vocabulary", None)
    if isinstance(numbered, dict):
        # Byte pairs: the order of the file says nothing.
        return {i: token for token, i in numbered.items()}
    return dict(enumerate(tokenizer.get_vocabulary()))


def root_mean_square(table: tf.Tensor) -> tf.Tensor:
    """Gives the root-mean-square entry of an embedding table `[V, D]`, a scalar."""
    return tf.sqrt(tf.reduce_mean(tf.square(tf.cast(table, tf.float32))))
