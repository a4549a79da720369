"""What a masked language model would put in a word's place."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfaugkd.errors import InputError
from tfaugkd.presets import load_masked_lm

_WORDS_AT_ONCE = 32
_LONGEST = 256


class MaskedWord(NamedTuple):
    """A word and the text on both sides of it."""

    before: str
    word: str
    behind: str

    @classmethod
    def of(cls, parts: Sequence[str], place: int) -> "MaskedWord":
        """Takes one of the parts of a text for the word."""
        return cls("".join(parts[:place]), parts[place], "".join(parts[place + 1 :]))


class MaskedWords:
    """A masked language model that is asked for words.

    As in TinyBERT's code, it reads the text with the word masked and, as a second segment, the
    text as it is, up to 256 tokens.

    Args:
        preset: A KerasHub preset's name, or a folder in its format.

    Raises:
        InputError: There is no such preset, or its head was never trained.
    """

    def __init__(self, preset: str) -> None:
        self._model = load_masked_lm(preset)
        # KerasHub puts a new head on a preset that has none.
        if not np.any(self._model.masked_lm_head.weights[-1]):
            raise InputError(
                f"masked_lm is {preset!r}, whose head was never trained (its biases are all 0); "
                "name a preset that a MaskedLM was saved in, or leave masked_lm out."
            )
        preprocessor = self._model.preprocessor
        self.tokenizer: Any = preprocessor.tokenizer
        self._length = min(_LONGEST, self._model.backbone.max_sequence_length)
        preprocessor.sequence_length = self._length
        preprocessor.build(())
        self._packer = preprocessor.packer

    @property
    def table(self) -> Any:
        """The model's table of word embeddings, a variable `[V, D]`."""
        return self._model.backbone.token_embedding.embeddings

    def fitting(
        self, places: Sequence[MaskedWord], is_word: np.ndarray, count: int
    ) -> list[list[str]]:
        """Finds the words that the model finds most probable in places.

        Args:
            places: N words in their texts.
            is_word: bool `[V]`; the tokens that may be found.
            count: How many to find.

        Returns:
            For each place up to `count` words other than the one that stands there, the most
            probable first. None where the place lies beyond what the model reads.
        """
        found = []
        for start in range(0, len(places), _WORDS_AT_ONCE):
            some = places[start : start + _WORDS_AT_ONCE]
            filled = [*some, *[some[0]] * (_WORDS_AT_ONCE - len(some))]
            found += self._fitting(filled, is_word, count)[: len(some)]
        return found

    def _fitting(
        self, places: Sequence[MaskedWord], is_word: np.ndarray, count: int
    ) -> list[list[str]]:
        token_ids, segment_ids = self._packed(places)
        masked = token_ids == self.tokenizer.mask_token_id
        x = {
            "token_ids": token_ids,
            "segment_ids": segment_ids,
            "padding_mask": (token_ids != self.tokenizer.pad_token_id).astype(np.int32),
            "mask_positions": np.argmax(masked, axis=1)[:, np.newaxis].astype(np.int32),
        }
        inputs = {name: tf.constant(x[name]) for name in self._model.input}
        # One more, because the word itself may be among them.
        top = self._fitting_tokens(inputs, is_word, min(count + 1, len(is_word))).numpy()
        words = [[self._spelled(i) for i in row if is_word[i]] for row in top]
        return [
            [word for word in row if word.lower() != place.word.lower()][:count] if read else []
            for place, row, read in zip(places, words, masked.any(axis=1), strict=True)
        ]

    def _packed(self, places: Sequence[MaskedWord]) -> tuple[np.ndarray, np.ndarray]:
        """Packs the masked texts, each with the text as it is behind it, `[B, S]`."""
        # Byte pairs count the space before a word to the word.
        before = self.tokenizer([place.before.rstrip() for place in places])
        behind = self.tokenizer([place.behind for place in places])
        mask = [self.tokenizer.mask_token_id]
        masked = [one + mask + other for one, other in zip(before, behind, strict=True)]
        clean = self.tokenizer(["".join(place) for place in places])
        token_ids, segment_ids = self._packer((masked, clean))
        return np.asarray(token_ids, np.int32), np.asarray(segment_ids, np.int32)

    @partial(tf.function, jit_compile=True, autograph=False)
    def _fitting_tokens(self, x: dict[str, tf.Tensor], is_word: tf.Tensor, count: int) -> tf.Tensor:
        scores = self._model(x, training=False)[:, 0, :]
        return tf.math.top_k(tf.where(is_word, scores, float("-inf")), count).indices

    def _spelled(self, token_id: int) -> str:
        return self.tokenizer.id_to_token(int(token_id)).removeprefix("\u0120")
