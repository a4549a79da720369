"""kNN: words become their neighbours in the teacher's table (Wang and Yang, 2015; DA-for-KD, 3)."""

from dataclasses import dataclass, field

import numpy as np
import tensorflow as tf

from tfaugkd.augment.candidates import Candidates, prepared_candidates, with_candidates
from tfaugkd.augment.degree import Degree, advised_degree, check_degree
from tfaugkd.augment.method import Batch, Draws, Models, Views, drawn
from tfaugkd.augment.randomness import example_seeds, random_numbers
from tfaugkd.augment.replacement import chosen, views_of
from tfaugkd.augment.words import single_pieces
from tfaugkd.classifier import SplitClassifier
from tfaugkd.errors import InputError
from tfaugkd.neighbours import nearest_neighbours


@dataclass(frozen=True)
class KNN:
    """Replaces words by one of their nearest neighbours by cosine in the teacher's table.

    Only words of one piece are replaced, and only by such; see `replacement.chosen` for how the
    degree is reached in spite of that. Which of the neighbours it is, is drawn uniformly.

    Args:
        degree: Share of the tokens to change, from 0 to 1 (AugPro takes 0.1, DA-for-KD 0.3 most of
            the time); "auto" is DA-for-KD's advice by the number of training examples.
        k: How many neighbours a word has; 1 or more.
        hard: Weight of the loss against the original's label (DA-for-KD leaves it at 0).
        soft: Weight of the distance to the teacher.
        deep: Factor on the weights of deep distillation.
        name: The name under which its losses are logged.
    """

    degree: Degree = 0.3
    k: int = 15
    hard: float = 0.0
    soft: float = 1.0
    deep: float = 0.0
    name: str = "knn"
    candidates: Candidates | None = field(default=None, init=False, repr=False, compare=False)

    needs_clean_gradients = False
    needs_teacher_answer = False
    makes_tokens = True
    one_vocabulary_because = "both models read the words that it puts in"

    def __post_init__(self) -> None:
        check_degree(self.name, self.degree)
        if self.k < 1:
            raise InputError(f"{self.name}.k is {self.k!r}, but must be 1 or more.")

    def advised_degree(self, train_examples: int) -> float:
        """Gives DA-for-KD's advice."""
        return advised_degree(train_examples)

    def prepared(self, teacher: SplitClassifier) -> "KNN":
        """Finds the neighbours of every token in the teacher's table."""
        words = teacher.vocabulary.whole_word
        found = nearest_neighbours(tf.convert_to_tensor(teacher.table).numpy(), words, self.k)
        counts = np.sum(found.ids >= 0, axis=1, dtype=np.int32)
        table = np.maximum(found.ids, 0)
        return with_candidates(self, Candidates(tf.constant(table), tf.constant(counts)))

    def draw(self, seed: tf.Tensor, batch_size: int) -> Draws:
        """Draws a seed `[B, 2]` for each example."""
        return {"seed": example_seeds(seed, batch_size)}

    def __call__(self, batch: Batch, draws: Draws, models: Models) -> Views:
        """Shows both models the text with its words replaced."""
        candidates = prepared_candidates(self.name, self.candidates)
        vocabulary, tokens = models.student.vocabulary, batch.student
        seeds = drawn(self.name, "seed", draws)
        whether, which = tf.unstack(random_numbers(seeds, (2, tokens.token_ids.shape[1])), axis=1)
        able = single_pieces(vocabulary, tokens) & candidates.exist(tokens.token_ids)
        where = chosen(whether, vocabulary.is_text(tokens.token_ids), able, float(self.degree))
        return views_of(batch, vocabulary, where, candidates.draw(tokens.token_ids, which))
