"""What every source of data yields: texts, labels and their names."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

# The label of an example without one, among examples that have labels.
WITHHELD = -1


def is_label(labels: np.ndarray) -> np.ndarray:
    """Tells labels `[N]` from what stands where one is withheld, bool `[N]`."""
    return ~np.isnan(labels) if np.issubdtype(labels.dtype, np.floating) else labels != WITHHELD


@dataclass(frozen=True, eq=False)
class Examples:
    """The texts of one split, in order, with what is known about them.

    Args:
        text_a: The N texts, or the first texts of N pairs.
        text_b: The second texts of the pairs; None for single texts.
        labels: int32 `[N]` class indices into label_names, or float32 `[N]` scores for regression.
            -1, or nan for regression, where one is withheld; None where all of them are.
        ids: A name for each example: its zero-based row in the file that it came from, or its place
            in the list if not given.
        label_names: Names of the classes in order; empty for regression.
        groups: What each example is about (a film, say), where the source knows; groups never
            straddle splits.
        protect: Strings in the texts that no augmentation may touch.

    Raises:
        ValueError: If the lengths differ.
    """

    text_a: list[str]
    text_b: list[str] | None = None
    labels: np.ndarray | None = None
    ids: list[str] = field(default_factory=list)
    label_names: tuple[str, ...] = ()
    groups: list[str] | None = None
    protect: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.ids:
            object.__setattr__(self, "ids", [str(row) for row in range(len(self.text_a))])
        for name in ("text_b", "labels", "ids", "groups"):
            values = getattr(self, name)
            if values is not None and len(values) != len(self.text_a):
                raise ValueError(f"{name} has {len(values)} items, text_a has {len(self.text_a)}.")

    def __len__(self) -> int:
        return len(self.text_a)

    def take(self, indices: Sequence[int] | np.ndarray) -> "Examples":
        """Picks examples by position.

        Args:
            indices: Positions from 0 to N - 1, in the order wanted.

        Returns:
            The examples at these positions.
        """
        places = np.asarray(indices, dtype=np.int64)
        return Examples(
            text_a=[self.text_a[place] for place in places],
            text_b=None if self.text_b is None else [self.text_b[place] for place in places],
            labels=None if self.labels is None else self.labels[places],
            ids=[self.ids[place] for place in places],
            label_names=self.label_names,
            groups=None if self.groups is None else [self.groups[place] for place in places],
            protect=self.protect,
        )

    @property
    def pair(self) -> bool:
        """Whether an example has two texts."""
        return self.text_b is not None

    @property
    def labelled(self) -> np.ndarray:
        """Which examples have a label, bool `[N]`."""
        if self.labels is None:
            return np.zeros(len(self), bool)
        return is_label(self.labels)

    def joined(self, others: "Examples") -> "Examples":
        """Puts other examples of the same kind behind these.

        Args:
            others: M examples, with labels, second texts and groups if these have them.

        Returns:
            The N + M examples; the names of the classes are these ones'.

        Raises:
            ValueError: If only the ones or only the others have one of these.
        """

        def both(name: str) -> Any:
            one, other = getattr(self, name), getattr(others, name)
            if (one is None) != (other is None):
                raise ValueError(f"Only one of the two sets of examples has {name}.")
            if isinstance(one, np.ndarray):
                return np.concatenate([one, other])
            return None if one is None else one + other

        names = ("text_a", "text_b", "labels", "ids", "groups")
        return replace(self, **{name: both(name) for name in names})

    def shuffled(self, seed: int) -> "Examples":
        """Shuffles the examples; the first n of the result are a random subset of size n.

        Args:
            seed: Seed of the permutation. For one seed, a smaller subset lies inside a larger one.

        Returns:
            All examples in the order of the permutation.
        """
        return self.take(np.random.Generator(np.random.PCG64(seed)).permutation(len(self)))
