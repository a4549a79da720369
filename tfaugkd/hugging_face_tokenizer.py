"""Tokenizers in Hugging Face's format, with the settings that decide what a word is cut into."""

from pathlib import Path
from typing import Any

import keras_hub

from tfaugkd.errors import InputError
from tfaugkd.plain_json import read_json

_Settings = dict[str, Any]


def load_tokenizer(folder: Path, kind: Any) -> Any:
    """Loads a tokenizer that cuts texts as Hugging Face's does.

    Args:
        folder: Folder with `vocab.txt` (word pieces), with `vocab.json` and `merges.txt` (byte
            pairs), or with `tokenizer.json`; and, if there is one, `tokenizer_config.json`.
        kind: The KerasHub tokenizer's class.

    Returns:
        The KerasHub tokenizer.

    Raises:
        InputError: A file is missing, or cannot be read.
    """
    whole, settings = folder / "tokenizer.json", folder / "tokenizer_config.json"
    parts = read_json(whole, "a tokenizer") if whole.is_file() else {}
    options = read_json(settings, "a tokenizer's settings") if settings.is_file() else {}
    if issubclass(kind, keras_hub.tokenizers.BytePairTokenizer):
        return _byte_pairs(folder, kind, parts, options)
    return _word_pieces(folder, kind, parts, options)


def _word_pieces(folder: Path, kind: Any, parts: _Settings, options: _Settings) -> Any:
    normalizer = parts.get("normalizer") or {}
    lowercase = options.get("do_lower_case", normalizer.get("lowercase", True))
    accents = options.get("strip_accents", normalizer.get("strip_accents"))
    vocabulary: Any = str(folder / "vocab.txt")
    if not (folder / "vocab.txt").is_file():
        numbers = _model(folder, parts, "vocab.txt")["vocab"]
        vocabulary = sorted(numbers, key=numbers.__getitem__)
    # Accents go where capitals go, unless it is said otherwise; KerasHub would keep them.
    accents = lowercase if accents is None else accents
    return kind(vocabulary=vocabulary, lowercase=lowercase, strip_accents=accents)


def _byte_pairs(folder: Path, kind: Any, parts: _Settings, options: _Settings) -> Any:
    vocabulary: Any = str(folder / "vocab.json")
    merges: Any = str(folder / "merges.txt")
    if not ((folder / "vocab.json").is_file() and (folder / "merges.txt").is_file()):
        model = _model(folder, parts, "vocab.json with merges.txt")
        vocabulary = model["vocab"]
        merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in model["merges"]]
    space = options.get("add_prefix_space", False)
    return kind(vocabulary=vocabulary, merges=merges, add_prefix_space=space)


def _model(folder: Path, parts: _Settings, files: str) -> _Settings:
    if "model" not in parts:
        raise InputError(
            f"The folder {str(folder)!r} has no tokenizer: neither {files} nor tokenizer.json."
        )
    return parts["model"]
