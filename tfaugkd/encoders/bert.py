"""BERT: word, position and segment embeddings are summed; the pooler belongs to the backbone."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tfaugkd.encoders.first_token import first_token_of


class BertEncoder:
    """The pieces of a KerasHub `BertTextClassifier`."""

    first_token_alone = True

    def __init__(self, classifier: Any) -> None:
        self.classifier = classifier
        self.backbone = classifier.backbone

    @property
    def table(self) -> Any:
        """The word embeddings, a variable `[V, D]`."""
        return self.backbone.token_embedding.embeddings

    @property
    def layers(self) -> list[Any]:
        """The transformer layers, in the order in which they run."""
        return self.backbone.transformer_layers

    @property
    def depth(self) -> int:
        """The number of transformer layers."""
        return len(self.layers)

    def options_with(self, indices: Sequence[int]) -> dict[str, Any]:
        """Gives the options that a backbone with these layers alone is built with."""
        return {"num_layers": len(indices)}

    def enter(self, embeddings: tf.Tensor, segment_ids: tf.Tensor, training: bool) -> tf.Tensor:
        """Adds positions and segments, normalises: the input of the first layer."""
        backbone = self.backbone
        positions = backbone.position_embedding(embeddings)
        segments = backbone.segment_embedding(segment_ids)
        hidden = backbone.embeddings_add((embeddings, positions, segments))
        hidden = backbone.embeddings_layer_norm(hidden)
        return backbone.embeddings_dropout(hidden, training=training)

    def layer(
        self, index: int, hidden: tf.Tensor, padding_mask: tf.Tensor, training: bool
    ) -> tf.Tensor:
        """Runs one transformer layer: `[B, S, D]` to `[B, S, D]`."""
        return self.layers[index](hidden, padding_mask=padding_mask, training=training)

    def layer_and_attention(
        self, index: int, hidden: tf.Tensor, padding_mask: tf.Tensor, training: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Runs one layer; also gives its attention maps `[B, H, S, S]`, before their dropout."""
        return self.layers[index](
            hidden, padding_mask=padding_mask, training=training, return_attention_scores=True
        )

    def last_layer(self, hidden: tf.Tensor, padding_mask: tf.Tensor, training: bool) -> tf.Tensor:
        """Runs the last layer for the first token alone: `[B, S, D]` to `[B, 1, D]`."""
        return first_token_of(self.layers[-1], hidden, padding_mask, training)

    def head(self, hidden: tf.Tensor, padding_mask: tf.Tensor, training: bool) -> tf.Tensor:
        """Pools the first token and classifies it: `[B, S, D]` to `[B, C]`."""
        del padding_mask
        pooled = self.backbone.pooled_dense(hidden[:, self.backbone.cls_token_index, :])
        pooled = self.classifier.output_dropout(pooled, training=training)
        return self.classifier.output_dense(pooled)
