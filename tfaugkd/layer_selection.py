"""Students cut out of a larger model: which of its layers they take."""

from collections.abc import Sequence
from typing import Any

from tfaugkd.config import Select
from tfaugkd.encoders import encoder_of
from tfaugkd.errors import InputError


def selected_layers(depth: int, layers: int, select: Select = "bottom") -> list[int]:
    """Says which layers of a model its student takes (AD2, "Layer selection" and Table 4).

    Args:
        depth: The number of the model's layers.
        layers: How many the student has, from 1 to `depth`.
        select: "bottom" takes the first ones, "top" the last ones, "skip" evenly spaced ones
            beginning with the first (0, 2, 4 of 6; 0, 4, 8 of 12). With "none" the student has as
            many layers, whose weights are random.

    Returns:
        The layers' indices from 0, in order.

    Raises:
        InputError: There is no such selection.
    """
    selections = {
        "bottom": range(layers),
        "top": range(depth - layers, depth),
        "skip": [place * depth // layers for place in range(layers)],
        "none": range(layers),
    }
    if select not in selections:
        raise InputError(
            f"student.select is {select!r}, but must be one of {', '.join(selections)}."
        )
    return list(selections[select])


def with_layers(
    classifier: Any, indices: Sequence[int], copy_weights: bool = True, dtype: Any = None
) -> Any:
    """Builds a classifier that has some layers of another one, and weights of its own.

    Args:
        classifier: A KerasHub `TextClassifier`.
        indices: Which of its layers.
        copy_weights: Copy the weights of these layers, and of all that is not a layer: embeddings
            and pooler. Otherwise all of them are random. The head is new in either case.
        dtype: The policy of its precision; the classifier's own if not given.

    Returns:
        A classifier of the same kind, with a preprocessor of its own.

    Raises:
        InputError: No model of this kind has these layers alone.
    """
    source = encoder_of(classifier)
    # A frozen model's options would freeze the new one.
    options = source.options_with(indices) | {"trainable": True}
    options |= {} if dtype is None else {"dtype": dtype}
    backbone = type(classifier.backbone).from_config(classifier.backbone.get_config() | options)
    head = classifier.get_config()
    for key in ("backbone", "preprocessor", "name", "trainable", "dtype"):
        head.pop(key, None)
    cut = type(classifier)(
        backbone=backbone, preprocessor=copy_preprocessor(classifier.preprocessor), **head
    )
    if copy_weights:
        _copy_weights(source, encoder_of(cut), indices)
    return cut


def _copy_weights(source: Any, cut: Any, indices: Sequence[int]) -> None:
    for index, layer in zip(indices, cut.layers, strict=True):
        layer.set_weights(source.layers[index].get_weights())
    layers = {id(layer) for layer in cut.layers}
    for other in cut.backbone.layers:
        if other.weights and id(other) not in layers:
            other.set_weights(source.backbone.get_layer(other.name).get_weights())


def copy_head(source: Any, classifier: Any) -> None:
    """Copies what a KerasHub classifier has beyond its encoder: its last layer, or two.

    Args:
        source: The classifier whose head is copied.
        classifier: The one that gets it.

    Raises:
        InputError: They are not of one kind, or their heads are not of one shape.
    """
    own, its = _head(classifier), _head(source)
    shapes = [[weight.shape for layer in head for weight in layer.weights] for head in (own, its)]
    if type(source) is not type(classifier) or shapes[0] != shapes[1]:
        raise InputError(
            f"student.head is 'copy', but the head of the teacher, a {type(source).__name__} with "
            f"{_shape(shapes[1])}, does not fit the student, a {type(classifier).__name__} with "
            f"{_shape(shapes[0])}; set it to 'new'."
        )
    for layer, other in zip(own, its, strict=True):
        layer.set_weights(other.get_weights())


def _head(classifier: Any) -> list[Any]:
    return [
        layer for layer in classifier.layers if layer.weights and layer is not classifier.backbone
    ]


def _shape(shapes: list[tuple[int, ...]]) -> str:
    return " and ".join(" x ".join(map(str, shape)) for shape in shapes if len(shape) > 1)


def copy_preprocessor(preprocessor: Any) -> Any:
    """Gives a preprocessor of its own, so that a sequence length set on one is not set on both."""
    return type(preprocessor)(
        tokenizer=preprocessor.tokenizer,
        sequence_length=preprocessor.sequence_length,
        truncate=preprocessor.truncate,
    )
