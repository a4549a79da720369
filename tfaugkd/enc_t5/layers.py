"""What EncT5 adds to T5's own layers: one position bias for all of them, and the pooling."""

from typing import Any

import keras
from keras import ops

# KerasHub exports T5 as a whole, and not its layers.
from keras_hub.src.models.t5.t5_layer_norm import T5LayerNorm
from keras_hub.src.models.t5.t5_multi_head_attention import T5MultiHeadAttention

# T5 has these numbers in its code, not in its configuration.
_BUCKETS = 32
_FARTHEST = 128
_MASKED = -1e9
# What float16 has in its place; beyond its largest number a padded token would be no number.
_MASKED_IN_FLOAT16 = -3e4


class PositionBias(keras.layers.Layer):
    """T5's bias on attention scores: how far apart two tokens are, and what is padding.

    T5 keeps it in its first layer, which hands it on. Here it stands alone, so that the model can
    be entered at any layer and any layer can be left out.

    Args:
        num_heads: H.
        stddev: Of the initial values.
    """

    def __init__(self, num_heads: int, stddev: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bias = self.add_weight(
            name="bias",
            shape=(_BUCKETS, num_heads),
            initializer=keras.initializers.RandomNormal(stddev=stddev),
        )

    def call(self, states: Any, padding_mask: Any) -> Any:
        """Gives the bias `[B, H, S, S]` for states `[B, S, D]` and a mask `[B, S]`."""
        places = ops.arange(ops.shape(states)[1])
        buckets = T5MultiHeadAttention._relative_position_bucket(
            places[None, :] - places[:, None],
            bidirectional=True,
            num_buckets=_BUCKETS,
            max_distance=_FARTHEST,
        )
        bias = ops.transpose(ops.take(self.bias, buckets, axis=0), (2, 0, 1))
        return bias[None] + _padding_bias(padding_mask, bias.dtype)


def _padding_bias(padding_mask: Any, dtype: Any) -> Any:
    mask = ops.cast(padding_mask, dtype)[:, None, None, :]
    return (1.0 - mask) * (_MASKED_IN_FLOAT16 if dtype == "float16" else _MASKED)


class DecoderPooling(keras.layers.Layer):
    """One decoder layer of T5 whose only input is a trained query (AugPro, Section 5; EncT5).

    T5's self-attention is left out: a single query attends to nothing but itself, which adds a
    linear function of that query. Without it the models have the sizes that AugPro prints, 354M
    and 37M.

    Args:
        num_heads: H.
        key_value_dim: Width of a head.
        hidden_dim: D.
        intermediate_dim: Width of the feed-forward block.
        dropout: Rate of dropout.
        activation: Of the feed-forward block.
        use_gated_activation: Whether that block is gated, as in T5 1.1.
        layer_norm_epsilon: Epsilon of the layer norms.
    """

    def __init__(
        self,
        num_heads: int,
        key_value_dim: int,
        hidden_dim: int,
        intermediate_dim: int,
        dropout: float,
        activation: Any,
        use_gated_activation: bool,
        layer_norm_epsilon: float,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        dtype = self.dtype_policy

        def dense(name: str, width: int, **options: Any) -> keras.layers.Dense:
            return keras.layers.Dense(width, use_bias=False, dtype=dtype, name=name, **options)

        # Like the embedding of a token, whose place it takes.
        self.query = self.add_weight(
            name="query",
            shape=(1, hidden_dim),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
        )
        self.cross_attention_layer_norm = T5LayerNorm(layer_norm_epsilon, dtype=dtype)
        self.cross_attention = T5MultiHeadAttention(
            is_decoder=True,
            hidden_dim=hidden_dim,
            key_value_dim=key_value_dim,
            num_heads=num_heads,
            dropout=dropout,
            dtype=dtype,
            name="cross_attention",
        )
        self.layer_norm = T5LayerNorm(layer_norm_epsilon, dtype=dtype)
        self.input_projector = dense("input_projector", intermediate_dim, activation=activation)
        self.gate_projector = (
            dense("gate_projector", intermediate_dim) if use_gated_activation else None
        )
        self.output_projector = dense("output_projector", hidden_dim)
        self.output_layer_norm = T5LayerNorm(layer_norm_epsilon, dtype=dtype)
        self.dropout_layer = keras.layers.Dropout(dropout, dtype=dtype)

    def call(self, states: Any, padding_mask: Any, training: bool = False) -> Any:
        """Pools the encoder's states over the real tokens: `[B, S, D]` to `[B, D]`."""

        def drop(values: Any) -> Any:
            return self.dropout_layer(values, training=training)

        query = ops.zeros_like(states[:, :1]) + ops.cast(self.query, states.dtype)
        attended, *_ = self.cross_attention(
            self.cross_attention_layer_norm(query),
            key_value_states=states,
            position_bias=_padding_bias(padding_mask, states.dtype),
            training=training,
        )
        hidden = query + drop(attended)
        normal = self.layer_norm(hidden)
        wide = self.input_projector(normal)
        if self.gate_projector is not None:
            wide = wide * self.gate_projector(normal)
        hidden = hidden + drop(self.output_projector(drop(wide)))
        return drop(self.output_layer_norm(hidden))[:, 0]

    def take_weights(self, layer: Any, output_layer_norm: Any) -> None:
        """Copies the weights of a T5 decoder layer, and of the norm behind T5's decoder.

        Args:
            layer: A `T5TransformerLayer` of a decoder.
            output_layer_norm: The decoder's `T5LayerNorm`.
        """
        for name in (
            "cross_attention_layer_norm",
            "cross_attention",
            "layer_norm",
            "input_projector",
            "gate_projector",
            "output_projector",
        ):
            own = getattr(self, name)
            if own is not None:
                own.set_weights(getattr(layer, name).get_weights())
        self.output_layer_norm.set_weights(output_layer_norm.get_weights())
