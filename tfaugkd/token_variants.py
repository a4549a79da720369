"""Variants out of the augmentations that make tokens, run once instead of in every step."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from tfaugkd.augment.method import Augmentation, ShowsVariants
from tfaugkd.classifier import SplitClassifier, Tokens
from tfaugkd.data.batches import training_batches
from tfaugkd.data.examples import Examples
from tfaugkd.data.order import shuffled_indices
from tfaugkd.distiller import Distiller
from tfaugkd.errors import InputError

_UNKNOWN = ("[UNK]", "<unk>")


def token_variants(
    method: Augmentation,
    teacher: SplitClassifier,
    examples: Examples,
    copies: int,
    batch_size: int,
    sequence_length: int,
    seed: int,
    jit_compile: bool = True,
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Augments texts by a method for the training step.

    It runs on the batches that training would run on, so that what it mixes are texts at random
    and others in each copy. The student is the teacher itself: a gradient is the one by which the
    teacher would learn the labels.

    Args:
        method: The augmentation.
        teacher: Its tokenizer reads and writes the texts; its embeddings are used.
        examples: N labelled texts or pairs.
        copies: Variants of each.
        batch_size: B, a multiple of 8.
        sequence_length: S, specials included; what is beyond it is cut off.
        seed: Of order and draws.
        jit_compile: Compile the augmentation with XLA.

    Returns:
        The place of the original and the variant's texts, N times `copies`; in random order.

    Raises:
        InputError: The method makes no tokens.
    """
    if not method.makes_tokens or isinstance(method, ShowsVariants):
        raise InputError(
            f"{method.name} makes no text that a file could hold; use it in the training step, by "
            "`tfaugkd distill`."
        )
    distiller = Distiller(teacher, teacher, augmentations=[method])
    batches = training_batches(
        examples,
        teacher.classifier.preprocessor,
        batch_size,
        sequence_length,
        distiller.augmentations,
        seed=seed,
        labels_required=method.needs_clean_gradients,
    )
    distiller.calibrate(batches)
    compiled = tf.function(partial(_augmented, distiller), jit_compile=jit_compile, autograph=False)
    total = len(examples) * copies

    def variants() -> Iterator[tuple[int, tuple[str, ...]]]:
        for start, (x, y, _) in zip(range(0, total, batch_size), batches, strict=False):
            # The batches hold no row numbers, but their order is known.
            numbers = tf.range(start, min(start + batch_size, total), dtype=tf.int64)
            places = shuffled_indices(seed, numbers, len(examples)).numpy().tolist()
            texts = detokenised(teacher, compiled(x, y).numpy(), examples.text_b is not None)
            yield from zip(places, texts, strict=False)

    return variants()


def _augmented(distiller: Distiller, x: dict[str, Any], y: tf.Tensor) -> tf.Tensor:
    """Gives the tokens `[B, S]` that the distiller's only augmentation makes of a batch."""
    batch, draws = distiller.clean_batch(x, y)
    view = distiller.augment(distiller.augmentations[0], batch, draws).student
    assert isinstance(view, Tokens), "only methods that make tokens are asked"
    return view.token_ids


def detokenised(
    model: SplitClassifier, token_ids: np.ndarray, pair: bool = False
) -> list[tuple[str, ...]]:
    """Writes tokens as texts.

    Args:
        model: Its tokenizer writes them.
        token_ids: int `[B, S]`; texts as a preprocessor frames them.
        pair: Whether a row holds two texts.

    Returns:
        For each row the text, or the two of a pair, without specials and unknown tokens; one
        that is empty is left out. What stands behind the last special token, where a mixture has
        the end of a longer partner, goes on with the text before it.
    """
    vocabulary = model.vocabulary
    unknown = [i for i, token in vocabulary.tokens.items() if token in _UNKNOWN]
    texts: list[tuple[int, list[int]]] = []
    for row, ids in enumerate(token_ids):
        spans = [ids[begin:end] for begin, end in _runs(~vocabulary.special[ids])]
        whole = spans[:1] if pair else []
        whole.append(np.concatenate([*spans[len(whole) :], ids[:0]]))
        texts += [(row, span[~np.isin(span, unknown)].tolist()) for span in whole]
    texts = [(row, span) for row, span in texts if span]
    rows: list[list[str]] = [[] for _ in token_ids]
    for (row, _), text in zip(texts, written(model, [span for _, span in texts]), strict=True):
        rows[row].append(text)
    return [tuple(row) for row in rows]


def written(model: SplitClassifier, spans: Sequence[list[int]]) -> list[str]:
    """Writes runs of tokens.

    Args:
        model: Its tokenizer writes them.
        spans: Each one token or more.

    Returns:
        Their texts, without blanks at the ends.
    """
    if not spans:
        return []
    tokenizer = model.classifier.preprocessor.tokenizer
    texts = np.asarray(tokenizer.detokenize(tf.ragged.constant(spans, tf.int32))).tolist()
    # The end of a word that begins the text keeps its mark.
    mark = getattr(tokenizer, "suffix_indicator", "")
    return [tf.compat.as_text(text).strip().removeprefix(mark) for text in texts]


def _runs(is_text: np.ndarray) -> list[tuple[int, int]]:
    """Finds where text begins and where it ends."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_text, [False]]).astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
