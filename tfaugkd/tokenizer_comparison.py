"""Whether two models cut text into the same tokens, under the same numbers, and who cut some."""

import hashlib
import json
from typing import Any

from keras_hub.tokenizers import (
    BytePairTokenizer,
    SentencePieceTokenizer,
    Tokenizer,
    WordPieceTokenizer,
)

from tfaugkd.classifier import SplitClassifier
from tfaugkd.vocabulary import tokens_by_id

_ALGORITHMS = (WordPieceTokenizer, BytePairTokenizer, SentencePieceTokenizer, Tokenizer)
# The sequence length is the preprocessor's, and the vocabulary is compared by itself.
_NOT_READING = {"name", "trainable", "dtype", "config_file", "sequence_length", "vocabulary"}
_DIGITS = 12


def same_vocabulary(teacher: SplitClassifier, student: SplitClassifier) -> bool:
    """Tells whether two models number the same tokens in the same way, and read text alike.

    Their families may differ: BERT's tokenizer and DistilBERT's are one.

    Args:
        teacher: One model.
        student: The other one.

    Returns:
        Whether one batch of tokens is the same text to both.
    """
    one, other = (model.classifier.preprocessor.tokenizer for model in (teacher, student))
    return one is other or reading_of(one) == reading_of(other)


def tokenizer_fingerprint(tokenizer: Any) -> str:
    """Tells tokenizers apart: equal fingerprints give equal tokens, numbers included.

    Args:
        tokenizer: A KerasHub tokenizer.

    Returns:
        A hash of its rules and its vocabulary, as in "sha256 5891b5b522d5".
    """
    algorithm, *rules, tokens = reading_of(tokenizer)
    said = [algorithm.__name__, *rules, sorted(tokens.items())]
    digest = hashlib.sha256(json.dumps(said, sort_keys=True, default=repr).encode())
    return f"sha256 {digest.hexdigest()[:_DIGITS]}"


def reading_of(tokenizer: Any) -> list[Any]:
    """Gives all that says how a tokenizer turns text into tokens: rules and vocabulary.

    Args:
        tokenizer: A KerasHub tokenizer.

    Returns:
        Values to compare with another one's.
    """
    algorithm = next(kind for kind in _ALGORITHMS if isinstance(tokenizer, kind))
    options = {k: v for k, v in tokenizer.get_config().items() if k not in _NOT_READING}
    # Saved as files, and so not in the config.
    rules = [getattr(tokenizer, name, None) for name in ("merges", "proto")]
    frame = [getattr(tokenizer, f"{name}_token_id") for name in ("start", "end", "pad")]
    return [algorithm, options, rules, frame, tokens_by_id(tokenizer)]


def tokenizer_name(model: SplitClassifier) -> str:
    """Names a model's tokenizer and its size, for people."""
    name = type(model.classifier.preprocessor.tokenizer).__name__
    return f"a {name} with {len(model.vocabulary.tokens)} tokens"
