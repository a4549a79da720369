"""Finds strings that no augmentation may touch, such as the @GENE$ of relation tasks, in tokens."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tfaugkd.errors import InputError
from tfaugkd.vocabulary import tokens_by_id

_GOES_ON = "##"
_BLANKS = ("Ġ", "▁")


def protected_positions(
    tokenizer: Any, token_ids: np.ndarray, strings: Sequence[str]
) -> np.ndarray:
    """Finds the tokens that spell protected strings, or a part of one.

    Texts and strings are compared as the tokenizer spells them, so that case counts as much as it
    does for the model. A string is found inside a word, too, whatever pieces the word is cut into.
    One that is cut off at the end of a text is not found; one that holds what the vocabulary does
    not know is found wherever the unknown token stands in its place.

    Args:
        tokenizer: A KerasHub tokenizer.
        token_ids: int32 `[N, S]`; its tokens.
        strings: What is protected.

    Returns:
        int32 `[N, S]`; 1 at a protected token.

    Raises:
        InputError: The tokenizer makes nothing of one of the strings.
    """
    pieces = _pieces(tokenizer)
    sought = [_spelling_of(tokenizer, string, pieces) for string in strings]
    found = np.zeros(token_ids.shape, np.int32)
    for row, ids in enumerate(token_ids.tolist()):
        ends = np.cumsum([len(pieces.get(i, " ")) for i in ids])
        text = "".join(pieces.get(i, " ") for i in ids)
        for start, end in _places(text, sought):
            first, last = np.searchsorted(ends, [start, end - 1], side="right")
            found[row, first : last + 1] = 1
    return found


def _places(text: str, sought: Sequence[str]) -> Iterator[tuple[int, int]]:
    for string in sought:
        start = text.find(string)
        while start >= 0:
            yield start, start + len(string)
            start = text.find(string, start + 1)


def _pieces(tokenizer: Any) -> dict[int, str]:
    """Writes tokens with a blank where a word begins, however their vocabulary marks that."""
    tokens = tokens_by_id(tokenizer)
    if any(token.startswith(_BLANKS) for token in tokens.values()):
        return {i: re.sub("|".join(_BLANKS), " ", token) for i, token in tokens.items()}
    return {
        i: token.removeprefix(_GOES_ON) if token.startswith(_GOES_ON) else f" {token}"
        for i, token in tokens.items()
    }


def _spelling_of(tokenizer: Any, string: str, pieces: dict[int, str]) -> str:
    spelled = "".join(pieces.get(int(i), "") for i in np.asarray(tokenizer(string))).strip()
    if not spelled:
        raise InputError(
            f"data.protect has {string!r}, of which the tokenizer makes nothing; leave it out."
        )
    return spelled
