"""Texts that lie tokenised in shards; what `Examples` are in memory, these are on disk."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tfaugkd.data.examples import Examples, is_label
from tfaugkd.data.shards.manifest import read_manifest
from tfaugkd.data.shards.reading import ShardReader


@dataclass(frozen=True, eq=False)
class PreparedExamples:
    """The texts of a prepared training split, or some of them.

    Only what is asked for is read. Some of them take 8 bytes each, all of them nothing.

    Args:
        reader: Reads the folder.
        rows: int64 `[N]`; numbers of the records, in order. None takes all of the training split.
        withheld: Whether the labels are left out.
        answered: Whether batches hold the stored logits of a teacher.
    """

    reader: ShardReader
    rows: np.ndarray | None = None
    withheld: bool = False
    answered: bool = False

    def __len__(self) -> int:
        if self.rows is not None:
            return len(self.rows)
        return self.reader.manifest.count(unlabelled_split=False)

    def take(self, indices: Sequence[int] | np.ndarray) -> "PreparedExamples":
        """Picks examples by position, as `Examples.take` does."""
        places = np.asarray(indices, dtype=np.int64)
        return replace(self, rows=places if self.rows is None else self.rows[places])

    def shuffled(self, seed: int) -> "PreparedExamples":
        """Shuffles the examples as `Examples.shuffled` shuffles as many in memory."""
        return self.take(np.random.Generator(np.random.PCG64(seed)).permutation(len(self)))

    def with_unlabelled(self) -> "PreparedExamples":
        """Puts all texts of the unlabelled file behind these."""
        manifest = self.reader.manifest
        before = manifest.count(unlabelled_split=False)
        behind = np.arange(before, before + manifest.count(unlabelled_split=True))
        rows = np.arange(before) if self.rows is None else self.rows
        return replace(self, rows=np.concatenate([rows, behind]))

    def without_labels(self) -> "PreparedExamples":
        """Gives the same examples with their labels withheld."""
        return replace(self, withheld=True)

    def answered_by(self, teacher: str) -> "PreparedExamples":
        """Gives the same examples with a teacher's stored logits, if they are that teacher's.

        Args:
            teacher: The fingerprint of the teacher's folder.
        """
        return replace(self, answered=self.reader.manifest.answered_by == teacher)

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the classes in order; empty for regression."""
        return self.reader.manifest.label_names

    @property
    def pair(self) -> bool:
        """Whether an example has two texts."""
        return self.reader.manifest.pair

    @property
    def labels(self) -> np.ndarray | None:
        """The labels as `Examples` has them, read anew each time; None where all are withheld."""
        labels = None if self.withheld else self._stored_labels
        return labels if labels is not None and is_label(labels).any() else None

    @property
    def labelled(self) -> np.ndarray:
        """Which examples have a label, bool `[N]`."""
        return np.zeros(len(self), bool) if self.withheld else is_label(self._stored_labels)

    @property
    def _stored_labels(self) -> np.ndarray:
        return self._of_these(self.reader.labels())

    @property
    def lengths(self) -> np.ndarray:
        """How many tokens each example has, int32 `[N]`, read anew each time."""
        return self._of_these(self.reader.lengths())

    def _of_these(self, column: np.ndarray) -> np.ndarray:
        return column[: len(self)] if self.rows is None else column[self.rows]

    def records(self, places: np.ndarray) -> np.ndarray:
        """Reads the records of some of the examples.

        Args:
            places: int64 `[B]`; positions from 0 to N - 1.

        Returns:
            Bytes `[B]`, as objects.

        Raises:
            InputError: One is damaged; names it and its shard.
        """
        rows = places if self.rows is None else self.rows[places]
        return np.array(self.reader.records(rows), dtype=object)

    def examples(self) -> Examples:
        """Reads all of the texts into memory; for the few that are held out."""
        # Imported here, because it brings TensorFlow along.
        from tfaugkd.data.shards.records import texts_of

        found = texts_of(self.records(np.arange(len(self))).tolist(), self.reader.manifest)
        return replace(found, labels=self.labels)

    @property
    def fingerprint(self) -> str:
        """Tells these texts from others, by the hashes of their shards."""
        shards = self.reader.manifest.shards
        digest = hashlib.sha256(repr((shards, self.withheld)).encode())
        digest.update(b"" if self.rows is None else self.rows.tobytes())
        return f"{len(self)} prepared texts, sha256 {digest.hexdigest()[:12]}"


def read_prepared(folder: str | Path) -> PreparedExamples:
    """Opens a folder that `tfaugkd prepare` wrote.

    Args:
        folder: The folder.

    Returns:
        The texts of the training split, in the source's order.

    Raises:
        InputError: It is not whole.
    """
    manifest = read_manifest(folder)
    labelled = sum(shard.labelled for shard in manifest.shards)
    return PreparedExamples(ShardReader(folder, manifest), withheld=labelled == 0)
