"""What a result was made from, in short: equal fingerprints mean that nothing has changed."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from tfaugkd.data.examples import Examples
from tfaugkd.data.shards.prepared_examples import PreparedExamples

_DIGITS = 12


def texts_fingerprint(examples: Examples | PreparedExamples) -> str:
    """Tells one list of labelled texts from another.

    Args:
        examples: The N texts, in order.

    Returns:
        Their number and a hash, as in "400 texts, sha256 5891b5b522d5".
    """
    if isinstance(examples, PreparedExamples):
        return examples.fingerprint
    labels = None if examples.labels is None else np.asarray(examples.labels).tolist()
    said = (examples.text_a, examples.text_b, labels, examples.label_names, examples.ids)
    content = json.dumps([*said, examples.protect])
    digest = hashlib.sha256(content.encode())
    return f"{len(examples)} texts, sha256 {digest.hexdigest()[:_DIGITS]}"


def file_fingerprint(path: str | Path) -> str:
    """Tells the content of one file from another's, as in "a file with sha256 5891b5b522d5"."""
    return f"a file with sha256 {digest_of(Path(path))[:_DIGITS]}"


def folder_fingerprint(folder: str | Path) -> str:
    """Tells the content of one folder from another's, wherever they lie.

    Args:
        folder: A folder, such as a preset's.

    Returns:
        A hash of its files' names and bytes, as in "files with sha256 5891b5b522d5".
    """
    root = Path(folder)
    digest = hashlib.sha256()
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        digest.update(f"{digest_of(path)} {path.relative_to(root).as_posix()}\n".encode())
    return f"files with sha256 {digest.hexdigest()[:_DIGITS]}"


def preset_fingerprint(preset: str | None) -> str | None:
    """Tells presets apart: by their files where it is a folder, otherwise by name."""
    if preset is None or not Path(preset).is_dir():
        return preset
    return folder_fingerprint(preset)


def first_difference(old: object, new: object) -> str | None:
    """Says in words what differs first between two trees of plain values.

    Args:
        old: Mappings, lists and scalars.
        new: The same.

    Returns:
        The dotted key and the two values, as in "train.steps 20, not 30"; None if they are equal.
    """
    before, after = dict(leaves(old)), dict(leaves(new))
    for key in [*after, *before]:
        if key not in before:
            return f"no {key}, not {after[key]!r}"
        if key not in after:
            return f"{key} {before[key]!r}, not without"
        if before[key] != after[key]:
            return f"{key} {before[key]!r}, not {after[key]!r}"
    return None


def digest_of(path: Path) -> str:
    """Gives the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def leaves(tree: object, key: str = "") -> Iterator[tuple[str, object]]:
    """Lists the values of a tree by dotted keys; an empty mapping or list is a value, too."""
    if isinstance(tree, Mapping) and tree:
        for name, part in tree.items():
            yield from leaves(part, f"{key}.{name}" if key else str(name))
    elif isinstance(tree, list) and tree:
        for number, part in enumerate(tree):
            yield from leaves(part, f"{key}[{number}]")
    else:
        yield key, tree
