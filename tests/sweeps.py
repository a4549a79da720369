"""A stand-in for a distillation, whose score is worked out of its configuration at once."""

import json
import math
from pathlib import Path

from tfaugkd.errors import InputError

ACCURACY = {"mse": 0.70, "kl": 0.72}


class Distillations:
    """What stands in for `distill`; it counts, and can fail or be interrupted.

    Args:
        interrupt_after: How many run until a KeyboardInterrupt ends the next one half way.
    """

    def __init__(self, interrupt_after=10**6):
        self.told = []
        self.interrupt_after = interrupt_after

    def __call__(self, config):
        if config.loss.soft == 5.0:
            raise InputError("loss.soft is 5.0, which nobody likes.")
        output = Path(config.output)
        student = output / "model" / "weights.h5"
        student.parent.mkdir(parents=True, exist_ok=True)
        student.write_bytes(bytes(1000))
        if len(self.told) == self.interrupt_after:
            raise KeyboardInterrupt
        self.told.append(config)
        scores = {
            "scores": {"accuracy": accuracy(config)},
            "training": {"loss": 1 / config.train.steps, "val_accuracy": 0.5},
            "distinct": {"knn": 1.0},
            "seconds_per_step": 0.25,
        }
        (output / "scores.json").write_text(json.dumps(scores))


def accuracy(config):
    """A made-up score: best at a weight of 1, better with more steps, a little by the seed."""
    found = ACCURACY[config.loss.distance] - 0.01 * math.log10(config.loss.soft) ** 2
    found += 1e-5 * config.train.steps + 1e-3 * config.train.seed
    return None if config.loss.soft == 7.0 else found
