"""Writes one shard, whole or not at all.

Shards are ArrayRecord files. Any record of one is read by its number, which is what a shuffled
batch plan asks for and what TFRecord needs an index beside it for; every record has a hash of its
own; and TensorFlow Datasets brings the package along.
"""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np
from array_record.python.array_record_module import ArrayRecordWriter

from tfaugkd.data.examples import is_label
from tfaugkd.data.shards.manifest import Shard, columns_file, records_file, shard_of
from tfaugkd.errors import InputError
from tfaugkd.fingerprint import digest_of
from tfaugkd.folders import replacing
from tfaugkd.plain_json import read_json, write_json

# One record a chunk: more would be read and unpacked with each one that is asked for.
_OPTIONS = "group_size:1"


def write_shard(
    folder: str | Path,
    name: str,
    records: Iterable[bytes],
    labels: np.ndarray,
    lengths: np.ndarray,
) -> Shard:
    """Writes records, their labels and lengths, and last of all the receipt that all are there.

    Args:
        folder: Where to.
        name: Name of the shard.
        records: N records.
        labels: `[N]`; their labels, -1 or nan where one is withheld.
        lengths: int32 `[N]`; how many tokens they have.

    Returns:
        The shard.

    Raises:
        InputError: It cannot be written.
    """
    file, beside = records_file(folder, name), columns_file(folder, name)
    try:
        with replacing(file) as temporary:
            writer = ArrayRecordWriter(str(temporary), _OPTIONS)
            for record in records:
                writer.write(record)
            writer.close()
        with replacing(beside) as temporary:
            np.savez(temporary, labels=labels, lengths=lengths)
    except (OSError, RuntimeError) as error:
        raise InputError(f"{file} cannot be written: {error}.") from error
    size = file.stat().st_size
    labelled = int(is_label(labels).sum())
    shard = Shard(name, len(labels), labelled, size, digest_of(file), digest_of(beside))
    write_json(receipt_file(folder, name), shard)
    return shard


def receipt_file(folder: str | Path, name: str) -> Path:
    """Gives the file that says that a shard is whole."""
    return Path(folder) / f"{name}.json"


def read_shard(folder: str | Path, name: str) -> Shard | None:
    """Looks for a shard that was written before.

    Args:
        folder: Where it would be.
        name: Name of the shard.

    Returns:
        The shard; None where it is not there, or its files are not those that were written.
    """
    if not receipt_file(folder, name).is_file():
        return None
    try:
        shard = shard_of(read_json(receipt_file(folder, name), "the receipt of a shard"))
        whole = digest_of(records_file(folder, name)) == shard.sha256
        columns = digest_of(columns_file(folder, name)) == shard.columns_sha256
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return shard if whole and columns and shard.name == name else None


def write_failure(folder: str | Path, name: str, sentence: str) -> None:
    """Writes what keeps a shard from being made, in the place of its receipt."""
    # On a full disk there is no room for the sentence, either.
    with suppress(OSError):
        write_json(receipt_file(folder, name), {"failure": sentence})


def read_failure(folder: str | Path, name: str) -> str | None:
    """Reads what kept a shard from being made; None where that is not known."""
    if not receipt_file(folder, name).is_file():
        return None
    failure = read_json(receipt_file(folder, name), "the receipt of a shard").get("failure")
    return failure if isinstance(failure, str) else None


def clear_halves(folder: str | Path) -> None:
    """Removes what was under its temporary name when a preparation was killed."""
    for path in Path(folder).glob(".????????-*"):
        path.unlink()
