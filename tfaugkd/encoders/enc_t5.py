"""EncT5: relative positions are a bias on the attention, and the head is a decoder's or a mean."""

import tensorflow as tf

from tfaugkd.encoders.bert import BertEncoder


class EncT5Encoder(BertEncoder):
    """The pieces of an `EncT5TextClassifier`."""

    first_token_alone = False

    def enter(self, embeddings: tf.Tensor, segment_ids: tf.Tensor, training: bool) -> tf.Tensor:
        """Drops out, no more: positions come in the layers, and the family has no segments."""
        del segment_ids
        return self.backbone.embeddings_dropout(embeddings, training=training)

    def layer(
        self, index: int, hidden: tf.Tensor, padding_mask: tf.Tensor, training: bool
    ) -> tf.Tensor:
        """Runs one transformer layer: `[B, S, D]` to `[B, S, D]`."""
        bias = self.backbone.position_bias(hidden, padding_mask=padding_mask)
        hidden, _ = self.layers[index](hidden, position_bias=bias, training=training)
        return hidden

    def last_layer(self, hidden: tf.Tensor, padding_mask: tf.Tensor, training: bool) -> tf.Tensor:
        """Runs the last layer whole: its head reads the states of all tokens."""
        return self.layer(self.depth - 1, hidden, padding_mask, training)

    def layer_and_attention(
        self, index: int, hidden: tf.Tensor, padding_mask: tf.Tensor, training: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Runs one layer; also gives its attention maps `[B, H, S, S]`, before their dropout."""
        # T5's attention never gives its scores; they are worked out beside it. They are not
        # scaled: T5 trains without.
        attention = self.layers[index].self_attention
        normal = self.layers[index].self_attention_layer_norm(hidden)
        split = [*hidden.shape[:2], attention.num_heads, attention.key_value_dim]
        queries = tf.reshape(attention.query_projector(normal), split)
        keys = tf.reshape(attention.key_projector(normal), split)
        bias = self.backbone.position_bias(hidden, padding_mask=padding_mask)
        scores = tf.einsum("bqhd,bkhd->bhqk", queries, keys) + bias
        return self.layer(index, hidden, padding_mask, training), tf.nn.softmax(scores)

    def head(self, hidden: tf.Tensor, padding_mask: tf.Tensor, training: bool) -> tf.Tensor:
        """Normalises, pools over the real tokens and classifies: `[B, S, D]` to `[B, C]`."""
        hidden = self.backbone.output_layer_norm(hidden)
        hidden = self.backbone.output_dropout(hidden, training=training)
        pooled = self.backbone.pool(hidden, padding_mask, training=training)
        pooled = self.classifier.output_dropout(pooled, training=training)
        return self.classifier.output_dense(pooled)
