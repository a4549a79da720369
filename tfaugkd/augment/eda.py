"""Easy data augmentation: four operations on words (Wei and Zou, 2019; DA-for-KD, Section 5.2)."""

import logging
from dataclasses import dataclass, field

import tensorflow as tf

from tfaugkd.augment.candidates import (
    Candidates,
    candidates_of,
    prepared_candidates,
    with_candidates,
)
from tfaugkd.augment.degree import Degree, advised_degree, check_degree
from tfaugkd.augment.method import Batch, Draws, Models, Views, drawn
from tfaugkd.augment.randomness import example_seeds, random_numbers
from tfaugkd.augment.rearrangement import rearranged
from tfaugkd.augment.word_operations import NUMBERS, Text, random_edit, share
from tfaugkd.augment.words import read_words
from tfaugkd.classifier import SplitClassifier, Tokens
from tfaugkd.errors import InputError
from tfaugkd.synonyms import find_synonyms, require_synonyms
from tfaugkd.vocabulary import Vocabulary, spelling

_LOG = logging.getLogger("tfaugkd")
_RATES = ("alpha_sr", "alpha_ri", "alpha_rs", "alpha_rd")


@dataclass(frozen=True)
class EDA:
    """Replaces words by synonyms, inserts synonyms of words, swaps words, or deletes them.

    DA-for-KD says no more than that EDA combines the four; so, as in EDA's own code, each example
    has one of them done to it, drawn uniformly from those whose rate is above 0. The rate is how
    often that is, per word of the text: EDA rounds down, but to no less than one operation; here
    the rest is drawn, so that the rate is exact in expectation and 0 changes nothing.

    Words are whole, of however many pieces; a punctuation mark is a word of its own. Synonyms are
    words of one piece, and of such. Text is swapped, and synonyms are inserted, inside one text of
    a pair; every text keeps a word. An example has fewer operations than its rate asks for where it
    has too few words for them: no word is swapped twice, or replaced that has no synonym.

    Args:
        degree: Operations per word, from 0 to 1; "auto" is DA-for-KD's advice by the number of
            training examples.
        alpha_sr: Rate of synonym replacement; the degree if not given, as for the others.
        alpha_ri: Rate of random insertion.
        alpha_rs: Rate of random swap.
        alpha_rd: Rate of random deletion.
        hard: Weight of the loss against the original's label (EDA's own use of it).
        soft: Weight of the distance to the teacher.
        deep: Factor on the weights of deep distillation.
        name: The name under which its losses are logged.
    """

    degree: Degree = 0.3
    alpha_sr: float | None = None
    alpha_ri: float | None = None
    alpha_rs: float | None = None
    alpha_rd: float | None = None
    hard: float = 0.0
    soft: float = 1.0
    deep: float = 0.0
    name: str = "eda"
    candidates: Candidates | None = field(default=None, init=False, repr=False, compare=False)

    needs_clean_gradients = False
    needs_teacher_answer = False
    makes_tokens = True
    one_vocabulary_because = "both models read the words that it puts in and moves about"

    def __post_init__(self) -> None:
        check_degree(self.name, self.degree)
        for option in _RATES:
            rate = getattr(self, option)
            if rate is not None and not 0 <= rate <= 1:
                raise InputError(f"{self.name}.{option} is {rate!r}, but must be from 0 to 1.")
        if self.needs_synonyms:
            require_synonyms()

    @property
    def needs_synonyms(self) -> bool:
        """Tells whether words are replaced or inserted."""
        return self.alpha_sr != 0 or self.alpha_ri != 0

    @property
    def rates(self) -> list[float]:
        """Gives the rates of the four operations."""
        given = (getattr(self, option) for option in _RATES)
        return [float(self.degree if rate is None else rate) for rate in given]

    def advised_degree(self, train_examples: int) -> float:
        """Gives DA-for-KD's advice."""
        return advised_degree(train_examples)

    def prepared(self, teacher: SplitClassifier) -> "EDA":
        """Looks up the synonyms of every word that the models know as one token."""
        vocabulary = teacher.vocabulary
        synonyms = _synonyms_of_tokens(vocabulary) if self.needs_synonyms else {}
        return with_candidates(self, candidates_of(synonyms, len(vocabulary.special)))

    def coverage(self, vocabulary: Vocabulary, tokens: Tokens) -> tf.Tensor:
        """Measures the share of the words that have a synonym, `[B]`; 0 for no words."""
        text = self._text(vocabulary, tokens)
        return share(text.has_synonym, text.words.is_text)

    def draw(self, seed: tf.Tensor, batch_size: int) -> Draws:
        """Draws a seed `[B, 2]` for each example."""
        return {"seed": example_seeds(seed, batch_size)}

    def __call__(self, batch: Batch, draws: Draws, models: Models) -> Views:
        """Shows both models the edited text."""
        vocabulary, tokens = models.student.vocabulary, batch.student
        text = self._text(vocabulary, tokens)
        shape = (tokens.token_ids.shape[1] + 1, NUMBERS)
        numbers = random_numbers(drawn(self.name, "seed", draws), shape)
        edit, done = random_edit(text, self.rates, numbers)
        view = rearranged(tokens, text.words, edit, vocabulary.padding)
        return Views(view, view, batch.targets, done)

    def _text(self, vocabulary: Vocabulary, tokens: Tokens) -> Text:
        candidates = prepared_candidates(self.name, self.candidates)
        words = read_words(vocabulary, tokens)
        heads = tf.gather(tokens.token_ids, words.first, batch_dims=1)
        movable = words.touchable & tf.gather(vocabulary.begins_word, heads)
        has_synonym = words.touchable & (words.pieces == 1) & candidates.exist(heads)
        return Text(words, heads, movable, has_synonym, candidates)


def _synonyms_of_tokens(vocabulary: Vocabulary) -> dict[int, list[int]]:
    """Gives, for each token that is a word, those of its synonyms that are tokens."""
    spelled = {i: spelling(token) for i, token in vocabulary.tokens.items()}
    ids = {spelled[i]: i for i in spelled if vocabulary.whole_word[i]}
    found = find_synonyms(ids)
    _LOG.info("%s has synonyms for %d of %d words.", found.source, len(found.of), len(ids))
    return {
        i: [ids[synonym] for synonym in found.of[word.lower()]]
        for i, word in spelled.items()
        if vocabulary.producible[i] and word.lower() in found.of
    }
