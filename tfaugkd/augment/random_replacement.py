"""Random replacement: words become any others (DA-for-KD, Section 5.2 and Table 5)."""

from dataclasses import dataclass

import tensorflow as tf

from tfaugkd.augment.degree import Degree, check_degree
from tfaugkd.augment.method import Batch, Draws, Models, Views, drawn
from tfaugkd.augment.randomness import example_seeds, random_numbers
from tfaugkd.augment.replacement import chosen, other_words, views_of
from tfaugkd.augment.words import single_pieces


@dataclass(frozen=True)
class RandomReplacement:
    """Replaces words by any other word of the vocabulary, drawn uniformly.

    Only words of one piece are replaced, and only by such; see `replacement.chosen` for how the
    degree is reached in spite of that.

    Args:
        degree: Share of the tokens to change, from 0 to 1; "auto" is 0.2, the best in DA-for-KD's
            Table 5.
        hard: Weight of the loss against the original's label.
        soft: Weight of the distance to the teacher.
        deep: Factor on the weights of deep distillation.
        name: The name under which its losses are logged.
    """

    degree: Degree = 0.2
    hard: float = 0.0
    soft: float = 1.0
    deep: float = 0.0
    name: str = "random_replacement"

    needs_clean_gradients = False
    needs_teacher_answer = False
    makes_tokens = True
    one_vocabulary_because = "both models read the words that it puts in"

    def __post_init__(self) -> None:
        check_degree(self.name, self.degree)

    def advised_degree(self, train_examples: int) -> float:
        """Gives DA-for-KD's best degree, whatever the number of examples."""
        del train_examples
        return 0.2

    def draw(self, seed: tf.Tensor, batch_size: int) -> Draws:
        """Draws a seed `[B, 2]` for each example."""
        return {"seed": example_seeds(seed, batch_size)}

    def __call__(self, batch: Batch, draws: Draws, models: Models) -> Views:
        """Shows both models the text with its words replaced."""
        vocabulary, tokens = models.student.vocabulary, batch.student
        seeds = drawn(self.name, "seed", draws)
        whether, which = tf.unstack(random_numbers(seeds, (2, tokens.token_ids.shape[1])), axis=1)
        able = single_pieces(vocabulary, tokens)
        where = chosen(whether, vocabulary.is_text(tokens.token_ids), able, float(self.degree))
        others = other_words(vocabulary, tokens.token_ids, which)
        return views_of(batch, vocabulary, where, others)
