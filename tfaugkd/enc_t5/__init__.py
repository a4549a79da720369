"""EncT5: T5's encoder with a class head, which KerasHub does not have (Liu et al., 2021).

AugPro distils EncT5 with 24 layers into EncT5 with 8. Importing this registers it with Keras, so
that KerasHub's own `TextClassifier.from_preset` loads it.
"""

from tfaugkd.enc_t5.backbone import EncT5Backbone
from tfaugkd.enc_t5.text_classifier import (
    EncT5TextClassifier,
    EncT5TextClassifierPreprocessor,
    T5TextClassifier,
)

__all__ = [
    "EncT5Backbone",
    "EncT5TextClassifier",
    "EncT5TextClassifierPreprocessor",
    "T5TextClassifier",
]
