"""Methods that rewrite whole texts before training, too slowly for the training step."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from tfaugkd.classifier import SplitClassifier
from tfaugkd.data.examples import Examples

# The place of the original, and the texts of the variant.
Rewritten = Iterator[tuple[int, tuple[str, ...]]]


class Rewrites(Protocol):
    """A method that rewrites texts."""

    def rewritten(
        self, texts: Sequence[str], copies: int, seed: int, teacher: Callable[[], SplitClassifier]
    ) -> Iterator[list[str]]:
        """Gives several versions of each text; asks for the teacher only if it needs it."""


def rewritten(
    method: Rewrites,
    examples: Examples,
    copies: int,
    seed: int,
    teacher: Callable[[], SplitClassifier],
) -> Rewritten:
    """Rewrites each text of a pair; the n-th version of one goes with the n-th of the other.

    Args:
        method: The method.
        examples: N texts or pairs.
        copies: Versions of each.
        seed: Of what is drawn.
        teacher: Gives the model whose embeddings the method may take.

    Returns:
        The place of the original and the version's texts, in order.
    """
    sides = [examples.text_a, *([] if examples.text_b is None else [examples.text_b])]
    versions = [
        # Texts that stand in both places are not to be edited alike.
        method.rewritten(side, copies, seed + number, teacher)
        for number, side in enumerate(sides)
    ]
    return (
        (place, texts)
        for place, of_sides in enumerate(zip(*versions, strict=True))
        for texts in zip(*of_sides, strict=True)
    )
