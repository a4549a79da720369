"""From texts to batches of static shape; batch number n is a pure function of (seed, n)."""

import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfaugkd.augment.method import Augmentation, Draws, ShowsVariants
from tfaugkd.classifier import Tokens, read_tokens
from tfaugkd.data.examples import Examples
from tfaugkd.errors import InputError
from tfaugkd.protection import protected_positions

Preprocessor = Any  # keras_hub.models.TextClassifierPreprocessor, which has no types
Arrays = dict[str, Any]

_TEXTS_AT_ONCE = 512
# TensorFlow's default of 4 rounds leaves the orders of two epochs correlated.
_SHUFFLE_ROUNDS = 16


class Inputs(NamedTuple):
    """What one batch's `x` holds: each model's tokens, and the draws of each augmentation.

    `teacher_logits` are `[B, C]`, the teacher's stored answers to the clean text, or None.
    """

    teacher: Tokens
    student: Tokens
    draws: dict[str, Draws]
    teacher_logits: tf.Tensor | None = None


def read_inputs(x: dict[str, Any]) -> Inputs:
    """Takes one batch's `x` apart.

    Args:
        x: `token_ids`, `padding_mask` and, if the family has them, `segment_ids` `[B, S]`, as a
            KerasHub preprocessor gives them, and `protected` where texts hold what may not be
            touched; the same under `teacher` where the teacher's vocabulary is another one; under
            `draws`, the augmentations' random tensors; and, where the teacher's answers are stored,
            its `teacher_logits` `[B, C]`.

    Returns:
        The parts.

    Raises:
        InputError: The shape of a batch is not static.
    """
    student = read_tokens(x)
    teacher = read_tokens(x["teacher"]) if "teacher" in x else student
    return Inputs(teacher, student, x.get("draws", {}), x.get("teacher_logits"))


def tokenise(preprocessor: Preprocessor, examples: Examples, sequence_length: int) -> Arrays:
    """Tokenises texts with a model's own preprocessor.

    It is called eagerly: in a `tf.data` pipeline, tracing it anew takes a second each time.

    Args:
        preprocessor: A KerasHub text classifier's preprocessor; its sequence length is set.
        examples: N texts or pairs.
        sequence_length: S, specials included.

    Returns:
        `token_ids`, `padding_mask` and, for pairs or where the family has them, `segment_ids`:
        int32 `[N, S]`. A teacher may read segments which the student's family does not have. Also
        `protected`, 1 at the tokens of protected strings, if the examples name any.
    """
    preprocessor.sequence_length = sequence_length
    parts = []
    for start in range(0, len(examples), _TEXTS_AT_ONCE):
        texts: Any = tf.constant(examples.text_a[start : start + _TEXTS_AT_ONCE])
        if examples.text_b is not None:
            texts = (texts, tf.constant(examples.text_b[start : start + _TEXTS_AT_ONCE]))
        # Without y, KerasHub would take a pair of texts for a text and its label.
        parts.append(preprocessor(texts, y=None))
    rows = {
        name: np.concatenate([part[name] for part in parts]).astype(np.int32) for name in parts[0]
    }
    if examples.text_b is not None and "segment_ids" not in rows:
        end = preprocessor.tokenizer.end_token_id
        rows["segment_ids"] = _segments(rows["token_ids"], rows["padding_mask"], end)
    if examples.protect:
        rows["protected"] = protected_positions(
            preprocessor.tokenizer, rows["token_ids"], examples.protect
        )
    return rows


def _segments(token_ids: np.ndarray, padding_mask: np.ndarray, end: int) -> np.ndarray:
    """Tells the second text of a pair from the first, as BERT does: it is behind the first end."""
    ends = np.cumsum(token_ids == end, axis=1)
    behind = np.pad(ends[:, :-1], ((0, 0), (1, 0))) > 0
    return behind.astype(np.int32) * padding_mask


def shuffled_indices(seed: int, numbers: tf.Tensor, count: int) -> tf.Tensor:
    """Gives the example at each place of an endless stream, every epoch in another order.

    Args:
        seed: Of the whole stream.
        numbers: int64 `[B]`; places in the stream, from 0.
        count: N, the number of examples.

    Returns:
        int64 `[B]`; each from 0 to N - 1, every one once in N places that begin at a multiple of N.
    """
    epochs = numbers // count
    seeds = tf.stack(
        [tf.fill(tf.shape(epochs), tf.constant(seed, tf.int64)), epochs, epochs * 0], 1
    )
    return tf.raw_ops.RandomIndexShuffle(
        index=numbers % count,
        seed=seeds,
        max_index=tf.fill(tf.shape(epochs), tf.constant(count - 1, tf.int64)),
        rounds=_SHUFFLE_ROUNDS,
    )


def training_batches(
    examples: Examples,
    student: Preprocessor,
    batch_size: int,
    sequence_length: int = 128,
    augmentations: Sequence[Augmentation] = (),
    teacher: Preprocessor | None = None,
    seed: int = 0,
    sample_weight: np.ndarray | None = None,
    teacher_logits: np.ndarray | None = None,
    labels_required: bool = True,
) -> tf.data.Dataset:
    """Makes an endless dataset of shuffled batches for `Distiller.fit`.

    Args:
        examples: N texts or pairs; those without a label count in no loss against labels.
        student: The student's preprocessor.
        batch_size: B, a multiple of 8, over all replicas.
        sequence_length: S, specials included.
        augmentations: Those of the distiller; their random tensors are drawn here.
        teacher: The teacher's preprocessor, where its vocabulary is not the student's.
        seed: Of order and draws.
        sample_weight: float `[N]`; weighs each example's loss; 1 if not given.
        teacher_logits: float `[N, C]`; the teacher's stored answers to the texts, for a distiller
            with `stored_logits`.
        labels_required: Refuse texts none of which has a label. Set it to False where the student
            learns from its teacher alone.

    Returns:
        Batches `(x, y, sample_weight)`, with `x` as `read_inputs` takes it and `y` `[B]`.

    Raises:
        InputError: There are no labels, or not as many answers as texts, or B is not a multiple
            of 8.
    """
    if labels_required and not examples.labelled.any():
        raise InputError(
            "Training needs labels, but these texts have none; where the student learns from its "
            "teacher alone, set labels_required=False."
        )
    if batch_size % 8:
        raise InputError(f"The batch size is {batch_size}, but must be a multiple of 8.")
    weights = np.ones(len(examples)) if sample_weight is None else sample_weight
    x = _inputs(examples, student, sequence_length, teacher, teacher_logits)
    labels = _labels_of(examples)
    rows = tf.nest.map_structure(tf.constant, (x, labels, np.asarray(weights, np.float32)))
    shown = {}
    for method in augmentations:
        if isinstance(method, ShowsVariants):
            texts, *spans = method.choices(examples)
            of_texts = (_inputs(texts, student, sequence_length, teacher), *spans)
            shown[method.name] = tf.nest.map_structure(tf.constant, of_texts)

    @tf.autograph.experimental.do_not_convert
    def batch(number: tf.Tensor) -> tuple:
        places = number * batch_size + tf.range(batch_size, dtype=tf.int64)
        chosen = shuffled_indices(seed, places, len(examples))
        inputs, y, weight = tf.nest.map_structure(lambda values: tf.gather(values, chosen), rows)
        draws = _draw(augmentations, seed, number, chosen, shown)
        return inputs | ({"draws": draws} if draws else {}), y, weight

    numbers = tf.data.Dataset.counter()
    return numbers.map(batch, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def _inputs(
    examples: Examples,
    student: Preprocessor,
    sequence_length: int,
    teacher: Preprocessor | None,
    teacher_logits: np.ndarray | None = None,
) -> dict[str, Any]:
    """Tokenises for the student and, where its vocabulary is another one, for the teacher."""
    x: dict[str, Any] = tokenise(student, examples, sequence_length)
    if teacher is not None:
        x["teacher"] = tokenise(teacher, examples, sequence_length)
    if teacher_logits is not None:
        if len(teacher_logits) != len(examples):
            raise InputError(
                f"teacher_logits has {len(teacher_logits)} rows, but there are {len(examples)} "
                "texts."
            )
        x["teacher_logits"] = np.asarray(teacher_logits, np.float32)
    return x


def _labels_of(examples: Examples) -> np.ndarray:
    if examples.labels is None:
        return np.full(len(examples), np.nan, np.float32)
    return examples.labels


def _draw(
    augmentations: Sequence[Augmentation],
    seed: int,
    number: tf.Tensor,
    chosen: tf.Tensor,
    shown: dict[str, tuple],
) -> dict[str, Draws]:
    """Draws for batch `number`; an augmentation's draws do not depend on which others there are."""
    draws = {}
    for method in augmentations:
        own = tf.random.experimental.stateless_fold_in(
            [seed, zlib.crc32(method.name.encode())], number
        )
        drawn = method.draw(own, chosen.shape[0])
        if method.name in shown:
            drawn = drawn | _one_of_each(shown[method.name], chosen, own)
        if drawn:
            draws[method.name] = drawn
    return draws


def _one_of_each(shown: tuple, chosen: tf.Tensor, seed: tf.Tensor) -> dict[str, Any]:
    """Draws for each chosen example one of the texts that it may be shown as."""
    x, first, sizes = shown
    uniform = tf.random.stateless_uniform(
        chosen.shape, seed, minval=None, maxval=None, dtype=tf.int64
    )
    places = tf.gather(first, chosen) + uniform % tf.gather(sizes, chosen)
    return tf.nest.map_structure(lambda values: tf.gather(values, places), x)


def evaluation_batches(
    examples: Examples,
    student: Preprocessor,
    batch_size: int,
    sequence_length: int = 128,
    teacher: Preprocessor | None = None,
    teacher_logits: np.ndarray | None = None,
) -> tf.data.Dataset:
    """Makes a dataset of batches in order for `Distiller.evaluate`.

    The last batch is filled up with its first example, which has weight 0 there, so that all
    batches have one shape: give metrics to `compile` as `weighted_metrics`.

    Args:
        examples: N labelled texts or pairs.
        student: The student's preprocessor.
        batch_size: B.
        sequence_length: S, specials included.
        teacher: The teacher's preprocessor, where its vocabulary is not the student's.
        teacher_logits: float `[N, C]`; the teacher's stored answers, as for `training_batches`.

    Returns:
        Batches `(x, y, sample_weight)`.

    Raises:
        InputError: There are no labels, or not as many answers as texts.
    """
    if examples.labels is None:
        raise InputError("Evaluation needs labels, but these texts have none.")
    x = _inputs(examples, student, sequence_length, teacher, teacher_logits)
    filling = -len(examples) % batch_size
    rows = (x, examples.labels, np.ones(len(examples), np.float32))
    filled = tf.nest.map_structure(
        lambda values: np.concatenate([values, np.repeat(values[:1], filling, axis=0)]), rows
    )
    filled[2][len(examples) :] = 0.0
    return tf.data.Dataset.from_tensor_slices(filled).batch(batch_size, drop_remainder=True)
