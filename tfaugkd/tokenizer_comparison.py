"""Whether two models cut text into the same tokens, under the same numbers."""

from typing import Any

from keras_hub.tokenizers import (
    BytePairTokenizer,
    SentencePieceTokenizer,
    Tokenizer,
    WordPieceTokenizer,
)

from tfaugkd.classifier import SplitClassifier

_ALGORITHMS = (WordPieceTokenizer, BytePairTokenizer, SentencePieceTokenizer, Tokenizer)
# The sequence length is the preprocessor's, and the vocabulary is compared by itself.
_NOT_READING = {"name", "trainable", "dtype", "config_file", "sequence_length", "vocabulary"}


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
    return one is other or reading_of(teacher) == reading_of(student)


def reading_of(model: SplitClassifier) -> list[Any]:
    """Gives all that says how a model's tokenizer turns text into tokens: rules and vocabulary."""
    tokenizer = model.classifier.preprocessor.tokenizer
    algorithm = next(kind for kind in _ALGORITHMS if isinstance(tokenizer, kind))
    options = {k: v for k, v in tokenizer.get_config().items() if k not in _NOT_READING}
    # Saved as files, and so not in the config.
    rules = [getattr(tokenizer, name, None) for name in ("merges", "proto")]
    frame = [getattr(tokenizer, f"{name}_token_id") for name in ("start", "end", "pad")]
    return [algorithm, options, rules, frame, model.vocabulary.tokens]


def tokenizer_name(model: SplitClassifier) -> str:
    """Names a model's tokenizer and its size, for people."""
    name = type(model.classifier.preprocessor.tokenizer).__name__
    return f"a {name} with {len(model.vocabulary.tokens)} tokens"
