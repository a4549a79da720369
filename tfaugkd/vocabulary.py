"""The geometry of a vocabulary: what its embeddings look like and which tokens may be made up."""

import re
import string
from typing import Any

import numpy as np
import tensorflow as tf

_UNUSED = re.compile(r"^\[unused\d*\]$|^<extra_id_\d+>$|^madeupword\d+$")
_UNKNOWN = ("[UNK]", "<unk>")
# WordPiece marks the pieces that go on with a word; byte pairs and SentencePiece those that begin
# one, with the blank before it.
_GOES_ON = "##"
_BLANKS = ("Ġ", "▁")


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
        begins_word: bool `[V]`; tokens that begin a word wherever they stand.
        whole_word: bool `[V]`; tokens that may be put into a text as words of their own. None of
            them goes on with the word before it; the unknown token is no word.
        padding: The token that fills a batch up.
    """

    def __init__(self, tokenizer: Any, size: int) -> None:
        tokens = tokens_by_id(tokenizer)
        special = np.zeros(size, bool)
        special[[i for i in tokenizer.special_token_ids if i is not None]] = True
        producible = np.zeros(size, bool)
        producible[[i for i, token in tokens.items() if not _UNUSED.match(token)]] = True
        self.tokens = tokens
        self.special = special
        self.producible = producible & ~special
        begins_word = np.zeros(size, bool)
        begins_word[_beginning_words(tokens)] = True
        self.begins_word = begins_word
        self.whole_word = self.producible & begins_word
        self.whole_word[[i for i, token in tokens.items() if not is_spelled(token)]] = False
        self.padding = int(tokenizer.pad_token_id)

    def is_text(self, token_ids: tf.Tensor) -> tf.Tensor:
        """Tells text from specials and padding: int32 `[B, S]` to bool `[B, S]`."""
        return ~tf.gather(self.special, token_ids)


def spelling(token: str) -> str:
    """Gives a token as it is written, without the mark of the blank before it."""
    return token.lstrip("".join(_BLANKS))


def is_spelled(token: str) -> bool:
    """Tells whether a token stands for letters: neither the unknown token nor a lone blank."""
    return bool(spelling(token)) and token not in _UNKNOWN


def _beginning_words(tokens: dict[int, str]) -> list[int]:
    blanks = [blank for blank in _BLANKS if any(t.startswith(blank) for t in tokens.values())]
    if not blanks:
        return [i for i, token in tokens.items() if not token.startswith(_GOES_ON)]
    # No blank stands before a full stop, and it is no part of the word before it.
    beginnings = (*blanks, *string.punctuation)
    return [i for i, token in tokens.items() if token.startswith(beginnings)]


def tokens_by_id(tokenizer: Any) -> dict[int, str]:
    """Gives a KerasHub tokenizer's tokens as they stand in its vocabulary."""
    numbered = getattr(tokenizer, "vocabulary", None)
    if isinstance(numbered, dict):
        # Byte pairs: the order of the file says nothing.
        return {i: token for token, i in numbered.items()}
    return dict(enumerate(tokenizer.get_vocabulary()))


def root_mean_square(table: tf.Tensor) -> tf.Tensor:
    """Gives the root-mean-square entry of an embedding table `[V, D]`, a scalar."""
    return tf.sqrt(tf.reduce_mean(tf.square(tf.cast(table, tf.float32))))
