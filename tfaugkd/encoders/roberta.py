"""RoBERTa: embedded as DistilBERT is, with one more dropout before the pooler."""

import tensorflow as tf

from tfaugkd.encoders.distil_bert import DistilBertEncoder


class RobertaEncoder(DistilBertEncoder):
    """The pieces of a KerasHub `RobertaTextClassifier`."""

    def head(self, hidden: tf.Tensor, padding_mask: tf.Tensor, training: bool) -> tf.Tensor:
        """Pools the first token and classifies it: `[B, S, D]` to `[B, C]`."""
        del padding_mask
        first = self.classifier.pooled_dropout(hidden[:, 0, :], training=training)
        pooled = self.classifier.pooled_dense(first)
        pooled = self.classifier.output_dropout(pooled, training=training)
        return self.classifier.output_dense(pooled)
