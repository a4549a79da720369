"""Random generation: words that have nothing to do with the text (AugPro, Table 7)."""

from dataclasses import dataclass

import tensorflow as tf

from tfaugkd.augment.method import Batch, Draws, Models, Views, drawn
from tfaugkd.augment.randomness import example_seeds, random_numbers
from tfaugkd.augment.replacement import other_words, views_of
from tfaugkd.augment.words import touchable


@dataclass(frozen=True)
class RandomGeneration:
    """Puts a word of the vocabulary, drawn uniformly, in the place of every token of the text.

    AugPro's control: "randomly chooses tokens from the vocabulary and concatenates them". A text
    keeps its length and its specials, and nothing else; each word differs from the token that it
    takes the place of.

    Args:
        hard: Weight of the loss against the original's label, of which the text keeps nothing.
        soft: Weight of the distance to the teacher.
        deep: Factor on the weights of deep distillation.
        name: The name under which its losses are logged.
    """

    hard: float = 0.0
    soft: float = 1.0
    deep: float = 0.0
    name: str = "random_generation"

    needs_clean_gradients = False
    needs_teacher_answer = False
    makes_tokens = True
    one_vocabulary_because = "both models read the words that it makes up"

    def draw(self, seed: tf.Tensor, batch_size: int) -> Draws:
        """Draws a seed `[B, 2]` for each example."""
        return {"seed": example_seeds(seed, batch_size)}

    def __call__(self, batch: Batch, draws: Draws, models: Models) -> Views:
        """Shows both models the words that were drawn."""
        vocabulary, tokens = models.student.vocabulary, batch.student
        length = tokens.token_ids.shape[1]
        numbers = random_numbers(drawn(self.name, "seed", draws), (length,))
        others = other_words(vocabulary, tokens.token_ids, numbers)
        return views_of(batch, vocabulary, touchable(vocabulary, tokens), others)
