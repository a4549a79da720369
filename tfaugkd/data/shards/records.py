"""One example as one record: a `tf.train.Example`, which any TensorFlow program can read."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfaugkd.data.examples import WITHHELD, Examples
from tfaugkd.data.shards.manifest import Manifest, Tokenised

_TEACHER = "teacher/"
_LOGITS = "teacher_logits"
_MASK = "padding_mask"


def encoded(
    examples: Examples,
    student: Mapping[str, np.ndarray],
    teacher: Mapping[str, np.ndarray] | None = None,
    teacher_logits: np.ndarray | None = None,
) -> Iterator[bytes]:
    """Writes examples with their tokens as records.

    Args:
        examples: N texts or pairs.
        student: Their tokens, as `tfaugkd.data.batches.tokenise` gives them: int32 `[N, S]`.
        teacher: The same of a teacher whose vocabulary is another one.
        teacher_logits: float32 `[N, C]`; the teacher's answers.

    Yields:
        For each example a record: id, text_a, text_b, label, the parts of its tokens without
        padding, and teacher_logits.
    """
    labels = labels_of(examples)
    tokens = [("", student), *([] if teacher is None else [(_TEACHER, teacher)])]
    lengths = {prefix: _lengths(rows[_MASK]) for prefix, rows in tokens}
    for place in range(len(examples)):
        features = {"id": _text(examples.ids[place]), "text_a": _text(examples.text_a[place])}
        if examples.text_b is not None:
            features["text_b"] = _text(examples.text_b[place])
        features["label"] = _number(labels[place])
        for prefix, rows in tokens:
            for part in parts_of(rows):
                values = rows[part][place, : lengths[prefix][place]]
                features[prefix + part] = _integers(values.tolist())
        if teacher_logits is not None:
            features[_LOGITS] = _floats(teacher_logits[place].tolist())
        yield tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString(
            deterministic=True
        )


def parts_of(tokens: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """Names what is stored of tokens; the mask follows from their number."""
    return tuple(sorted(name for name in tokens if name != _MASK))


def labels_of(examples: Examples) -> np.ndarray:
    """Gives labels `[N]` as they are stored: -1 or nan where one is withheld."""
    if examples.labels is not None:
        return examples.labels
    if examples.label_names:
        return np.full(len(examples), WITHHELD, np.int32)
    return np.full(len(examples), np.nan, np.float32)


def decoded(
    records: tf.Tensor, manifest: Manifest, teacher: bool = False, teacher_logits: bool = False
) -> tuple[dict[str, Any], tf.Tensor]:
    """Reads a batch of records, as the same examples would be batched out of memory.

    Args:
        records: Strings `[B]`.
        manifest: Says what is in them.
        teacher: Whether the tokens of a teacher with another vocabulary are wanted.
        teacher_logits: Whether its answers are.

    Returns:
        `x`, as `tfaugkd.data.batches.read_inputs` takes it, and the labels `[B]`.
    """
    label_type = tf.int64 if manifest.label_names else tf.float32
    wanted: dict[str, Any] = {"label": tf.io.FixedLenFeature([], label_type)}
    wanted |= _ragged("", manifest.student)
    if teacher and manifest.teacher is not None:
        wanted |= _ragged(_TEACHER, manifest.teacher)
    if teacher_logits:
        wanted[_LOGITS] = tf.io.FixedLenFeature([manifest.classes], tf.float32)
    found = tf.io.parse_example(records, wanted)
    length = manifest.sequence_length
    x: dict[str, Any] = _padded(found, "", manifest.student, length)
    if teacher and manifest.teacher is not None:
        x["teacher"] = _padded(found, _TEACHER, manifest.teacher, length)
    if teacher_logits:
        x[_LOGITS] = found[_LOGITS]
    return x, tf.cast(found["label"], tf.int32 if manifest.label_names else tf.float32)


def texts_of(records: Sequence[bytes], manifest: Manifest) -> Examples:
    """Reads the texts in records.

    Args:
        records: N records.
        manifest: Says what is in them.

    Returns:
        The examples, without their labels.
    """
    found = [tf.train.Example.FromString(record).features.feature for record in records]

    def texts(name: str) -> list[str]:
        return [each[name].bytes_list.value[0].decode("utf-8") for each in found]

    return Examples(
        text_a=texts("text_a"),
        text_b=texts("text_b") if manifest.pair else None,
        ids=texts("id"),
        label_names=manifest.label_names,
        protect=manifest.protect,
    )


def _ragged(prefix: str, tokens: Tokenised) -> dict[str, Any]:
    return {prefix + part: tf.io.RaggedFeature(tf.int64) for part in tokens.parts}


def _padded(
    found: Mapping[str, Any], prefix: str, tokens: Tokenised, length: int
) -> dict[str, tf.Tensor]:
    rows = {}
    for part in tokens.parts:
        padding = tokens.padding if part == "token_ids" else 0
        ragged = found[prefix + part]
        padded = ragged.to_tensor(padding, shape=[ragged.shape[0], length])
        rows[part] = tf.cast(padded, tf.int32)
    lengths = found[prefix + "token_ids"].row_lengths()
    return rows | {_MASK: tf.sequence_mask(lengths, length, tf.int32)}


def _lengths(padding_mask: np.ndarray) -> np.ndarray:
    lengths = padding_mask.sum(axis=1)
    behind = np.arange(padding_mask.shape[1]) < lengths[:, None]
    assert (behind == padding_mask).all(), "preprocessors put padding behind the text"
    return lengths


def _text(value: str) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode("utf-8")]))


def _number(value: Any) -> tf.train.Feature:
    if np.issubdtype(value.dtype, np.integer):
        return _integers([int(value)])
    return _floats([float(value)])


def _integers(values: Sequence[int]) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def _floats(values: Sequence[float]) -> tf.train.Feature:
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))
