"""The text classifier on EncT5's backbone, what feeds it, and how a T5 becomes one."""

from typing import Any

import keras
import keras_hub

from tfaugkd.config import Pooling
from tfaugkd.enc_t5.backbone import EncT5Backbone


@keras.saving.register_keras_serializable(package="tfaugkd")
class EncT5TextClassifierPreprocessor(keras_hub.models.TextClassifierPreprocessor):
    """Tokenises texts as T5 reads them, `a </s>`, and pairs, `a </s> b </s>`.

    Args:
        tokenizer: A `T5Tokenizer`.
        sequence_length: S, with the ends.
        truncate: How a pair is cut, as for every KerasHub preprocessor.
    """

    backbone_cls = EncT5Backbone
    tokenizer_cls = keras_hub.models.T5Tokenizer

    def build(self, input_shape: Any) -> None:
        """Makes the packer; T5's texts have no start."""
        self.packer = keras_hub.layers.MultiSegmentPacker(
            start_value=[],
            end_value=self.tokenizer.end_token_id,
            pad_value=self.tokenizer.pad_token_id,
            truncate=self.truncate,
            sequence_length=self.sequence_length,
        )
        self.built = True

    def call(self, x: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """Gives `token_ids` and `padding_mask` `[B, S]`, and labels and weights as they came."""
        output = super().call(x, y=y, sample_weight=sample_weight)
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(output)
        # T5 has no segments.
        del x["segment_ids"]
        return keras.utils.pack_x_y_sample_weight(x, y, sample_weight)


@keras.saving.register_keras_serializable(package="tfaugkd")
class EncT5TextClassifier(keras_hub.models.TextClassifier):
    """EncT5 with a class head.

    Args:
        backbone: An `EncT5Backbone`.
        num_classes: C; 1 for regression.
        preprocessor: An `EncT5TextClassifierPreprocessor`, or None.
        activation: Of the output; None gives logits.
        dropout: Rate of dropout before the head.
    """

    backbone_cls = EncT5Backbone
    preprocessor_cls = EncT5TextClassifierPreprocessor

    def __init__(
        self,
        backbone: EncT5Backbone,
        num_classes: int,
        preprocessor: EncT5TextClassifierPreprocessor | None = None,
        activation: Any = None,
        dropout: float = 0.1,
        **kwargs: Any,
    ) -> None:
        self.backbone = backbone
        self.preprocessor = preprocessor
        self.output_dropout = keras.layers.Dropout(
            dropout, dtype=backbone.dtype_policy, name="classifier_dropout"
        )
        self.output_dense = keras.layers.Dense(
            num_classes, activation=activation, dtype=backbone.dtype_policy, name="logits"
        )
        inputs = backbone.input
        pooled = self.output_dropout(backbone(inputs)["pooled_output"])
        super().__init__(inputs=inputs, outputs=self.output_dense(pooled), **kwargs)
        self.num_classes = num_classes
        self.activation = keras.activations.get(activation)
        self.dropout = dropout

    def get_config(self) -> dict[str, Any]:
        """Gives the options that build this classifier again."""
        return super().get_config() | {
            "num_classes": self.num_classes,
            "activation": keras.activations.serialize(self.activation),
            "dropout": self.dropout,
        }


@keras.saving.register_keras_serializable(package="tfaugkd")
class T5TextClassifier(keras_hub.models.TextClassifier):
    """What KerasHub finds when a T5 preset is to be a text classifier; calling it makes an EncT5.

    Args:
        backbone: A `T5Backbone`, as a preset such as t5_1.1_small holds it.
        num_classes: C; 1 for regression.
        preprocessor: An `EncT5TextClassifierPreprocessor`, or None.
        pooling: As for `EncT5Backbone`.
    """

    backbone_cls = keras_hub.models.T5Backbone
    preprocessor_cls = EncT5TextClassifierPreprocessor

    # A factory: KerasHub looks for a class, and calls it.
    def __new__(
        cls,
        backbone: keras_hub.models.T5Backbone,
        num_classes: int,
        preprocessor: EncT5TextClassifierPreprocessor | None = None,
        pooling: Pooling = "decoder",
        **kwargs: Any,
    ) -> EncT5TextClassifier:
        """Builds the EncT5 from T5's weights."""
        whole = EncT5Backbone.from_t5(backbone, pooling)
        return EncT5TextClassifier(whole, num_classes, preprocessor, **kwargs)
