"""Classifiers in Hugging Face's format, with the head that KerasHub leaves out.

What is loaded here gives the logits of PyTorch's `AutoModelForSequenceClassification`: KerasHub
converts the encoder; the head, the activation and the tokenizer's settings are read beside it.
"""

import re
from pathlib import Path
from typing import Any, NamedTuple

import keras_hub
import numpy as np
from safetensors import SafetensorError, safe_open

from tfaugkd.activation import set_activation
from tfaugkd.errors import InputError, unknown_name
from tfaugkd.hugging_face_tokenizer import load_tokenizer
from tfaugkd.plain_json import read_json

_WEIGHTS = "model.safetensors"
_PLACEHOLDER = re.compile(r"LABEL_\d+")
_ACTIVATIONS = {
    "gelu": "gelu",
    "gelu_python": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "relu": "relu",
    "silu": "silu",
    "swish": "silu",
}


class _Family(NamedTuple):
    """Where a family keeps what: names of layers in KerasHub, of keys and weights in the folder."""

    classifier: Any
    head: dict[str, str]
    activation: str = "hidden_act"
    dropout: str = "hidden_dropout_prob"
    head_dropout: str = "classifier_dropout"
    layer_norm_epsilon: float = 1e-12


_FAMILIES = {
    "bert": _Family(keras_hub.models.BertTextClassifier, {"output_dense": "classifier"}),
    "distilbert": _Family(
        keras_hub.models.DistilBertTextClassifier,
        {"pooled_dense": "pre_classifier", "output_dense": "classifier"},
        activation="activation",
        dropout="dropout",
        head_dropout="seq_classif_dropout",
    ),
    "roberta": _Family(
        keras_hub.models.RobertaTextClassifier,
        {"pooled_dense": "classifier.dense", "output_dense": "classifier.out_proj"},
        layer_norm_epsilon=1e-5,
    ),
}


def is_checkpoint(folder: str | Path) -> bool:
    """Tells whether a folder is in Hugging Face's format, which KerasHub's is not."""
    try:
        return "model_type" in read_json(Path(folder) / "config.json", "the config of a model")
    except InputError:
        return False


def load_checkpoint(folder: str | Path, num_classes: int | None = None) -> Any:
    """Loads a text classifier, or an encoder to put a new head on.

    Args:
        folder: Folder with `config.json`, `model.safetensors` and the tokenizer's files.
        num_classes: Put a new head with so many classes on the encoder. Its activation is then the
            one that KerasHub builds: a preset cannot hold another, and fine-tuning adapts. None
            keeps the head and the activation that the checkpoint has.

    Returns:
        A KerasHub `TextClassifier` of BERT, DistilBERT or RoBERTa.

    Raises:
        InputError: The folder cannot be loaded in this way; see the sentences.
    """
    folder = Path(folder)
    config = _config(folder)
    family = _FAMILIES[config["model_type"]]
    own_head = num_classes is None
    _check_files(folder, config, own_head)
    _check_settings(folder, config, family, own_head)
    backbone = _backbone(folder, config, family)
    preprocessor = family.classifier.preprocessor_cls(
        load_tokenizer(folder, family.classifier.preprocessor_cls.tokenizer_cls),
        sequence_length=backbone.max_sequence_length,
    )
    # A missing key has the value that it has in Hugging Face.
    dropout = config.get(family.head_dropout)
    classifier = family.classifier(
        backbone,
        num_classes=num_classes or len(_id2label(config)),
        preprocessor=preprocessor,
        dropout=config.get(family.dropout, 0.1) if dropout is None else dropout,
    )
    if own_head:
        _load_head(classifier, folder, family)
        set_activation(classifier, _ACTIVATIONS[config.get(family.activation) or "gelu"])
    return classifier


def label_names_of(folder: str | Path) -> tuple[str, ...]:
    """Gives the names of a checkpoint's classes in the order of its logits.

    Args:
        folder: The folder.

    Returns:
        The names, empty for regression: one output, as in Hugging Face. Classes without names are
        LABEL_0, LABEL_1, ..., as there.
    """
    names = _id2label(_config(Path(folder)))
    return () if len(names) == 1 else names


def is_placeholder(label_names: tuple[str, ...]) -> bool:
    """Tells whether classes have only the names that Hugging Face gives to classes without one."""
    return bool(label_names) and all(_PLACEHOLDER.fullmatch(name) for name in label_names)


def _config(folder: Path) -> dict[str, Any]:
    config = read_json(folder / "config.json", "the config of a model")
    if config["model_type"] not in _FAMILIES:
        raise unknown_name(
            f"model_type in {folder / 'config.json'}", config["model_type"], _FAMILIES
        )
    return config


def _id2label(config: dict[str, Any]) -> tuple[str, ...]:
    # Left out of the file where there are two classes without names.
    names = config.get("id2label") or dict.fromkeys(range(config.get("num_labels", 2)), "")
    return tuple(str(names[key]) or f"LABEL_{key}" for key in sorted(names, key=int))


def _check_files(folder: Path, config: dict[str, Any], own_head: bool) -> None:
    if not any((folder / name).is_file() for name in (_WEIGHTS, f"{_WEIGHTS}.index.json")):
        raise _no_weights(folder)
    architecture = (config.get("architectures") or ["not said"])[0]
    if own_head and not architecture.endswith("ForSequenceClassification"):
        raise InputError(
            f"{str(folder)!r} is an encoder without a classifier's head (its architecture is "
            f"{architecture}); give num_classes to put a new one on it."
        )


def _check_settings(folder: Path, config: dict[str, Any], family: _Family, own_head: bool) -> None:
    """Refuses what would be loaded, but would not give the checkpoint's answers."""
    allowed: dict[str, tuple] = {
        "position_embedding_type": ("absolute",),
        "layer_norm_eps": (family.layer_norm_epsilon,),
        family.activation: tuple(_ACTIVATIONS),
    }
    if own_head:
        one = len(_id2label(config)) == 1
        allowed["problem_type"] = ("regression" if one else "single_label_classification",)
    for key, values in allowed.items():
        received = config.get(key)
        if received is not None and received not in values:
            raise InputError(
                f"{key} in {folder / 'config.json'} is {received!r}, but must be "
                f"{' or '.join(repr(value) for value in values)}."
            )


def _no_weights(folder: Path) -> InputError:
    if not (folder / "pytorch_model.bin").is_file():
        return InputError(f"The folder {str(folder)!r} has no weights: there is no {_WEIGHTS}.")
    return InputError(
        f"{str(folder)!r} has its weights in pytorch_model.bin, which may run code when it is "
        'read, and is not; if you trust it, convert it with `python -c "from transformers import '
        "AutoModelForSequenceClassification as model; "
        f"model.from_pretrained('{folder}').save_pretrained('{folder}')\"`."
    )


def _backbone(folder: Path, config: dict[str, Any], family: _Family) -> Any:
    options = {"dropout": config.get(family.dropout, 0.1)}
    if config["model_type"] == "bert":
        options["num_segments"] = config.get("type_vocab_size", 2)
    try:
        backbone = keras_hub.models.Backbone.from_preset(str(folder), **options)
    except (KeyError, ValueError, OSError, TypeError, SafetensorError) as error:
        raise InputError(
            f"Cannot load an encoder from {str(folder)!r}: {_reason(error)}."
        ) from error
    if config["model_type"] == "roberta":
        # Every token is of type 0, whose row KerasHub leaves out: it goes with the positions.
        row = _tensor(folder, "roberta.embeddings.token_type_embeddings.weight")[0]
        backbone.embeddings.position_embedding.position_embeddings.assign_add(row)
    return backbone


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"there is no {error}"
    # Where shapes differ, Keras goes on to print the weights.
    return " ".join(str(error).split(" Target variable")[0].split()).rstrip(".")


def _load_head(classifier: Any, folder: Path, family: _Family) -> None:
    for layer, name in family.head.items():
        kernel, bias = (_tensor(folder, f"{name}.{part}") for part in ("weight", "bias"))
        expected = tuple(getattr(classifier, layer).kernel.shape)
        if kernel.T.shape != expected:
            raise InputError(
                f"{name}.weight in {str(folder)!r} has shape {kernel.shape}, but config.json says "
                f"{expected[::-1]}."
            )
        getattr(classifier, layer).set_weights([kernel.T, bias])


def _tensor(folder: Path, name: str) -> np.ndarray:
    index = folder / f"{_WEIGHTS}.index.json"
    file = _WEIGHTS
    if index.is_file():
        file = read_json(index, "an index of weights")["weight_map"].get(name, file)
    try:
        with safe_open(folder / file, framework="numpy") as tensors:
            return tensors.get_tensor(name)
    except (SafetensorError, OSError, TypeError) as error:
        raise InputError(f"Cannot read {name} from {folder / file}: {error}.") from error
