"""The activation of a model's feed-forward layers, which a KerasHub preset does not hold.

KerasHub builds every BERT with GELU's tanh approximation, whatever its weights were trained with.
The name is kept in `tfaugkd.json`, and set again when the model is loaded.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import keras_hub

from tfaugkd.errors import unknown_name
from tfaugkd.folders import MARKER
from tfaugkd.plain_json import read_json

ACTIVATIONS: dict[str, Callable] = {
    "gelu": keras.activations.gelu,
    "gelu_tanh": keras.saving.get_registered_object("keras_hub>gelu_approximate"),
    "relu": keras.activations.relu,
    "silu": keras.activations.silu,
}


def activation_of(classifier: Any) -> str | None:
    """Names the activation of a model's feed-forward layers.

    Args:
        classifier: A KerasHub `TextClassifier`.

    Returns:
        A name of ACTIVATIONS; None if its layers have another one.
    """
    used = [layer._feedforward_intermediate_dense.activation for layer in _layers(classifier)]
    for name, function in ACTIVATIONS.items():
        if used and all(one is function for one in used):
            return name
    return None


def set_activation(classifier: Any, name: str | None) -> None:
    """Gives a model's feed-forward layers an activation; to be called before it is first run.

    Args:
        classifier: A KerasHub `TextClassifier`.
        name: A name of ACTIVATIONS; None leaves the layers as they are.

    Raises:
        InputError: There is no such name.
    """
    if name is None:
        return
    if name not in ACTIVATIONS:
        raise unknown_name("activation", name, ACTIVATIONS)
    for layer in _layers(classifier):
        layer.activation = ACTIVATIONS[name]
        layer._feedforward_intermediate_dense.activation = ACTIVATIONS[name]


def copy_activation(source: Any, copy: Any) -> None:
    """Gives a model with as many layers, or fewer, the activations of another's."""
    for layer, own in zip(_layers(source), _layers(copy), strict=False):
        own.activation = layer.activation
        own._feedforward_intermediate_dense.activation = (
            layer._feedforward_intermediate_dense.activation
        )


def activation_beyond_preset(classifier: Any) -> str | None:
    """Names a model's activation if it is not the one that KerasHub builds the family with."""
    built = "gelu_tanh" if isinstance(classifier, keras_hub.models.BertTextClassifier) else "gelu"
    name = activation_of(classifier)
    return None if name == built else name


def restore_activation(classifier: Any, folder: str | Path) -> None:
    """Sets the activation that was saved beside a preset, if one was.

    Args:
        classifier: The KerasHub `TextClassifier` that the preset gave.
        folder: Where the preset is.

    Raises:
        InputError: What is saved there cannot be read, or is no activation's name.
    """
    path = Path(folder) / MARKER
    if path.is_file():
        name = read_json(path, "the facts of a model").get("activation")
        set_activation(classifier, None if name is None else str(name))


def _layers(classifier: Any) -> list[Any]:
    layers = getattr(classifier.backbone, "transformer_layers", [])
    return [layer for layer in layers if isinstance(layer, keras_hub.layers.TransformerEncoder)]
