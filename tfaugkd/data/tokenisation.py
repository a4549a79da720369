"""From texts to token ids of one length."""

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import tensorflow as tf

from tfaugkd.data.examples import Examples
from tfaugkd.protection import protected_positions

Preprocessor = Any  # keras_hub.models.TextClassifierPreprocessor, which has no types
Arrays = dict[str, Any]

_TEXTS_AT_ONCE = 512
# Students of one comparison read the same texts, and each reads the development split many times.
_KEPT_BYTES = 2**26
_kept: WeakKeyDictionary[Examples, dict[tuple[Any, ...], Arrays]] = WeakKeyDictionary()


def tokenise(preprocessor: Preprocessor, examples: Examples, sequence_length: int) -> Arrays:
    """Tokenises texts with a model's own preprocessor.

    What it made of the same texts before is kept, up to 64 MB, for as long as the examples are.

    Args:
        preprocessor: A KerasHub text classifier's preprocessor; its sequence length is set.
        examples: N texts or pairs.
        sequence_length: S, specials included.

    Returns:
        `token_ids`, `padding_mask` and, for pairs or where the family has them, `segment_ids`:
        int32 `[N, S]`, not to be written to. A teacher may read segments which the student's family
        does not have. Also `protected`, 1 at the tokens of protected strings, if the examples name
        any.
    """
    preprocessor.sequence_length = sequence_length
    key = (preprocessor.tokenizer, type(preprocessor), preprocessor.truncate, sequence_length)
    kept = _kept.setdefault(examples, {})
    rows = kept.get(key)
    if rows is None:
        rows = _tokenised(preprocessor, examples)
        for row in rows.values():
            row.setflags(write=False)
        if sum(row.nbytes for row in rows.values()) <= _KEPT_BYTES:
            kept[key] = rows
    return dict(rows)


def _tokenised(preprocessor: Preprocessor, examples: Examples) -> Arrays:
    # Called eagerly: in a `tf.data` pipeline, tracing it anew takes a second each time.
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


def text_lengths(student: Arrays, teacher: Arrays | None = None) -> np.ndarray:
    """Counts the tokens of each text, of the longer one where the models have two tokenizers.

    Args:
        student: The student's tokens, as `tokenise` gives them.
        teacher: The teacher's, where its vocabulary is another one.

    Returns:
        int32 `[N]`.
    """
    parts = [student] if teacher is None else [student, teacher]
    return np.max([part["padding_mask"].sum(axis=1, dtype=np.int32) for part in parts], axis=0)


def _segments(token_ids: np.ndarray, padding_mask: np.ndarray, end: int) -> np.ndarray:
    """Tells the second text of a pair from the first, as BERT does: it is behind the first end."""
    ends = np.cumsum(token_ids == end, axis=1)
    behind = np.pad(ends[:, :-1], ((0, 0), (1, 0))) > 0
    return behind.astype(np.int32) * padding_mask
