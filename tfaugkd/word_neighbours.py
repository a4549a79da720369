"""Which words of a vocabulary are near to a word, by their embeddings."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfaugkd.projection import unit_rows
from tfaugkd.vocabulary import Vocabulary

# A word of its own: not the end of one (##ly), and in byte pairs with the mark of a space before.
_WORD = re.compile(r"(\u0120?)([a-z]{2,})", re.IGNORECASE)
_UNKNOWN = ("[UNK]", "<unk>")
_WORDS_AT_ONCE = 512


class WordNeighbours:
    """The words of letters alone that are one token each, and where they stand in a table.

    Args:
        tokenizer: A KerasHub tokenizer.
        table: Word embeddings `[V, D]`.

    Attributes:
        words: These words, by their tokens' ids.
        is_word: bool `[V]`; which tokens are such words.
    """

    def __init__(self, tokenizer: Any, table: Any) -> None:
        size = table.shape[0]
        vocabulary = Vocabulary(tokenizer, size)
        matches = {i: _WORD.fullmatch(token) for i, token in vocabulary.tokens.items()}
        byte_pairs = any(match and match[1] for match in matches.values())
        self.words = {
            i: match[2]
            for i, match in sorted(matches.items())
            if match and vocabulary.producible[i] and bool(match[1]) == byte_pairs
        }
        self._ids = np.array(list(self.words), np.int64)
        self.is_word = np.isin(np.arange(size), self._ids)
        self._unknown = {i for i, token in vocabulary.tokens.items() if token in _UNKNOWN}
        self._tokenizer = tokenizer
        self._rows = unit_rows(tf.convert_to_tensor(table)).numpy()

    def pieces(self, words: Sequence[str]) -> list[list[int]]:
        """Cuts words up: N words to the ids of each one's tokens."""
        if not words:
            return []
        # The space makes byte pairs take the word for one that does not begin the text.
        return self._tokenizer([f" {word}" for word in words])

    def nearest(self, words: Sequence[str], count: int) -> list[list[str]]:
        """Finds the words that are nearest by cosine.

        Args:
            words: N words, of one token or of several, which then stand at the mean of theirs.
            count: How many to find.

        Returns:
            For each word up to `count` others, the nearest first; of equally near ones the lowest
            token first. None for a word with a token that the vocabulary does not know.
        """
        distinct = list(dict.fromkeys(words))
        found: dict[str, list[str]] = {}
        for start in range(0, len(distinct), _WORDS_AT_ONCE):
            some = distinct[start : start + _WORDS_AT_ONCE]
            found |= zip(some, self._nearest(self.pieces(some), count), strict=True)
        return [found[word] for word in words]

    def _nearest(self, words: list[list[int]], count: int) -> list[list[str]]:
        means = np.stack([self._rows[tokens].mean(axis=0) for tokens in words])
        similarity = means @ self._rows[self._ids].T
        for row, tokens in zip(similarity, words, strict=True):
            if len(tokens) == 1:
                row[self._ids == tokens[0]] = -np.inf
        order = np.argsort(-similarity, axis=1, kind="stable")[:, :count]
        known = (not self._unknown & set(tokens) for tokens in words)
        return [
            # With fewer words than are asked for, the word itself comes last.
            [self.words[i] for i in self._ids[row] if [i] != tokens] if is_known else []
            for tokens, row, is_known in zip(words, order, known, strict=True)
        ]
