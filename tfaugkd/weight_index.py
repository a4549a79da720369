"""Weights in several files: the index that names them is believed only inside its own folder."""

import re
from pathlib import Path

from tfaugkd.errors import InputError
from tfaugkd.plain_json import read_json

# Hugging Face's, and KerasHub's.
_INDEX_FILES = ("model.safetensors.index.json", "model.weights.json")
_NAME = re.compile(r"\w[\w.-]*")


def require_files_inside(folder: str | Path) -> None:
    """Refuses a model whose index of weights would have files read that lie elsewhere.

    Args:
        folder: Folder in KerasHub's or Hugging Face's format; what is no folder has no index.

    Raises:
        InputError: An index cannot be read, or names more than files of its own folder.
    """
    for name in _INDEX_FILES:
        path = Path(folder) / name
        if path.is_file():
            _check(path)


def _check(path: Path) -> None:
    files = read_json(path, "an index of weights").get("weight_map")
    if not isinstance(files, dict):
        raise InputError(f"{path} cannot be read as an index of weights: it has no weight_map.")
    for weight, named in files.items():
        for file in named if isinstance(named, list) else [named]:
            if not isinstance(file, str) or not _NAME.fullmatch(file):
                raise InputError(
                    f"{path} says that {weight} is in {file!r}, but must name a file in its own "
                    "folder; get the model from a source that you trust."
                )
