"""Work on some of many positions, a block at a time at static shapes; the others cost nothing."""

from collections.abc import Callable

import tensorflow as tf


def solve_wanted(
    solve: Callable[[tf.Tensor], tuple[tf.Tensor, ...]],
    wanted: tf.Tensor,
    results: tuple[tf.Tensor, ...],
    at_once: int,
) -> tuple[tf.Tensor, ...]:
    """Works on the wanted positions, brought to the front, until there are no more.

    Args:
        solve: Takes positions, int32 `[at_once]`, and gives for each of `results` what they become
            there. The last block may hold positions that are not wanted.
        wanted: bool `[N]`.
        results: `[N]` each; what stays where nothing is wanted.
        at_once: Positions in a block.

    Returns:
        `[N]` each.
    """
    count = tf.reduce_sum(tf.cast(wanted, tf.int32))
    order = tf.argsort(tf.cast(~wanted, tf.int32), stable=True)
    order = tf.pad(order, [[0, -order.shape[0] % at_once]])

    def solve_block(start: tf.Tensor, *solved: tf.Tensor) -> tuple[tf.Tensor, ...]:
        positions = tf.slice(order, [start], [at_once])
        places = positions[:, tf.newaxis]
        new = solve(positions)
        scattered = (
            tf.tensor_scatter_nd_update(values, places, block)
            for values, block in zip(solved, new, strict=True)
        )
        return start + at_once, *scattered

    _, *solved = tf.while_loop(lambda start, *_: start < count, solve_block, (0, *results))
    return tuple(tf.where(wanted, new, old) for new, old in zip(solved, results, strict=True))
