"""Reads records by their number, out of any number of shards at once."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from array_record.python.array_record_module import ArrayRecordReader

from tfaugkd.data.shards.manifest import Manifest, Shard, columns_file, records_file
from tfaugkd.errors import InputError

# Each open shard holds a file descriptor, of which a process often may have no more than 1024.
_OPEN_AT_ONCE = 512
_RANDOM_ACCESS = "readahead_buffer_size:0,max_parallelism:0"
_SMALL_BUFFER = 4096


class ShardReader:
    """The records of a folder, numbered through from the first shard to the last.

    Nothing is held but the open shards' own indices. Several threads may read.

    Args:
        folder: The folder.
        manifest: Its manifest.

    Raises:
        InputError: A shard is missing, or not as long as the manifest says.
    """

    def __init__(self, folder: str | Path, manifest: Manifest) -> None:
        self.folder = Path(folder).expanduser()
        self.manifest = manifest
        self.ends = np.cumsum([shard.examples for shard in manifest.shards], dtype=np.int64)
        # What went wrong in a thread of tf.data, which hands on no more than a text about it.
        self.failure: InputError | None = None
        self._opened = lru_cache(_OPEN_AT_ONCE)(self._open)
        for shard in manifest.shards:
            _require_whole(records_file(self.folder, shard.name), shard.bytes)

    def records(self, places: np.ndarray) -> list[bytes]:
        """Reads records.

        Args:
            places: int `[B]`; their numbers, in any order.

        Returns:
            The records, in this order.

        Raises:
            InputError: A record is damaged; names it and its shard.
        """
        numbers = np.searchsorted(self.ends, places, side="right")
        records: list[bytes] = [b""] * len(places)
        for number in np.unique(numbers):
            asked = np.flatnonzero(numbers == number)
            shard = self.manifest.shards[number]
            within = (places[asked] - (self.ends[number] - shard.examples)).tolist()
            try:
                found = self._opened(int(number)).read(within)
            except (RuntimeError, ValueError, IndexError):
                self.failure = self._damage(int(number), within)
                raise self.failure from None
            for place, record in zip(asked, found, strict=True):
                records[place] = record
        return records

    def labels(self) -> np.ndarray:
        """Reads the labels `[N]` of all shards; -1 or nan where one is withheld.

        Raises:
            InputError: A file beside a shard cannot be read, or has not one for each record.
        """
        return self._column("labels", np.int32 if self.manifest.label_names else np.float32)

    def lengths(self) -> np.ndarray:
        """Reads how many tokens the texts of all shards have, int32 `[N]`.

        Raises:
            InputError: A file beside a shard cannot be read, or has not one for each record.
        """
        return self._column("lengths", np.int32)

    def _column(self, name: str, kind: type) -> np.ndarray:
        parts = [self._part(shard, name, kind) for shard in self.manifest.shards]
        return np.concatenate([np.empty(0, kind), *parts])

    def _part(self, shard: Shard, name: str, kind: type) -> np.ndarray:
        path = columns_file(self.folder, shard.name)
        try:
            with np.load(path, allow_pickle=False) as columns:
                column = columns[name]
        except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
            raise InputError(f"{path} cannot be read: {error}; {_REMEDY}") from error
        if column.shape != (shard.examples,) or column.dtype != kind:
            raise InputError(f"{path} does not hold {shard.examples} {name}; {_REMEDY}")
        return column

    def _open(self, number: int) -> Any:
        shard = self.manifest.shards[number]
        path = records_file(self.folder, shard.name)
        reader = ArrayRecordReader(str(path), _RANDOM_ACCESS, file_reader_buffer_size=_SMALL_BUFFER)
        if reader.num_records() != shard.examples:
            raise ValueError(f"{reader.num_records()} records")
        return reader

    def _damage(self, number: int, asked: Sequence[int]) -> InputError:
        """Finds out which of the records asked for cannot be read."""
        path = records_file(self.folder, self.manifest.shards[number].name)
        try:
            reader = self._opened(number)
        except (RuntimeError, ValueError) as error:
            return InputError(f"{path} cannot be read ({_first_line(error)}); {_REMEDY}")
        for record in asked:
            try:
                reader.read([record])
            except (RuntimeError, ValueError, IndexError) as error:
                return InputError(
                    f"{path}, record {record} is damaged ({_first_line(error)}); {_REMEDY}"
                )
        return InputError(f"{path} could not be read for a moment; start the run again.")


_REMEDY = "run `tfaugkd prepare` again, which writes such shards anew."


def _require_whole(path: Path, size: int) -> None:
    if not path.is_file():
        raise InputError(f"There is no shard {path}; {_REMEDY}")
    if path.stat().st_size != size:
        raise InputError(
            f"{path} has {path.stat().st_size} bytes, but the manifest says {size}; {_REMEDY}"
        )


def _first_line(error: Exception) -> str:
    return str(error).partition(";")[0].partition("\n")[0]
