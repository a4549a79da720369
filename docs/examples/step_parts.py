"""What each saving in a step of plain distillation is worth: `python docs/examples/step_parts.py`.

A step as it is; without the hash that draws dropout's masks; with the last layer run for all
tokens; and with two savings that a run can have beside: stored answers of the teacher, and batches
cut to the length of their texts. Packaged encoder, two layers as its student, reviews of 64
tokens. The steps are timed in turns.
"""

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

import keras

from tfaugkd.benchmark.config import BenchmarkConfig
from tfaugkd.benchmark.setting import Setting
from tfaugkd.classifier import SplitClassifier
from tfaugkd.distiller import Distiller
from tfaugkd.dropout import HashDropout
from tfaugkd.latency import Latency, interleaved
from tfaugkd.optimizer import build_optimizer
from tfaugkd.train_config import TrainConfig

# A window of texts that are put together by length, so that every length comes as often as it does.
_STEPS_AT_ONCE = 8


def use_keras_dropout(model: SplitClassifier) -> None:
    """Takes back what `use_hash_dropout` does."""
    for layer in model.classifier._flatten_layers():
        if type(layer) is HashDropout:
            layer.__class__ = keras.layers.Dropout


def run_last_layer_whole(model: SplitClassifier) -> None:
    """Has the last layer run for all tokens, as the classifier by itself does."""
    encoder: Any = model._encoder
    encoder.last_layer = partial(encoder.layer, encoder.depth - 1)


def run_of(
    setting: Setting,
    without: Callable[[SplitClassifier], None] | None = None,
    stored: bool = False,
    buckets: tuple[int, ...] = (),
) -> Callable[[], object]:
    """Builds what runs some steps of plain distillation.

    Args:
        setting: Models and texts.
        without: Takes a saving away from a model.
        stored: Whether the teacher's answers are stored.
        buckets: Lengths that batches are cut to.

    Returns:
        A call that runs `_STEPS_AT_ONCE` steps.
    """
    student, teacher = setting.new_student(), SplitClassifier(setting.teacher.classifier)
    distiller = Distiller(None if stored else teacher, student, stored_logits=stored)
    distiller.compile(build_optimizer(TrainConfig()), length_buckets=buckets)
    if without is not None:
        for model in (distiller.student, teacher):
            without(model)
    batches = setting.batches(
        student,
        teacher_logits=setting.teacher_logits if stored else None,
        length_window=_STEPS_AT_ONCE if buckets else 1,
    )
    distiller.make_train_function()
    iterator = iter(batches)
    return lambda: [distiller.train_function(iterator) for _ in range(_STEPS_AT_ONCE)]


def measured(setting: Setting, rounds: int) -> dict[str, Latency]:
    """Times steps with and without each saving, in turns.

    Args:
        setting: Models and texts.
        rounds: How often each is timed, 1 or more.

    Returns:
        Seconds of `_STEPS_AT_ONCE` steps of each.
    """
    length = setting.sequence_length
    runs = {
        "as it is": run_of(setting),
        "with Keras' dropout": run_of(setting, use_keras_dropout),
        "with the whole last layer": run_of(setting, run_last_layer_whole),
        "and stored answers": run_of(setting, stored=True),
        "and batches by length": run_of(setting, buckets=(length // 4, length // 2)),
    }
    for run in runs.values():
        run()
    return interleaved(runs, rounds)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    found = measured(Setting(BenchmarkConfig()), parser.parse_args().rounds)
    whole = found["as it is"].median_s
    print("| a step of `kd` | median s | against as it is |\n|---|--:|--:|")
    for name, latency in found.items():
        ratio = latency.median_s / whole
        print(f"| {name} | {latency.median_s / _STEPS_AT_ONCE:.3f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
