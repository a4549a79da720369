"""Distil a large text classifier into a small one, with augmentation inside the training step."""

import importlib
from typing import TYPE_CHECKING, Any

from tfaugkd.config import Objective
from tfaugkd.errors import InputError
from tfaugkd.registration import register_with_keras_hub

if TYPE_CHECKING:
    from tfaugkd.augment.augpro import AugPro, augpro_fgsm, augpro_mix
    from tfaugkd.augment.eda import EDA
    from tfaugkd.augment.fgsm import FGSM
    from tfaugkd.augment.knn import KNN
    from tfaugkd.augment.mixup import MixUp
    from tfaugkd.augment.random_generation import RandomGeneration
    from tfaugkd.augment.random_replacement import RandomReplacement
    from tfaugkd.augment.variants import Variants
    from tfaugkd.callback_state import KeepsState
    from tfaugkd.classifier import SplitClassifier
    from tfaugkd.data.batches import evaluation_batches, training_batches
    from tfaugkd.data.examples import Examples
    from tfaugkd.distiller import Distiller
    from tfaugkd.enc_t5 import EncT5Backbone, EncT5TextClassifier
    from tfaugkd.exact_resume import ExactResume
    from tfaugkd.hyper_model import DistillationHyperModel
    from tfaugkd.presets import load_classifier, student_from_teacher

__version__ = "0.1.0"

# Looked up when first used, so that what needs no TensorFlow does not wait for it.
_HOMES = {
    "AugPro": "augment.augpro",
    "DistillationHyperModel": "hyper_model",
    "Distiller": "distiller",
    "EDA": "augment.eda",
    "EncT5Backbone": "enc_t5",
    "EncT5TextClassifier": "enc_t5",
    "ExactResume": "exact_resume",
    "Examples": "data.examples",
    "FGSM": "augment.fgsm",
    "KNN": "augment.knn",
    "KeepsState": "callback_state",
    "MixUp": "augment.mixup",
    "RandomGeneration": "augment.random_generation",
    "RandomReplacement": "augment.random_replacement",
    "SplitClassifier": "classifier",
    "Variants": "augment.variants",
    "augpro_fgsm": "augment.augpro",
    "augpro_mix": "augment.augpro",
    "evaluation_batches": "data.batches",
    "load_classifier": "presets",
    "student_from_teacher": "presets",
    "training_batches": "data.batches",
}

__all__ = [
    "EDA",
    "FGSM",
    "KNN",
    "AugPro",
    "DistillationHyperModel",
    "Distiller",
    "EncT5Backbone",
    "EncT5TextClassifier",
    "ExactResume",
    "Examples",
    "InputError",
    "KeepsState",
    "MixUp",
    "Objective",
    "RandomGeneration",
    "RandomReplacement",
    "SplitClassifier",
    "Variants",
    "augpro_fgsm",
    "augpro_mix",
    "evaluation_batches",
    "load_classifier",
    "student_from_teacher",
    "training_batches",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


register_with_keras_hub()
