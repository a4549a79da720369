"""What a folder of shards holds, in its `manifest.json`; what is read there is trusted nowhere."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from tfaugkd.errors import InputError
from tfaugkd.plain_json import plain, read_json, write_json

MANIFEST_FILE = "manifest.json"
FORMAT = 1
# A name is all that a manifest says of where a shard lies, so that no path leads out of the folder.
_NAME = re.compile(r"(train|unlabelled)-\d{5,9}")


@dataclass(frozen=True)
class Shard:
    """A file of records, and beside it one of what must be known of all of them at once.

    Args:
        name: The files' name without its ending: the split and a number.
        examples: How many records it has.
        labelled: How many of them have a label.
        bytes: The size of the file of records.
        sha256: Its hash.
        columns_sha256: The hash of the file of labels and lengths.
    """

    name: str
    examples: int
    labelled: int
    bytes: int
    sha256: str
    columns_sha256: str

    @property
    def unlabelled_split(self) -> bool:
        """Whether it is of the texts that stand behind those of the training split."""
        return self.name.startswith("unlabelled")


@dataclass(frozen=True)
class Tokenised:
    """How a model's tokens are stored.

    Args:
        tokenizer: The fingerprint of the tokenizer that made them.
        parts: Which parts there are: token_ids, and segment_ids and protected if need be.
        padding: The id of the padding, which is not stored.
    """

    tokenizer: str
    parts: tuple[str, ...]
    padding: int


@dataclass(frozen=True)
class Manifest:
    """What a folder of shards holds.

    Args:
        task: The task's name.
        label_names: Names of the classes in order; empty for regression.
        pair: Whether an example has two texts.
        sequence_length: Tokens that a text was cut to, specials included.
        protect: Strings that no augmentation may touch.
        augmented: Whether copies made by augmentations stand among the texts.
        student: How the tokens are stored.
        teacher: The same for a teacher whose vocabulary is another one; otherwise None.
        answered_by: The fingerprint of the teacher whose logits are stored; None without.
        shards: The shards in order: those of the training split, then those without labels.
    """

    task: str
    label_names: tuple[str, ...]
    pair: bool
    sequence_length: int
    protect: tuple[str, ...]
    augmented: bool
    student: Tokenised
    teacher: Tokenised | None
    answered_by: str | None
    shards: tuple[Shard, ...]

    @property
    def classes(self) -> int:
        """The number of a teacher's logits C; 1 for regression."""
        return max(1, len(self.label_names))

    def count(self, unlabelled_split: bool) -> int:
        """Adds up the examples of the training split, or of the texts behind it."""
        return sum(
            shard.examples for shard in self.shards if shard.unlabelled_split == unlabelled_split
        )


def records_file(folder: str | Path, name: str) -> Path:
    """Gives the file with a shard's records."""
    return Path(folder) / f"{name}.array_record"


def columns_file(folder: str | Path, name: str) -> Path:
    """Gives the file with the labels and lengths of a shard's records."""
    return Path(folder) / f"{name}.npz"


def write_manifest(folder: str | Path, manifest: Manifest) -> None:
    """Writes the manifest; where it stands, the folder is whole."""
    write_json(Path(folder) / MANIFEST_FILE, {"format": FORMAT, **_plain(manifest)})


def read_manifest(folder: str | Path) -> Manifest:
    """Reads what a folder of shards holds.

    Args:
        folder: The folder that `tfaugkd prepare` wrote.

    Returns:
        The manifest.

    Raises:
        InputError: There is none, which is so until the last shard is written; or it is not one
            that this version reads, or names files that cannot be in the folder.
    """
    path = Path(folder).expanduser() / MANIFEST_FILE
    if not path.is_file():
        raise InputError(
            f"data.prepared is {str(folder)!r}, which holds no {MANIFEST_FILE}; `tfaugkd prepare` "
            "writes it last, so run that to its end."
        )
    found = read_json(path, "a manifest")
    if found.get("format") != FORMAT:
        raise InputError(
            f"{path} has the format {found.get('format')!r}, but this version reads {FORMAT}; "
            "prepare the texts again."
        )
    try:
        return _manifest_of(found)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} cannot be read as a manifest: {error}.") from error


def _manifest_of(found: Mapping[str, Any]) -> Manifest:
    teacher = found["teacher"]
    return Manifest(
        task=_of(str, found, "task"),
        label_names=_texts(found, "label_names"),
        pair=_of(bool, found, "pair"),
        sequence_length=_of(int, found, "sequence_length"),
        protect=_texts(found, "protect"),
        augmented=_of(bool, found, "augmented"),
        student=_tokenised(found["student"]),
        teacher=None if teacher is None else _tokenised(teacher),
        answered_by=None if found["answered_by"] is None else _of(str, found, "answered_by"),
        shards=tuple(shard_of(shard) for shard in found["shards"]),
    )


def shard_of(found: Mapping[str, Any]) -> Shard:
    """Makes a shard of plain values.

    Args:
        found: A value for each field.

    Returns:
        The shard.

    Raises:
        KeyError: One is missing.
        ValueError: One is of the wrong kind, or the name is none that a shard can have.
    """
    kinds = {field.name: int if field.type is int else str for field in fields(Shard)}
    shard = Shard(**{name: _of(kind, found, name) for name, kind in kinds.items()})
    if not _NAME.fullmatch(shard.name):
        raise ValueError(f"{shard.name!r} is no name of a shard")
    if not 0 <= shard.labelled <= shard.examples:
        raise ValueError(f"{shard.name} has {shard.labelled} labels of {shard.examples} examples")
    return shard


def _tokenised(found: Mapping[str, Any]) -> Tokenised:
    return Tokenised(
        _of(str, found, "tokenizer"), _texts(found, "parts"), _of(int, found, "padding")
    )


def _of(kind: type, found: Mapping[str, Any], key: str) -> Any:
    value = found[key]
    # To Python true is a whole number.
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"{key} is {value!r}")
    return value


def _texts(found: Mapping[str, Any], key: str) -> tuple[str, ...]:
    values = found[key]
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{key} is {values!r}")
    return tuple(values)


def _plain(manifest: Manifest) -> dict[str, Any]:
    found = plain(manifest)
    assert isinstance(found, dict), "a dataclass becomes a mapping"
    return found
