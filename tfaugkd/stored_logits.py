"""The teacher's answers to clean texts, asked for once and kept for later epochs and runs.

They are kept under a hash of all that they depend on: the teacher's weights and activation, its
tokenizer, the length and the text itself; never under a row's number.
"""

import hashlib
import json
import logging
from typing import Any

import numpy as np

from tfaugkd.activation import activation_of
from tfaugkd.array_cache import cached_arrays, keep_arrays
from tfaugkd.classifier import SplitClassifier
from tfaugkd.data.examples import Examples
from tfaugkd.prediction import predict_logits
from tfaugkd.tokenizer_comparison import reading_of

_LOG = logging.getLogger("tfaugkd")
# Part of a cached file's name: a new number where the same teacher would answer otherwise.
_VERSION = 1


def stored_logits(teacher: SplitClassifier, examples: Examples, sequence_length: int) -> np.ndarray:
    """Gives the teacher's logits of texts, with dropout off; asks only for those not on disk.

    Args:
        teacher: The teacher.
        examples: N texts or pairs.
        sequence_length: S, specials included.

    Returns:
        float32 `[N, C]`.
    """
    name = f"teacher-logits-{_teacher_key(teacher, sequence_length)}"
    known = _known(name, teacher.num_classes)
    keys = _text_keys(examples)
    new = {key: i for i, key in enumerate(keys) if key not in known}
    if new:
        _LOG.info("Asking the teacher about %d texts, once.", len(new))
        texts = examples.take(np.array(list(new.values())))
        known |= zip(new, predict_logits(teacher, texts, sequence_length), strict=True)
        hashes = np.frombuffer(b"".join(known), np.uint8).reshape(len(known), -1)
        keep_arrays(name, {"texts": hashes, "logits": np.stack(list(known.values()))})
    return np.stack([known[key] for key in keys])


def _known(name: str, num_classes: int) -> dict[bytes, np.ndarray]:
    """Reads what the teacher has answered before, by the hash of the text."""
    arrays = cached_arrays(name)
    if arrays is None or arrays.keys() != {"texts", "logits"}:
        return {}
    hashes, logits = arrays["texts"], arrays["logits"]
    if logits.shape != (len(hashes), num_classes):
        return {}
    return {row.tobytes(): answer for row, answer in zip(hashes, logits, strict=True)}


def _text_keys(examples: Examples) -> list[bytes]:
    others: list[Any] = [None] * len(examples) if examples.text_b is None else examples.text_b
    return [
        hashlib.sha256(json.dumps(pair).encode()).digest()
        for pair in zip(examples.text_a, others, strict=True)
    ]


def _teacher_key(teacher: SplitClassifier, sequence_length: int) -> str:
    classifier, content = teacher.classifier, hashlib.sha256()
    options = classifier.backbone.get_config()
    del options["name"]  # Keras numbers the models of a process.
    reading = [_VERSION, sequence_length, type(classifier).__name__, activation_of(classifier)]
    reading += [options, reading_of(classifier.preprocessor.tokenizer)]
    content.update(repr(reading).encode())
    for weight in classifier.weights:
        content.update(np.ascontiguousarray(weight.numpy()).tobytes())
    return content.hexdigest()[:32]
