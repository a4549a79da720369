"""What a step costs at AugPro's setting, on paper: operations and bytes on TPU v3 (Table 3).

Usage: python docs/examples/tpu_cost.py

EncT5 large teaches EncT5 small with batches of 512 texts of 128 tokens, in bfloat16. Counted are
the products of matrices, two operations for a multiplication and addition; what else a step does
is little beside them. Going back through a layer costs twice as much as going forward.

Bytes are those that a core moves between its memory and its matrix unit: each operand and result of
each product once, as if nothing stayed on the chip. The gradients that cores exchange come on top.
"""

from typing import NamedTuple

BATCH = 512
LENGTH = 128
VOCABULARY = 32_128

# Google's figures for one core, which is half a chip: bfloat16 operations and bytes a second; and
# what a chip sends a second when gradients are summed (340 TB/s in a pod of 1,024).
CORE_OPERATIONS = 61.5e12
CORE_BYTES = 450e9
CHIP_EXCHANGE = 332e9
# AugPro, Table 3: minutes for 1,000 steps "on 8 TPU v3 slices".
PRINTED = {"KD": 1.68, "MixUp": 3.48, "AugPro-Mix": 3.48, "FGSM": 3.24, "AugPro-FGSM": 3.24}


class Model(NamedTuple):
    """An EncT5: T5 1.1's encoder, and one decoder layer with one query."""

    layers: int
    width: int
    inner: int  # heads times the width of a head
    feed_forward: int


TEACHER = Model(layers=24, width=1024, inner=1024, feed_forward=2816)
STUDENT = Model(layers=8, width=512, inner=384, feed_forward=1024)


class Cost(NamedTuple):
    """Operations of a step, and bytes that are moved."""

    operations: float
    bytes: float

    def __add__(self, other: tuple) -> "Cost":
        return Cost(self.operations + other[0], self.bytes + other[1])

    def times(self, count: float) -> "Cost":
        """Gives the cost of doing it more than once."""
        return Cost(count * self.operations, count * self.bytes)


def product(rows: int, inner: int, columns: int, count: int = 1) -> Cost:
    """Counts `count` products of a `[rows, inner]` and an `[inner, columns]` matrix in bfloat16."""
    moved = 2 * (rows * inner + inner * columns + rows * columns)
    return Cost(2.0 * rows * inner * columns, moved).times(count)


def forward(model: Model, batch: int = BATCH, length: int = LENGTH) -> Cost:
    """Counts one pass of a batch through a model.

    Args:
        model: The model.
        batch: B.
        length: S.

    Returns:
        The cost; what is done for the decoder's one query a text is left out.
    """
    tokens = batch * length
    layer = product(tokens, model.width, model.inner, 3) + product(tokens, model.inner, model.width)
    # Scores and weighted sums; the width of all heads together is `inner`.
    layer += product(length, model.inner, length, batch) + product(
        length, length, model.inner, batch
    )
    layer += product(tokens, model.width, model.feed_forward, 2)
    layer += product(tokens, model.feed_forward, model.width)
    pooling = product(tokens, model.width, model.inner, 2)
    return layer.times(model.layers) + pooling


def parameters(model: Model) -> int:
    """Counts the weights of a model's matrices and of its embeddings."""
    attention = 4 * model.width * model.inner
    feed_forward = 3 * model.width * model.feed_forward
    return VOCABULARY * model.width + (model.layers + 1) * (attention + feed_forward)


def steps() -> dict[str, Cost]:
    """Counts a step of each method of Table 3 that needs no other model."""
    teacher, student = forward(TEACHER), forward(STUDENT)
    learning = student.times(3)
    kd = teacher + learning
    twice = kd.times(2)
    tokens = BATCH * LENGTH
    return {
        "KD": kd,
        "MixUp": twice,
        # The certificate: the vocabulary is searched for next to no position.
        "AugPro-Mix": twice,
        "AugPro-Mix, full search": twice + product(tokens, TEACHER.width, VOCABULARY),
        # The teacher reads the clean text once; the gradient is that of the clean loss.
        "FGSM": kd + learning,
        "AugPro-FGSM": twice + product(tokens, STUDENT.width, VOCABULARY),
    }


def seconds(cost: Cost, cores: int) -> float:
    """Gives the least time of a step: the slower of computing and moving, then the exchange.

    Args:
        cost: Of the whole batch.
        cores: How many share it.

    Returns:
        Seconds.
    """
    computing = cost.operations / (cores * CORE_OPERATIONS)
    moving = cost.bytes / (cores * CORE_BYTES)
    # A ring sends each float32 gradient nearly twice.
    exchange = 2 * 4 * parameters(STUDENT) * (1 - 1 / cores) / CHIP_EXCHANGE
    return max(computing, moving) + exchange


def main() -> None:
    """Prints the table."""
    print(f"{'a step of':24}{'TFLOP':>8}{'GB':>8}     least minutes for 1,000 steps")
    print(f"{'':40}{'8 cores':>12}{'16 cores':>10}{'printed':>10}")
    for name, cost in steps().items():
        minutes = [1000 * seconds(cost, cores) / 60 for cores in (8, 16)]
        printed = f"{PRINTED[name]:.2f}" if name in PRINTED else "-"
        print(
            f"{name:24}{cost.operations / 1e12:8.1f}{cost.bytes / 1e9:8.0f}"
            f"{minutes[0]:12.2f}{minutes[1]:10.2f}{printed:>10}"
        )


if __name__ == "__main__":
    main()
