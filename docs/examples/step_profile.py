"""Where the time of a step of plain distillation goes: `python docs/examples/step_profile.py`.

First the parts of a step, each compiled by itself; then the operations of one layer of the teacher,
with the speed at which their products of matrices run. Packaged encoder, two layers as its student,
32 reviews of 64 tokens.
"""

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from tfaugkd.benchmark.config import BenchmarkConfig
from tfaugkd.benchmark.setting import Setting
from tfaugkd.classifier import SplitClassifier
from tfaugkd.data.inputs import read_inputs
from tfaugkd.distiller import Distiller
from tfaugkd.latency import interleaved
from tfaugkd.optimizer import build_optimizer
from tfaugkd.train_config import TrainConfig

_compiled = partial(tf.function, jit_compile=True, autograph=False)


def parts_of_step(setting: Setting) -> dict[str, Callable[[], object]]:
    """Gives what runs a step of plain distillation, and what runs each of its parts alone.

    Args:
        setting: Models and texts.

    Returns:
        Calls by name.
    """
    student, teacher = setting.new_student(), SplitClassifier(setting.teacher.classifier)
    distiller = Distiller(teacher, student)
    distiller.compile(build_optimizer(TrainConfig()))
    batches = setting.batches(student)
    inputs, y, weight = next(iter(batches))
    _, _, gradients = distiller.losses_and_gradients(inputs, y, weight)
    distiller.make_train_function()
    iterator = iter(batches)

    @_compiled
    def asked(x: dict[str, Any]) -> tf.Tensor:
        return teacher.logits(read_inputs(x).teacher, training=False)

    @_compiled
    def forward(x: dict[str, Any]) -> tf.Tensor:
        return student.logits(read_inputs(x).student, training=True)

    return {
        "the whole step": lambda: distiller.train_function(iterator),
        "losses and gradients": lambda: distiller.losses_and_gradients(inputs, y, weight)[1],
        "- the teacher's answer": lambda: asked(inputs),
        "- the student's, forward": lambda: forward(inputs),
        "update": lambda: distiller.update(gradients),
    }


def operations_of_layer(
    batch: int, length: int, width: int, heads: int, inner: int
) -> dict[str, tuple[Callable[[], object], int]]:
    """Gives the operations of one layer of BERT on random numbers.

    Args:
        batch: B, texts.
        length: S, tokens of each.
        width: D.
        heads: Heads of attention.
        inner: Width of the feed-forward block.

    Returns:
        A call for each, and the operations of its products of matrices.
    """
    tokens, of_head = batch * length, width // heads
    random = np.random.default_rng(0)

    def normal(*shape: int) -> tf.Tensor:
        return tf.constant(random.normal(size=shape), tf.float32)

    states, expanded = normal(batch, length, width), normal(batch, length, inner)
    split, scores = normal(batch, length, heads, of_head), normal(batch, heads, length, length)
    to_heads, up, down = normal(width, heads, of_head), normal(width, inner), normal(inner, width)
    product, blocks = 2 * tokens * width, 2 * tokens * length * width
    functions: dict[str, tuple[Callable[..., tf.Tensor], tuple[tf.Tensor, ...], int]] = {
        "a projection to heads": (
            partial(tf.einsum, "abc,cde->abde"),
            (states, to_heads),
            product * width,
        ),
        "scores of attention": (partial(tf.einsum, "aecd,abcd->acbe"), (split, split), blocks),
        "softmax": (tf.nn.softmax, (scores,), 0),
        "weighted sums": (partial(tf.einsum, "acbe,aecd->abcd"), (scores, split), blocks),
        "feed-forward, up": (tf.matmul, (tf.reshape(states, [tokens, width]), up), product * inner),
        "GELU": (tf.nn.gelu, (expanded,), 0),
        "feed-forward, down": (
            tf.matmul,
            (tf.reshape(expanded, [tokens, inner]), down),
            product * inner,
        ),
    }
    return {
        name: (partial(_compiled(function), *arguments), operations)
        for name, (function, arguments, operations) in functions.items()
    }


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    setting = Setting(BenchmarkConfig())
    parts = parts_of_step(setting)
    for part in parts.values():
        part()
    print("| part of a step of `kd` | median ms |\n|---|--:|")
    for name, found in interleaved(parts, rounds).items():
        print(f"| {name} | {1000 * found.median_s:.0f} |")
    backbone = setting.teacher.classifier.backbone
    sizes = (backbone.hidden_dim, backbone.num_heads, backbone.intermediate_dim)
    batch, length = setting.config.batch_size, setting.sequence_length
    operations = operations_of_layer(batch, length, *sizes)
    for call, _ in operations.values():
        call()
    calls = {name: call for name, (call, _) in operations.items()}
    print("\n| operation of a layer | median ms | billion operations a second |\n|---|--:|--:|")
    for name, found in interleaved(calls, 2 * rounds).items():
        count = operations[name][1]
        speed = f"{count / found.median_s / 1e9:.0f}" if count else "-"
        print(f"| {name} | {1000 * found.median_s:.1f} | {speed} |")


if __name__ == "__main__":
    main()
