"""What an augmentation is given and what it gives back.

An augmentation is a small frozen dataclass: its fields are its options. `draw` states the random
tensors that it needs, and runs in the input pipeline; calling it turns a batch and those draws
into views, inside the compiled step.
"""

from collections.abc import Collection
from typing import NamedTuple, Protocol, runtime_checkable

import tensorflow as tf

from tfaugkd.certificate import Mixture
from tfaugkd.classifier import Answer, Hidden, SplitClassifier, Tokens
from tfaugkd.config import Objective
from tfaugkd.data.examples import Examples
from tfaugkd.data.variants import Choices
from tfaugkd.errors import InputError
from tfaugkd.vocabulary import Vocabulary

Draws = dict[str, tf.Tensor]


class Batch(NamedTuple):
    """The clean batch, as an augmentation sees it.

    `teacher` and `student` are the tokens that each model reads (the same, where the two have one
    vocabulary), `targets` the labels `[B, C]`, and `clean_gradients` the gradient of each
    example's clean loss by the student's word embeddings `[B, S, D]`, up to a positive factor.
    `teacher_answer` is what the teacher makes of the clean text, where it was asked.
    """

    teacher: Tokens
    student: Tokens
    targets: tf.Tensor
    clean_gradients: tf.Tensor | None = None
    teacher_answer: Answer | None = None


class Models(NamedTuple):
    """The two models, and the rows of the teacher's frozen table at length 1 `[V, D]`.

    `teacher_dropout` says whether the teacher's dropout is on, `objective` names the distance.
    """

    teacher: SplitClassifier
    student: SplitClassifier
    teacher_unit_table: tf.Tensor
    teacher_dropout: bool = False
    objective: Objective = Objective()


class Representation(NamedTuple):
    """What a representation function `h` makes in the space of one model's word embeddings.

    `embeddings` are `[B, S, D]`; `tokens` has the mask, the segments and, where `is_text` (bool
    `[B, S]`) is false, the token that stays; `parents` are the token ids `[B, S]` of the texts
    that it was made from. Where it is a mixture of two of the table's rows at each position,
    `mixture` says which and by how much, `[B, S]` each.
    """

    embeddings: tf.Tensor
    tokens: Tokens
    is_text: tf.Tensor
    parents: tuple[tf.Tensor, ...]
    mixture: Mixture | None = None

    def hidden(self) -> Hidden:
        """Gives the states from which a model can go on."""
        return Hidden(self.embeddings, self.tokens.segment_ids, self.tokens.padding_mask)


class Views(NamedTuple):
    """What each model is shown for one augmented batch.

    `targets` are labels `[B, C]`, or None where there are none; `degree` is the share of text
    tokens that differ from the nearer parent `[B]` (for EDA, operations per word), or None where no
    tokens are made. `logged` are further values `[B]` by the names that the method's `logs` lists.
    """

    teacher: Tokens | Hidden
    student: Tokens | Hidden
    targets: tf.Tensor | None
    degree: tf.Tensor | None
    logged: tuple[tf.Tensor, ...] = ()


@runtime_checkable
class Augmentation(Protocol):
    """One augmentation; `hard`, `soft` and `deep` weigh its losses.

    `deep` is a factor on the weights of the objective's deep distillation.
    """

    @property
    def name(self) -> str:
        """The name under which its losses are logged."""

    @property
    def hard(self) -> float:
        """The weight of its loss against labels."""

    @property
    def soft(self) -> float:
        """The weight of its distance to the teacher."""

    @property
    def deep(self) -> float:
        """The factor on the weights of deep distillation."""

    @property
    def one_vocabulary_because(self) -> str | None:
        """Why teacher and student must share a vocabulary, or None if they need not."""

    @property
    def needs_clean_gradients(self) -> bool:
        """Whether `Batch.clean_gradients` is read."""

    @property
    def needs_teacher_answer(self) -> bool:
        """Whether `Batch.teacher_answer` is read."""

    @property
    def makes_tokens(self) -> bool:
        """Whether both models read tokens that it makes, so that it has a degree."""

    def draw(self, seed: tf.Tensor, batch_size: int) -> Draws:
        """Makes its random tensors from a seed `[2]`; each has leading dimension B."""

    def __call__(self, batch: Batch, draws: Draws, models: Models) -> Views:
        """Makes the views of one batch."""


@runtime_checkable
class Logs(Protocol):
    """An augmentation that logs more than its losses and its degree."""

    @property
    def logs(self) -> tuple[str, ...]:
        """The names of what `Views.logged` holds."""


@runtime_checkable
class Prepares(Protocol):
    """An augmentation that makes a table before training, out of the teacher's embeddings, say."""

    def prepared(self, teacher: SplitClassifier) -> Augmentation:
        """Gives a copy of the augmentation that holds its table."""


@runtime_checkable
class TakesDegree(Augmentation, Protocol):
    """An augmentation that is told how much to change; "auto" is the papers' advice."""

    @property
    def degree(self) -> float | str:
        """How much of a text changes, from 0 to 1; or "auto"."""

    def advised_degree(self, train_examples: int) -> float:
        """Gives what "auto" stands for with so many training examples."""


@runtime_checkable
class LooksUp(Protocol):
    """An augmentation that looks words up, so that it matters how many of a text are found."""

    def coverage(self, vocabulary: Vocabulary, tokens: Tokens) -> tf.Tensor:
        """Measures the share of the words of each text that are found, `[B]`."""


@runtime_checkable
class ShowsVariants(Protocol):
    """An augmentation that shows texts which stand in a file.

    The input pipeline tokenises them as it does the examples. In each batch the augmentation's
    draws then have the tokens of one of the texts of each example, under the names that they have
    in `x`.
    """

    def choices(self, examples: Examples, known: Collection[str] | None = None) -> Choices:
        """Gives what each example may be shown as; refuses an id that is not known."""


class Represents(Protocol):
    """A representation function `h`; AugPro can project what it makes."""

    @property
    def space(self) -> str:
        """Whose table AugPro projects on: "teacher" (frozen) or "student" (moving)."""

    @property
    def needs_clean_gradients(self) -> bool:
        """Whether `Batch.clean_gradients` is read."""

    @property
    def needs_teacher_answer(self) -> bool:
        """Whether `Batch.teacher_answer` is read."""

    def targets(self, batch: Batch, draws: Draws) -> tf.Tensor:
        """The labels of what is made, `[B, C]`, if it is taken to keep them."""

    def draw(self, seed: tf.Tensor, batch_size: int) -> Draws:
        """Makes its random tensors from a seed `[2]`; each has leading dimension B."""

    def represent(
        self,
        model: SplitClassifier,
        tokens: Tokens,
        batch: Batch,
        draws: Draws,
        objective: Objective,
    ) -> Representation:
        """Makes the representation in the embeddings of `model`, which reads `tokens`."""


def drawn(name: str, draw: str, draws: Draws) -> tf.Tensor:
    """Takes one of a method's random tensors out of its draws.

    Args:
        name: The method's name.
        draw: The tensor's name.
        draws: What `draw` made in the input pipeline.

    Returns:
        The tensor.

    Raises:
        InputError: The data were made without the method.
    """
    if draw not in draws:
        raise InputError(
            f"{name} draws its {draw} in the input pipeline, but the data have none: give "
            "training_batches the same augmentations as the Distiller."
        )
    return draws[draw]


def degree(token_ids: tf.Tensor, is_text: tf.Tensor, parents: tuple[tf.Tensor, ...]) -> tf.Tensor:
    """Measures the share of text tokens that differ from the nearer parent.

    Args:
        token_ids: int32 `[B, S]`; the augmented text.
        is_text: bool `[B, S]`; which positions count.
        parents: int32 `[B, S]` each; the texts that it was made from.

    Returns:
        `[B]`, from 0 to 1; 0 for an example without text.
    """
    count = tf.reduce_sum(tf.cast(is_text, tf.float32), axis=-1)
    shares = [
        tf.math.divide_no_nan(
            tf.reduce_sum(tf.cast(is_text & (token_ids != parent), tf.float32), axis=-1), count
        )
        for parent in parents
    ]
    return tf.reduce_min(tf.stack(shares), axis=0)
