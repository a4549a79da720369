"""What differs between backbones: one file each, all with the same pieces.

`encoder_of(classifier)` finds the file for a KerasHub `TextClassifier`.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import keras_hub
import tensorflow as tf

from tfaugkd.enc_t5 import EncT5TextClassifier
from tfaugkd.encoders.albert import AlbertEncoder
from tfaugkd.encoders.bert import BertEncoder
from tfaugkd.encoders.deberta import DebertaEncoder
from tfaugkd.encoders.distil_bert import DistilBertEncoder
from tfaugkd.encoders.enc_t5 import EncT5Encoder
from tfaugkd.encoders.roberta import RobertaEncoder
from tfaugkd.errors import InputError


class Encoder(Protocol):
    """A classifier taken apart; put together again it gives the classifier's own logits."""

    @property
    def backbone(self) -> Any:
        """The KerasHub backbone."""

    @property
    def table(self) -> Any:
        """The word embeddings, a variable `[V, D]`."""

    @property
    def layers(self) -> list[Any]:
        """The transformer layers, in the order in which they run."""

    @property
    def first_token_alone(self) -> bool:
        """Whether the head reads the first token alone, and the last layer is run for no other."""

    @property
    def depth(self) -> int:
        """The number of transformer layers."""

    def options_with(self, indices: Sequence[int]) -> dict[str, Any]:
        """Gives the options that a backbone with these layers alone is built with."""

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

    def last_layer(self, hidden: tf.Tensor, padding_mask: tf.Tensor, training: bool) -> tf.Tensor:
        """Runs the last layer for what the head reads: `[B, S, D]`, or `[B, 1, D]` of the first."""

    def head(self, hidden: tf.Tensor, padding_mask: tf.Tensor, training: bool) -> tf.Tensor:
        """Turns the last layer's states into logits: `[B, S, D]` to `[B, C]`."""


_ENCODERS: dict[type, type] = {
    keras_hub.models.BertTextClassifier: BertEncoder,
    keras_hub.models.DistilBertTextClassifier: DistilBertEncoder,
    keras_hub.models.RobertaTextClassifier: RobertaEncoder,
    keras_hub.models.AlbertTextClassifier: AlbertEncoder,
    keras_hub.models.DebertaV3TextClassifier: DebertaEncoder,
    EncT5TextClassifier: EncT5Encoder,
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
