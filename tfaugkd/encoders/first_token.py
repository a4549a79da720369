"""A transformer layer run for the first token alone.

BERT's head reads nothing else behind the last layer. Keys and values are needed of every token,
but queries, the output projection and the feed-forward block of the first one alone: of a layer's
work about a fifth.
"""

from typing import Any

import tensorflow as tf


def first_token_of(
    layer: Any, hidden: tf.Tensor, padding_mask: tf.Tensor, training: bool
) -> tf.Tensor:
    """Gives the state of the first token behind a layer, exactly as the whole layer does.

    Args:
        layer: A KerasHub `TransformerEncoder`, which normalises behind each block, as BERT does.
        hidden: `[B, S, D]`.
        padding_mask: `[B, S]`; 1 for a token, 0 for padding.
        training: Whether dropout is on.

    Returns:
        `[B, 1, D]`.
    """
    assert not layer.normalize_first, "BERT and its family normalise last"
    first = hidden[:, :1, :]
    # The layer runs on whole texts only; its parts are its own.
    attended = layer._self_attention_layer(
        query=first,
        value=hidden,
        attention_mask=tf.cast(padding_mask, tf.bool)[:, tf.newaxis, :],
        training=training,
    )
    attended = layer._self_attention_dropout(attended, training=training)
    state = layer._self_attention_layer_norm(attended + first)
    inner = layer._feedforward_intermediate_dense(state)
    inner = layer._feedforward_output_dense(inner)
    inner = layer._feedforward_dropout(inner, training=training)
    return layer._feedforward_layer_norm(inner + state)
