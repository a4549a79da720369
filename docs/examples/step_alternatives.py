"""What was tried to make a step faster: `python docs/examples/step_alternatives.py`.

Other ways to compute attention and the search for the nearest token, beside those that a step uses,
on random numbers of the packaged encoder's sizes.
"""

import argparse
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import tensorflow as tf

from tfaugkd.latency import interleaved

_compiled = partial(tf.function, jit_compile=True, autograph=False)
Ways = dict[str, Callable[..., tf.Tensor]]


def _as_keras(query: tf.Tensor, key: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
    scores = tf.nn.softmax(tf.einsum("aecd,abcd->acbe", key, query))
    return tf.einsum("acbe,aecd->abcd", scores, value)


def _as_plain_products(query: tf.Tensor, key: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
    query, key, value = (tf.transpose(part, [0, 2, 1, 3]) for part in (query, key, value))
    scores = tf.nn.softmax(tf.matmul(query, key, transpose_b=True))
    return tf.transpose(tf.matmul(scores, value), [0, 2, 1, 3])


def _with_gradient(attention: Callable[..., tf.Tensor]) -> Callable[..., list[tf.Tensor]]:
    def gradient(*inputs: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = tf.reduce_sum(attention(*inputs) ** 2)
        return tape.gradient(loss, inputs)

    return gradient


def _product(queries: tf.Tensor, table: tf.Tensor) -> tf.Tensor:
    return tf.matmul(queries, table, transpose_b=True)


def _largest(queries: tf.Tensor, table: tf.Tensor) -> tf.Tensor:
    return tf.argmax(_product(queries, table), axis=-1, output_type=tf.int32)


def _largest_in_two_passes(queries: tf.Tensor, table: tf.Tensor) -> tf.Tensor:
    similarity = _product(queries, table)
    is_best = similarity == tf.reduce_max(similarity, axis=-1, keepdims=True)
    return tf.reduce_min(tf.where(is_best, tf.range(table.shape[0]), tf.int32.max), axis=-1)


def _largest_of_transposed(queries: tf.Tensor, table: tf.Tensor) -> tf.Tensor:
    return tf.argmax(_product(table, queries), axis=0, output_type=tf.int32)


ATTENTION: Ways = {"as in Keras": _as_keras, "plain products": _as_plain_products}
SEARCH: Ways = {
    "the product alone": _product,
    "and its largest": _largest,
    "and its largest in two passes": _largest_in_two_passes,
    "transposed, and its largest": _largest_of_transposed,
}


def _print_attention(batch: int, length: int, heads: int, width: int, rounds: int) -> None:
    random = np.random.default_rng(0)
    shape = (3, batch, length, heads, width // heads)
    inputs = tuple(tf.constant(part, tf.float32) for part in random.normal(size=shape))
    forward = {name: partial(_compiled(way), *inputs) for name, way in ATTENTION.items()}
    back = {
        f"{name}, with the way back": partial(_compiled(_with_gradient(way)), *inputs)
        for name, way in ATTENTION.items()
    }
    print("| attention inside the heads of a layer | median ms |\n|---|--:|")
    for name, found in _timed(forward | back, rounds).items():
        print(f"| {name} | {1000 * found:.1f} |")


def _print_search(size: int, width: int, block_sizes: tuple[int, ...], rounds: int) -> None:
    random = np.random.default_rng(0)
    table = tf.constant(random.normal(size=(size, width)), tf.float32)
    blocks = [tf.constant(random.normal(size=(n, width)), tf.float32) for n in block_sizes]
    calls = {
        f"{name} {len(block)}": partial(_compiled(way), block, table)
        for name, way in SEARCH.items()
        for block in blocks
    }
    found = _timed(calls, rounds)
    print("\n| ms per 1,024 embeddings, in blocks of", *block_sizes, "", sep=" | ")
    print("|---|" + "--:|" * len(block_sizes))
    for name in SEARCH:
        each = [1000 * found[f"{name} {n}"] * 1024 / n for n in block_sizes]
        print(f"| {name} |", *(f"{time:.0f} |" for time in each))
    fastest = min(found[f"the product alone {n}"] / n for n in block_sizes)
    print(f"\nThe product at its fastest: {2 * size * width / fastest / 1e9:.0f} billion a second.")


def _timed(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    for call in calls.values():
        call()
    return {name: found.median_s for name, found in interleaved(calls, rounds).items()}


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    _print_attention(batch=32, length=64, heads=12, width=384, rounds=2 * rounds)
    _print_search(30522, 384, (64, 128, 256, 512, 1024), rounds)


if __name__ == "__main__":
    main()
