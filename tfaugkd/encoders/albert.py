"""ALBERT: narrow word embeddings are widened, and layers share their weights by repeating."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tfaugkd.encoders.bert import BertEncoder
from tfaugkd.errors import InputError


class AlbertEncoder(BertEncoder):
    """The pieces of a KerasHub `AlbertTextClassifier`.

    Word embeddings are as narrow as the table, `[B, S, E]`; from the first layer on states are
    `[B, S, D]`. Every repetition counts as a layer.
    """

    @property
    def layers(self) -> list[Any]:
        """The transformer layers, in the order in which they run: each as often as it repeats."""
        groups = self.backbone.transformer_layers
        return [layer for group in groups for _ in range(self._repetitions) for layer in group]

    @property
    def _repetitions(self) -> int:
        return self.backbone.num_layers // self.backbone.num_groups

    def options_with(self, indices: Sequence[int]) -> dict[str, Any]:
        """Gives the options that a backbone with these layers alone is built with.

        Args:
            indices: Which of the layers, repetitions counted, in order.

        Returns:
            Options of an `AlbertBackbone`.

        Raises:
            InputError: No backbone repeats its groups so: one would be cut, or run more often
                than another.
        """
        inner = self.backbone.num_inner_repetitions
        group_of = [index // (self._repetitions * inner) for index in indices]
        groups = list(dict.fromkeys(group_of))
        repetitions, rest = divmod(len(indices), len(groups) * inner)
        regular = [
            (group, place) for group in groups for _ in range(repetitions) for place in range(inner)
        ]
        taken = [(group, i % inner) for group, i in zip(group_of, indices, strict=True)]
        if rest or taken != regular:
            raise InputError(
                f"An ALBERT cannot have the layers {list(indices)} alone, because it repeats all "
                f"of its groups alike, and here {self.backbone.num_groups} groups of {inner} "
                f"repeat {self._repetitions} times; take another number of layers."
            )
        return {"num_layers": len(groups) * repetitions, "num_groups": len(groups)}

    def enter(self, embeddings: tf.Tensor, segment_ids: tf.Tensor, training: bool) -> tf.Tensor:
        """Adds positions and segments, normalises, widens: the input of the first layer."""
        hidden = super().enter(embeddings, segment_ids, training)
        return self.backbone.embeddings_projection(hidden)
