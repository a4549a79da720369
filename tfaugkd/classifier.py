"""A KerasHub text classifier cut into embed, encode and logits.

Augmentation needs to enter a model in the middle: behind the word embeddings (MixUp, FGSM) or
between two layers. Teacher `f = f_l . f_e` and student `g = g_l . g_e` of AugPro are both of this
kind. Running the parts one after the other equals calling the classifier.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import keras_hub
import numpy as np
import tensorflow as tf

from tfaugkd.encoders import encoder_of
from tfaugkd.errors import InputError
from tfaugkd.vocabulary import Vocabulary


class Tokens(NamedTuple):
    """A batch of token ids, as a model reads them from the start; all int32 `[B, S]`.

    `protected` is 1 where no augmentation may touch the text, or None if it may everywhere.
    """

    token_ids: tf.Tensor
    segment_ids: tf.Tensor
    padding_mask: tf.Tensor
    protected: tf.Tensor | None = None


def read_tokens(x: dict[str, tf.Tensor]) -> Tokens:
    """Takes one batch of what a KerasHub preprocessor gives.

    Args:
        x: `token_ids`, `padding_mask` and, if the family has them, `segment_ids` `[B, S]`.

    Returns:
        The tokens.

    Raises:
        InputError: The shape of the batch is not static.
    """
    token_ids = tf.cast(x["token_ids"], tf.int32)
    if None in token_ids.shape:
        raise InputError(
            f"token_ids have shape {token_ids.shape}, but XLA needs a static one: batch the "
            "dataset with drop_remainder=True."
        )
    segment_ids = x.get("segment_ids")
    return Tokens(
        token_ids,
        tf.zeros_like(token_ids) if segment_ids is None else tf.cast(segment_ids, tf.int32),
        tf.cast(x["padding_mask"], tf.int32),
        x.get("protected"),
    )


class Hidden(NamedTuple):
    """A batch of states from which a model goes on: `[B, S, D]`, with segments and mask `[B, S]`.

    `layer` counts the layers behind the states: 0 for word embeddings, to which neither position
    nor segment is added yet.
    """

    states: tf.Tensor
    segment_ids: tf.Tensor
    padding_mask: tf.Tensor
    layer: int = 0


class Answer(NamedTuple):
    """What a model makes of a batch: logits `[B, C]`, and what was asked of its insides.

    `states` has `[B, S, D]` for each layer, `attention` its maps `[B, H, S, S]` after softmax and
    before dropout; both are empty where nothing was asked.
    """

    logits: tf.Tensor
    states: tuple[tf.Tensor, ...] = ()
    attention: tuple[tf.Tensor, ...] = ()


class SplitClassifier:
    """A KerasHub `TextClassifier` and its parts; it composes the classifier, and owns nothing.

    Args:
        classifier: The classifier (ALBERT, BERT, DeBERTa, DistilBERT, EncT5 or RoBERTa). It gives
            logits, so its `activation` is None.

    Raises:
        InputError: The classifier's family is not one that can be taken apart, or it has no
            preprocessor, whose tokenizer tells specials from text.
    """

    def __init__(self, classifier: keras_hub.models.TextClassifier) -> None:
        self.classifier = classifier
        self._encoder = encoder_of(classifier)
        if classifier.preprocessor is None:
            raise InputError(
                f"The {type(classifier).__name__} has no preprocessor; give it the one of its "
                "preset, whose tokenizer tells specials from text."
            )
        self.vocabulary = Vocabulary(classifier.preprocessor.tokenizer, self.table.shape[0])

    @property
    def num_classes(self) -> int:
        """The number of classes C; 1 for regression."""
        return self.classifier.num_classes

    @property
    def num_layers(self) -> int:
        """The number of transformer layers."""
        return self._encoder.depth

    @property
    def first_token_alone(self) -> bool:
        """Whether `logits` runs the last layer for the first token alone."""
        return self._encoder.first_token_alone

    @property
    def num_heads(self) -> int:
        """The number of attention heads H of a layer."""
        return self.classifier.backbone.num_heads

    @property
    def width(self) -> int:
        """The width D of the hidden states."""
        return self.classifier.backbone.hidden_dim

    @property
    def table(self) -> Any:
        """The table of word embeddings, a variable `[V, D]`."""
        return self._encoder.table

    @property
    def parameter_count(self) -> int:
        """The number of weights."""
        return int(sum(np.prod(weight.shape) for weight in self.classifier.weights))

    def embed(self, token_ids: tf.Tensor) -> tf.Tensor:
        """Looks word embeddings up: `f_e`, `[B, S]` to `[B, S, D]`, float32 in any precision.

        So mixtures, shifts and similarities are as exact as the table, until a layer reads them.
        """
        return tf.gather(tf.convert_to_tensor(self.table), token_ids)

    def encode(
        self,
        states: tf.Tensor,
        segment_ids: tf.Tensor,
        padding_mask: tf.Tensor,
        from_layer: int = 0,
        to_layer: int | None = None,
        training: bool = False,
    ) -> tf.Tensor:
        """Runs layers `from_layer + 1` to `to_layer`; what embeds belongs to the first.

        Args:
            states: `[B, S, D]`; word embeddings where `from_layer` is 0, otherwise what
                `to_layer=from_layer` gave.
            segment_ids: `[B, S]`; which text of a pair a token belongs to.
            padding_mask: `[B, S]`; 1 for a token, 0 for padding.
            from_layer: How many layers are behind `states`.
            to_layer: After how many layers to stop; all of them if not given.
            training: Whether dropout is on.

        Returns:
            States `[B, S, D]`.
        """
        last = self.num_layers if to_layer is None else to_layer
        if from_layer == 0 < last:
            states = self._enter(states, segment_ids, training)
        for index in range(from_layer, last):
            states = self._encoder.layer(index, states, padding_mask, training)
        return states

    def logits(self, inputs: Tokens | Hidden, training: bool = False) -> tf.Tensor:
        """Runs the model from its inputs, tokens or states, to the end.

        Of the last layer only what the head reads is computed.

        Args:
            inputs: Where to begin.
            training: Whether dropout is on.

        Returns:
            Logits `[B, C]`, float32.
        """
        if isinstance(inputs, Tokens):
            inputs = Hidden(self.embed(inputs.token_ids), inputs.segment_ids, inputs.padding_mask)
        states, mask, last = inputs.states, inputs.padding_mask, self.num_layers - 1
        if inputs.layer == 0:
            states = self._enter(states, inputs.segment_ids, training)
        for index in range(inputs.layer, last):
            states = self._encoder.layer(index, states, mask, training)
        if inputs.layer <= last:
            states = self._encoder.last_layer(states, mask, training)
        return tf.cast(self._encoder.head(states, mask, training), tf.float32)

    def trace(
        self, inputs: Tokens | Hidden, training: bool = False, attention: bool = True
    ) -> Answer:
        """Runs the model from its inputs, tokens or word embeddings, and keeps what lies between.

        Args:
            inputs: Where to begin: tokens, or states with no layer behind them.
            training: Whether dropout is on.
            attention: Whether attention maps are kept too.

        Returns:
            The logits, the states behind each layer and its attention maps.
        """
        if isinstance(inputs, Tokens):
            inputs = Hidden(self.embed(inputs.token_ids), inputs.segment_ids, inputs.padding_mask)
        assert inputs.layer == 0, "the layers behind the states cannot be told any more"
        mask = inputs.padding_mask
        state = self._enter(inputs.states, inputs.segment_ids, training)
        states, maps = [], []
        for index in range(self.num_layers):
            if attention:
                state, scores = self._encoder.layer_and_attention(index, state, mask, training)
                maps.append(scores)
            else:
                state = self._encoder.layer(index, state, mask, training)
            states.append(state)
        logits = tf.cast(self._encoder.head(state, mask, training), tf.float32)
        return Answer(logits, tuple(states), tuple(maps))

    def _enter(self, states: tf.Tensor, segment_ids: tf.Tensor, training: bool) -> tf.Tensor:
        states = tf.cast(states, self.classifier.backbone.compute_dtype)
        return self._encoder.enter(states, segment_ids, training)

    @cached_property
    def compiled_logits(self) -> Callable[[Tokens], tf.Tensor]:
        """Runs the model from tokens with dropout off, compiled with XLA once for each shape."""
        return tf.function(self.logits, jit_compile=True, autograph=False)
