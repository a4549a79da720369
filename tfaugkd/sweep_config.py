"""What `tfaugkd sweep` is told: what all students share, what varies, and how it is searched.

Nothing here imports TensorFlow, so that `tfaugkd --help` answers at once.
"""

from dataclasses import dataclass, field
from typing import Literal

from tfaugkd.config import Options, require
from tfaugkd.job_configs import DistillConfig
from tfaugkd.sweep_keys import check_value, overlapping
from tfaugkd.sweep_space import Parameter, read_space

_TRIALS = 12


@dataclass(frozen=True)
class SweepConfig:
    """Distil students over a space of settings, and rank the settings.

    Args:
        space: List of what varies. Each entry names a key of `tfaugkd distill` and what it is tried
            with, as in {key: loss.soft, float: [0.1, 10.0], log: true}: choice, a list of any
            values; or int or float, the lowest and the highest value, with log (equal ratios are
            equally likely) and step (the distance, with log the ratio, of neighbouring values) if
            wanted. A key reaches into a list by number, from 0, as in augment[0].degree.
        distill: What all students share, by the keys of `tfaugkd distill`. train.seed comes from
            seeds, and output is the sweep's own.
        tuner: How the space is searched: random (RandomSearch), grid (GridSearch), bayesian
            (BayesianOptimization) or hyperband (Hyperband), all of Keras Tuner.
        max_trials: How many settings are tried. Default: 12, for grid all that there are. Hyperband
            ends by itself.
        objective: What is compared: a metric of the development split (accuracy), or any number of
            a run's scores.json, such as loss or seconds_per_step. Default: the task's first metric.
        direction: Whether a large objective is good (max) or a small one (min); auto knows it for
            the development split's metrics, losses and times.
        seeds: A trial distils a student with each seed, and its objective is their mean.
        keep: The students of so many best trials are kept; the others' are removed as soon as they
            are beaten, and their scores and logs stay.
        workers: Trials at once, each in a process of its own (Keras Tuner's chief and workers).
        hyperband_epochs: Into how many parts hyperband divides a student's training: its shortest
            trials last one part (Keras Tuner's max_epochs).
        hyperband_factor: How many times longer each next round of hyperband trains; the best of so
            many go on to it.
        seed: Of what the tuner draws; 1 or more.
        output: Folder for the trials and the report; new or empty, or one with a sweep that was
            interrupted, which goes on: trials that are finished are taken over. max_trials, keep
            and workers may be changed then; all else must be as before.
        overwrite: Replace what stands in output, and begin anew.
    """

    space: list[Options]
    distill: DistillConfig = field(default_factory=DistillConfig)
    tuner: Literal["random", "grid", "bayesian", "hyperband"] = "random"
    max_trials: int | None = None
    objective: str | None = None
    direction: Literal["auto", "max", "min"] = "auto"
    seeds: list[int] = field(default_factory=lambda: [0])
    keep: int = 1
    workers: int = 1
    hyperband_epochs: int = 9
    hyperband_factor: int = 3
    seed: int = 1
    output: str = "outputs/sweep"
    overwrite: bool = False

    def __post_init__(self) -> None:
        for name, least in (("keep", 0), ("workers", 1), ("seed", 1), ("hyperband_epochs", 1)):
            require(getattr(self, name) >= least, name, getattr(self, name), f"{least} or more")
        require(self.hyperband_factor >= 2, "hyperband_factor", self.hyperband_factor, "2 or more")
        few = self.max_trials is not None and self.max_trials < 1
        require(not few, "max_trials", self.max_trials, "1 or more")
        given = self.max_trials is not None and self.tuner == "hyperband"
        require(not given, "max_trials", self.max_trials, "left out where tuner is 'hyperband'")
        once = len(set(self.seeds)) == len(self.seeds)
        require(bool(self.seeds) and once, "seeds", self.seeds, "different numbers, at least one")
        elsewhere = self.distill.output == DistillConfig.output and not self.distill.overwrite
        require(elsewhere, "distill.output", self.distill.output, "left out: output is the sweep's")
        strategy, on_one_host = self.distill.strategy, "auto, none, mirrored or tpu in a sweep"
        require(strategy != "multiworker", "distill.strategy", strategy, on_one_host)
        self._require_space()

    def _require_space(self) -> None:
        parameters = self.parameters
        require(bool(parameters), "space", self.space, "at least one key with its values")
        for parameter in parameters:
            endless = self.tuner == "grid" and parameter.endless
            wanted = "given with a step, or as a choice, where tuner is 'grid'"
            require(not endless, "space", parameter.key, wanted)
            length = any(
                overlapping(parameter.key, f"train.{unit}") for unit in ("steps", "epochs")
            )
            twice = self.tuner == "hyperband" and length
            require(not twice, "space", parameter.key, "another key: hyperband varies the steps")
            for value in parameter.extremes:
                check_value(self.distill, parameter.key, value)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What varies, checked."""
        return read_space(self.space)

    @property
    def trials(self) -> int | None:
        """How many trials there are at most; None where the tuner ends by itself."""
        by_itself = self.tuner in ("grid", "hyperband")
        return self.max_trials or (None if by_itself else _TRIALS)
