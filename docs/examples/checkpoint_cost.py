"""What a checkpoint costs, in seconds and MB: `python docs/examples/checkpoint_cost.py`.

The packaged encoder teaches a student of two of its layers on reviews. A checkpoint holds the
student's weights and AdamW's two means of each, and, where the best weights are kept, those too.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import keras

from tfaugkd.benchmark.config import BenchmarkConfig
from tfaugkd.benchmark.setting import Setting
from tfaugkd.callbacks import BestWeights, StepTimer
from tfaugkd.checkpoint import read_newest_checkpoint
from tfaugkd.distiller import Distiller
from tfaugkd.exact_resume import ExactResume
from tfaugkd.optimizer import build_optimizer
from tfaugkd.train_config import TrainConfig

Cost = dict[str, tuple[float, float | None]]


class TimedResume(ExactResume):
    """Writes a checkpoint after each step, and times it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, every_steps=1)
        self.seconds: list[float] = []

    def write(self) -> None:
        """Writes a checkpoint."""
        began = time.perf_counter()
        super().write()
        self.seconds.append(time.perf_counter() - began)


def measured(setting: Setting, folder: Path, checkpoints: int, best: bool) -> Cost:
    """Trains, with a checkpoint after each step.

    Args:
        setting: Models and texts.
        folder: For the checkpoints; must be empty.
        checkpoints: How many.
        best: Whether the best weights so far are kept.

    Returns:
        The median seconds of a step, of writing a checkpoint and of reading it, and its MB.
    """
    student = setting.new_student()
    distiller = Distiller(setting.teacher, student)
    distiller.compile(build_optimizer(TrainConfig()))
    batches = setting.batches(student)
    timer, resume = StepTimer(setting.config.batch_size), TimedResume(folder)
    callbacks: list[Any] = [timer, resume]
    if best:
        callbacks.append(BestWeights(student.classifier, "student_loss"))
    # In two epochs: after the first there are best weights.
    distiller.fit(batches, epochs=2, steps_per_epoch=checkpoints, verbose=0, callbacks=callbacks)
    newest = max(folder.iterdir())
    began = time.perf_counter()
    read_newest_checkpoint(folder)
    reading = time.perf_counter() - began
    size = newest.stat().st_size / 1e6
    writing = statistics.median(resume.seconds[checkpoints:])
    return {
        "a step": (timer.seconds_per_step, None),
        "a checkpoint, written": (writing, size),
        "read, its hash checked": (reading, size),
    }


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--checkpoints", type=int, default=10)
    checkpoints = parser.parse_args().checkpoints
    setting = Setting(BenchmarkConfig())
    print("| | median s | MB |\n|---|--:|--:|")
    for best in (False, True):
        keras.utils.set_random_seed(0)
        with tempfile.TemporaryDirectory() as folder:
            for name, (seconds, size) in measured(setting, Path(folder), checkpoints, best).items():
                kept = " (`keep: best`)" if best else ""
                print(f"| {name}{kept} | {seconds:.2f} | {'' if size is None else f'{size:.0f}'} |")


if __name__ == "__main__":
    main()
