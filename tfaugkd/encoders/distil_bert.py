"""DistilBERT: no segments; the pooler belongs to the classifier."""

from typing import Any

import tensorflow as tf

from tfaugkd.encoders.bert import BertEncoder


class DistilBertEncoder(BertEncoder):
    """The pieces of a KerasHub `DistilBertTextClassifier`; its layers are run as BERT's are."""

    @property
    def table(self) -> Any:
        """The word embeddings, a variable `[V, D]`."""
        return self.backbone.embeddings.token_embedding.embeddings

    def enter(self, embeddings: tf.Tensor, segment_ids: tf.Tensor, training: bool) -> tf.Tensor:
        """Adds positions, normalises; the family has no segments, so they are not read."""
        del segment_ids
        hidden = embeddings + self.backbone.embeddings.position_embedding(embeddings)
        hidden = self.backbone.embeddings_layer_norm(hidden)
        return self.backbone.embeddings_dropout(hidden, training=training)

    def head(self, hidden: tf.Tensor, padding_mask: tf.Tensor, training: bool) -> tf.Tensor:
        """Pools the first token and classifies it: `[B, S, D]` to `[B, C]`."""
        del padding_mask
        pooled = self.classifier.pooled_dense(hidden[:, 0, :])
        pooled = self.classifier.output_dropout(pooled, training=training)
        return self.classifier.output_dense(pooled)
