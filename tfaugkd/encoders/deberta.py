"""DeBERTa: positions are relative, and every layer reads them; there are no segments."""

from typing import Any

import tensorflow as tf

from tfaugkd.encoders.roberta import RobertaEncoder


class DebertaEncoder(RobertaEncoder):
    """The pieces of a KerasHub `DebertaV3TextClassifier`; its head is RoBERTa's."""

    first_token_alone = False

    @property
    def table(self) -> Any:
        """The word embeddings, a variable `[V, D]`."""
        return self.backbone.token_embedding.embeddings

    def enter(self, embeddings: tf.Tensor, segment_ids: tf.Tensor, training: bool) -> tf.Tensor:
        """Normalises; positions come in the layers, and the family has no segments."""
        del segment_ids
        hidden = self.backbone.embeddings_layer_norm(embeddings)
        return self.backbone.embeddings_dropout(hidden, training=training)

    def layer(
        self, index: int, hidden: tf.Tensor, padding_mask: tf.Tensor, training: bool
    ) -> tf.Tensor:
        """Runs one transformer layer: `[B, S, D]` to `[B, S, D]`."""
        return self.layers[index](
            hidden,
            rel_embeddings=self.backbone.relative_embeddings(hidden),
            padding_mask=padding_mask,
            training=training,
        )

    def last_layer(self, hidden: tf.Tensor, padding_mask: tf.Tensor, training: bool) -> tf.Tensor:
        """Runs the last layer whole: positions are relative, and the layer keeps them to itself."""
        return self.layer(self.depth - 1, hidden, padding_mask, training)

    def layer_and_attention(
        self, index: int, hidden: tf.Tensor, padding_mask: tf.Tensor, training: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Runs one layer; also gives its attention maps `[B, H, S, S]`, before their dropout."""
        # The layer keeps its scores to itself, and its attention gives them behind dropout: they
        # are asked for a second time, without.
        _, attention = self.layers[index]._self_attention_layer(
            hidden,
            rel_embeddings=self.backbone.relative_embeddings(hidden),
            attention_mask=padding_mask[:, tf.newaxis, :],
            return_attention_scores=True,
            training=False,
        )
        return self.layer(index, hidden, padding_mask, training), attention
