"""T5's encoder, pooled to one vector a text."""

from typing import Any, get_args

import keras
import keras_hub

# KerasHub exports T5 as a whole, and not its layers.
from keras_hub.src.models.t5.t5_layer_norm import T5LayerNorm
from keras_hub.src.models.t5.t5_transformer_layer import T5TransformerLayer

from tfaugkd.config import Pooling
from tfaugkd.enc_t5.layers import DecoderPooling, PositionBias
from tfaugkd.errors import InputError


@keras.saving.register_keras_serializable(package="tfaugkd")
class EncT5Backbone(keras_hub.models.Backbone):
    """T5's encoder with one decoder layer, or with a mean, behind it (Liu et al., 2021).

    Args:
        vocabulary_size: V.
        num_layers: Layers of the encoder.
        num_heads: H.
        hidden_dim: D.
        intermediate_dim: Width of the feed-forward blocks.
        key_value_dim: Width of a head; D / H if not given.
        dropout: Rate of dropout.
        activation: Of the feed-forward blocks.
        use_gated_activation: Whether those blocks are gated, as in T5 1.1.
        layer_norm_epsilon: Epsilon of the layer norms.
        pooling: "decoder" reads the states with one trained query in one decoder layer (AugPro,
            Section 5); "mean" averages the states of the real tokens (DA-for-KD, Section 5.2).
        dtype: Of computations and weights, as for every KerasHub backbone.

    Raises:
        InputError: There is no such pooling.
    """

    def __init__(
        self,
        vocabulary_size: int,
        num_layers: int,
        num_heads: int,
        hidden_dim: int,
        intermediate_dim: int,
        key_value_dim: int | None = None,
        dropout: float = 0.1,
        activation: Any = "relu",
        use_gated_activation: bool = True,
        layer_norm_epsilon: float = 1e-6,
        pooling: Pooling = "decoder",
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        if pooling not in get_args(Pooling):
            allowed = ", ".join(get_args(Pooling))
            raise InputError(f"pooling is {pooling!r}, but must be one of {allowed}.")
        # What the layers are built with, and what KerasHub saves.
        self.vocabulary_size = vocabulary_size
        self.num_layers = num_layers
        self.num_heads = num_heads
        self.hidden_dim = hidden_dim
        self.intermediate_dim = intermediate_dim
        self.key_value_dim = key_value_dim or hidden_dim // num_heads
        self.dropout = dropout
        self.activation = keras.activations.get(activation)
        self.use_gated_activation = use_gated_activation
        self.layer_norm_epsilon = layer_norm_epsilon
        self.pooling = pooling
        self._make_layers(dtype)
        inputs = {
            name: keras.Input(shape=(None,), dtype="int32", name=name)
            for name in ("token_ids", "padding_mask")
        }
        super().__init__(inputs, self._connected(**inputs), dtype=dtype, **kwargs)

    def _make_layers(self, dtype: Any) -> None:
        options = {
            "num_heads": self.num_heads,
            "key_value_dim": self.key_value_dim,
            "hidden_dim": self.hidden_dim,
            "intermediate_dim": self.intermediate_dim,
            "dropout": self.dropout,
            "activation": self.activation,
            "use_gated_activation": self.use_gated_activation,
            "layer_norm_epsilon": self.layer_norm_epsilon,
            "dtype": dtype,
        }
        self.token_embedding = keras.layers.Embedding(
            self.vocabulary_size,
            self.hidden_dim,
            embeddings_initializer=keras.initializers.TruncatedNormal(1.0),
            dtype=dtype,
            name="token_embedding",
        )
        self.embeddings_dropout = keras.layers.Dropout(
            self.dropout, dtype=dtype, name="embeddings_dropout"
        )
        self.position_bias = PositionBias(
            self.num_heads,
            stddev=(self.num_heads * self.key_value_dim) ** -0.5,
            dtype=dtype,
            name="position_bias",
        )
        self.transformer_layers = [
            T5TransformerLayer(is_decoder=False, name=f"transformer_layer_{i}", **options)
            for i in range(self.num_layers)
        ]
        self.output_layer_norm = T5LayerNorm(
            self.layer_norm_epsilon, dtype=dtype, name="output_layer_norm"
        )
        self.output_dropout = keras.layers.Dropout(self.dropout, dtype=dtype, name="output_dropout")
        self.pool = (
            DecoderPooling(name="decoder_pooling", **options)
            if self.pooling == "decoder"
            else keras.layers.GlobalAveragePooling1D(dtype=dtype, name="mean_pooling")
        )

    def _connected(self, token_ids: Any, padding_mask: Any) -> dict[str, Any]:
        states = self.embeddings_dropout(self.token_embedding(token_ids))
        bias = self.position_bias(states, padding_mask=padding_mask)
        for layer in self.transformer_layers:
            states, _ = layer(states, position_bias=bias)
        states = self.output_dropout(self.output_layer_norm(states))
        return {"sequence_output": states, "pooled_output": self.pool(states, padding_mask)}

    def get_config(self) -> dict[str, Any]:
        """Gives the options that build this backbone again."""
        return super().get_config() | {
            "vocabulary_size": self.vocabulary_size,
            "num_layers": self.num_layers,
            "num_heads": self.num_heads,
            "hidden_dim": self.hidden_dim,
            "intermediate_dim": self.intermediate_dim,
            "key_value_dim": self.key_value_dim,
            "dropout": self.dropout,
            "activation": keras.activations.serialize(self.activation),
            "use_gated_activation": self.use_gated_activation,
            "layer_norm_epsilon": self.layer_norm_epsilon,
            "pooling": self.pooling,
        }

    @classmethod
    def from_t5(
        cls, t5: keras_hub.models.T5Backbone, pooling: Pooling = "decoder"
    ) -> "EncT5Backbone":
        """Builds one from T5: its encoder and, where a decoder pools, its first decoder layer.

        Args:
            t5: A T5, whose weights are copied.
            pooling: As for the class. The decoder's query is new.

        Returns:
            The backbone.
        """
        config = t5.get_config() | {"pooling": pooling, "trainable": True}
        del config["name"], config["tie_embedding_weights"]
        backbone = cls.from_config(config)
        backbone.token_embedding.embeddings.assign(t5.token_embedding.embeddings)
        bias = t5.encoder_transformer_layers[0].self_attention.relative_attention_bias
        backbone.position_bias.bias.assign(bias)
        for own, layer in zip(
            backbone.transformer_layers, t5.encoder_transformer_layers, strict=True
        ):
            own.set_weights([weight for weight in layer.weights if weight is not bias])
        backbone.output_layer_norm.set_weights(t5.encoder_layer_norm.get_weights())
        if pooling == "decoder":
            backbone.pool.take_weights(t5.decoder_transformer_layers[0], t5.decoder_layer_norm)
        return backbone
