"""The least that a step takes: its operations, counted, over the speed of the machine's products.

Only products of matrices are counted, a multiplication and an addition as two operations. For a
batch of B texts of S tokens, T = B S, one pass forward through L layers takes

    L (8 T D A + 4 T S A + 2 m T D F) + 2 B D (D + C)

where A is the width of all heads together (D, but for T5), F that of the feed-forward blocks and m
the number of their matrices (2, or 3 where they are gated). In order: the four projections of
attention; scores and weighted sums; the feed-forward block; the head. Where the head reads the
first token alone, the last layer has only its keys and values for T tokens, and all else for B.
A pass back takes twice as much, or as much as the pass forward where only the embeddings' gradient
is wanted. A search of the vocabulary takes
2 V D a position.

Padding is counted like text, because shapes are static. Everything else (softmax, layer norms,
GELU, dropout, the embedding table's gradient, the optimizer) is bound by memory and counted as
nothing, so that no step reaches its floor.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import tensorflow as tf

from tfaugkd.benchmark.rows import Passes
from tfaugkd.classifier import SplitClassifier

_PRODUCTS = 4


class Shapes(NamedTuple):
    """The shapes of a batch: B, S, and how many of its positions hold text, on average."""

    batch_size: int
    sequence_length: int
    text_positions: float

    @property
    def positions(self) -> int:
        """B S."""
        return self.batch_size * self.sequence_length


def forward_operations(model: SplitClassifier, shapes: Shapes) -> int:
    """Counts the operations of one pass forward.

    Args:
        model: The model.
        shapes: The batch.

    Returns:
        Additions and multiplications in products of matrices.
    """
    backbone = model.classifier.backbone
    width, inner, tokens = model.width, backbone.intermediate_dim, shapes.positions
    heads = model.num_heads * getattr(backbone, "key_value_dim", width // model.num_heads)
    matrices = 3 if getattr(backbone, "use_gated_activation", False) else 2
    # Of a token: its key and value; and its query, what it attends to, and its feed-forward block.
    read = 4 * width * heads
    written = read + 4 * shapes.sequence_length * heads + 2 * matrices * width * inner
    last = shapes.batch_size if model.first_token_alone else tokens
    layers = model.num_layers * tokens * read + ((model.num_layers - 1) * tokens + last) * written
    return layers + 2 * shapes.batch_size * width * (width + model.num_classes)


def step_operations(
    passes: Passes, teacher: SplitClassifier, student: SplitClassifier, shapes: Shapes
) -> float:
    """Counts the operations of one step.

    Args:
        passes: What the step runs.
        teacher: The teacher.
        student: The student.
        shapes: The batch.

    Returns:
        Additions and multiplications in products of matrices.
    """
    size, width = teacher.table.shape
    searched = {"none": 0, "text": shapes.text_positions, "all": shapes.positions}
    return (
        passes.teacher * forward_operations(teacher, shapes)
        + (3 * passes.student + 2 * passes.climbs) * forward_operations(student, shapes)
        + 2 * searched[passes.searched] * size * width
    )


class Products(NamedTuple):
    """A call that multiplies matrices and does nothing else, and its operations."""

    call: Callable[[], tf.Tensor]
    operations: int


def products(tokens: int, width: int, inner: int) -> dict[str, Products]:
    """Makes the calls by which the machine's speed is measured.

    Args:
        tokens: T.
        width: D.
        inner: F.

    Returns:
        The products of a feed-forward block, by XLA and by TensorFlow's own kernels.
    """
    states, up = tf.random.normal([tokens, width]), tf.random.normal([width, inner])
    down = tf.random.normal([inner, width]) / inner

    def multiply(states: tf.Tensor, up: tf.Tensor, down: tf.Tensor) -> tf.Tensor:
        for _ in range(_PRODUCTS):
            states = states @ up @ down
        return tf.reduce_sum(states)

    operations = _PRODUCTS * 4 * tokens * width * inner
    calls = {
        "products_xla": tf.function(multiply, jit_compile=True),
        "products": tf.function(multiply),
    }
    return {
        name: Products(partial(call, states, up, down), operations) for name, call in calls.items()
    }
