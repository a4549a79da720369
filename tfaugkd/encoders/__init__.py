"""What differs between backbones: one file each, all with the same six pieces.

`encoder_of(classifier)` finds the file for a KerasHub `TextClassifier`.
"""

from typing import Any, Protocol

import keras_hub
import tensorflow as tf

from tfaugkd.encoders.bert import BertEncoder
from tfaugkd.encoders.distil_bert import DistilBertEncoder
from tfaugkd.encoders.roberta import RobertaEncoder
from tfaugkd.errors import InputError


class Encoder(Protocol):
    """A classifier taken apart; put together again it gives the classifier's own logits."""

    @property
    def table(self) -> Any:
        """The word embeddings, a variable `[V, D]`."""

    @property
    def depth(self) -> int:
        """The number of transformer layers."""

    def embed(self, token_ids: tf.Tensor) -> tf.Tensor:
        """Looks word embeddings up: `[B, S]` to `[B, S, D]`."""

    def enter(self, embeddings: tf.Tensor, segment_ids: tf.Tensor, training: bool) -> tf.Tensor:
        """Adds positions and segments, normalises: the input of the first layer."""

    def layer(
        self, index: int, hidden: tf.Tensor, padding_mask: tf.Tensor, training: bool
    ) -> tf.Tensor:
        """Runs one transformer layer: `[B, S, D]` to `[B, S, D]`."""

    def layer_and_attention(
        self, index: int, hidden: tf.Tensor, padding_mask: tf.Tensor, training: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Runs one layer; also gives its attention maps `[B, H, S, S]`, before their dropout."""

    def head(self, hidden: tf.Tensor, training: bool) -> tf.Tensor:
        """Turns the last layer's states into logits: `[B, S, D]` to `[B, C]`."""


_ENCODERS: dict[type, type] = {
    keras_hub.models.BertTextClassifier: BertEncoder,
    keras_hub.models.DistilBertTextClassifier: DistilBertEncoder,
    keras_hub.models.RobertaTextClassifier: RobertaEncoder,
}


def encoder_of(classifier: keras_hub.models.TextClassifier) -> Encoder:
    """Takes a classifier apart.

    Args:
        classifier: A KerasHub text classifier.

    Returns:
        Its pieces.

    Raises:
        InputError: The classifier's family is not one that can be taken apart.
    """
    for family, encoder in _ENCODERS.items():
        if isinstance(classifier, family):
            return encoder(classifier)
    allowed = ", ".join(family.__name__ for family in _ENCODERS)
    raise InputError(f"Cannot take a {type(classifier).__name__} apart. Allowed: {allowed}.")
