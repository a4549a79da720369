"""TinyBERT's text editing: words give way to others that fit (Jiao et al., 2020, Algorithm 1)."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from tfaugkd.classifier import SplitClassifier
from tfaugkd.errors import InputError
from tfaugkd.masked_words import MaskedWord, MaskedWords
from tfaugkd.word_neighbours import WordNeighbours

_TEXTS_AT_ONCE = 64
# What stands between words is kept as it is; "don't" is one word.
_WORD = re.compile(r"(\w+(?:['\u2019]\w+)*)")
_LETTERS = re.compile(r"[a-z]+", re.IGNORECASE)

# For each place of a word among the parts of a text, the words that may stand there instead.
Candidates = dict[int, list[str]]


@dataclass(frozen=True)
class TinyBertEditing:
    """Replaces each word of a text with some probability by one of several candidates.

    As TinyBERT's code does, it lets stand what is not made of letters alone, and stop words
    (scikit-learn's list). Each text of a pair is edited.

    A word that is one token gets the candidates of a masked language model, where one is given.
    All other words get their neighbours by cosine in a table of word embeddings, for which
    TinyBERT takes GloVe and this takes the model's own: a word of several tokens stands there as
    the mean of theirs. Unlike in TinyBERT's code a word is never its own candidate, so that
    `probability` is the share of these words that change.

    Args:
        probability: Chance that a word is replaced, from 0 to 1 (the paper's p_t).
        candidates: How many words may take a word's place, 1 or more (the paper's K).
        masked_lm: KerasHub preset or folder of a masked language model with a trained head. Its
            tokens and embeddings are then used. If not given, all words get neighbours in the
            teacher's embeddings.
        name: The name under which it is listed.
    """

    probability: float = 0.4
    candidates: int = 15
    masked_lm: str | None = None
    name: str = "tinybert"

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise InputError(
                f"{self.name}.probability is {self.probability!r}, but must be from 0 to 1."
            )
        if self.candidates < 1:
            raise InputError(
                f"{self.name}.candidates is {self.candidates!r}, but must be 1 or more."
            )

    def rewritten(
        self,
        texts: Sequence[str],
        copies: int,
        seed: int,
        teacher: Callable[[], SplitClassifier],
    ) -> Iterator[list[str]]:
        """Edits texts.

        Args:
            texts: The N texts.
            copies: Versions of each (TinyBERT makes 10 to 30).
            seed: Of what is drawn. The versions of a text depend on it, on the text's place and on
                no other text.
            teacher: Gives the model whose embeddings are taken where there is no `masked_lm`.

        Returns:
            The versions of each text, in the order of the texts.

        Raises:
            InputError: The masked language model cannot be used.
        """
        if self.masked_lm is None:
            model = teacher()
            tokenizer = model.classifier.preprocessor.tokenizer
            return self._edit(texts, copies, seed, WordNeighbours(tokenizer, model.table), None)
        masked = MaskedWords(self.masked_lm)
        neighbours = WordNeighbours(masked.tokenizer, masked.table)
        return self._edit(texts, copies, seed, neighbours, masked)

    def _edit(
        self,
        texts: Sequence[str],
        copies: int,
        seed: int,
        neighbours: WordNeighbours,
        masked: MaskedWords | None,
    ) -> Iterator[list[str]]:
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            some = [_WORD.split(text) for text in texts[start : start + _TEXTS_AT_ONCE]]
            candidates = self._candidates(some, neighbours, masked)
            for place, (parts, options) in enumerate(zip(some, candidates, strict=True), start):
                random = np.random.default_rng((seed, place))
                yield [self.edited(parts, options, random) for _ in range(copies)]

    def _candidates(
        self, texts: list[list[str]], neighbours: WordNeighbours, masked: MaskedWords | None
    ) -> list[Candidates]:
        """Finds the candidates of every word of a few texts that may be replaced."""
        places = [
            (number, place)
            for number, parts in enumerate(texts)
            for place in range(1, len(parts), 2)
            if is_replaceable(parts[place])
        ]
        words = [texts[number][place] for number, place in places]
        near = dict(zip(places, neighbours.nearest(words, self.candidates), strict=True))
        if masked is not None:
            whole = [
                (place, MaskedWord.of(texts[place[0]], place[1]))
                for place, tokens in zip(places, neighbours.pieces(words), strict=True)
                if len(tokens) == 1 and neighbours.is_word[tokens[0]]
            ]
            fitting = masked.fitting(
                [word for _, word in whole], neighbours.is_word, self.candidates
            )
            near |= {place: found for (place, _), found in zip(whole, fitting, strict=True)}
        return [
            {place: found for (of_text, place), found in near.items() if of_text == number}
            for number in range(len(texts))
        ]

    def edited(self, parts: list[str], candidates: Candidates, random: np.random.Generator) -> str:
        """Edits one text once.

        Args:
            parts: The text in parts.
            candidates: For the places of words, what may stand there instead.
            random: Where chance comes from.

        Returns:
            The text.
        """
        edited = list(parts)
        for place, words in candidates.items():
            # Both are drawn for every word, so that one word's draw moves no other's.
            replaced, chosen = random.random(2)
            if words and replaced < self.probability:
                edited[place] = _spelled_like(parts[place], words[int(chosen * len(words))])
        return "".join(edited)


def is_replaceable(word: str) -> bool:
    """Tells whether a word is one that TinyBERT would replace: letters alone, no stop word."""
    return bool(_LETTERS.fullmatch(word)) and word.lower() not in ENGLISH_STOP_WORDS


def _spelled_like(word: str, candidate: str) -> str:
    return candidate.capitalize() if word.istitle() else candidate
