"""How a model is trained, as frozen dataclasses; one YAML key for each field.

Nothing here imports TensorFlow, so that `tfaugkd --help` answers at once.
"""

from dataclasses import dataclass, field, replace
from typing import Literal

from tfaugkd.config import require


@dataclass(frozen=True)
class TensorBoardConfig:
    """What TensorBoard shows of a run beside its scalars.

    Args:
        examples: Texts on a page of augmented examples; 0 writes no pages.
        examples_every: Steps between two pages; one at the start and one at the end if not given.
        confusion: Draw the student's confusion matrix at each scoring on the development split, and
            the teacher's where it is checked.
        projector: Texts whose [CLS] states are written at the end, with those of as many augmented
            by each method; 0 writes none.
        hparams: Write the run's settings for the HParams page. A sweep's trials leave it to the
            sweep.
    """

    examples: int = 4
    examples_every: int | None = None
    confusion: bool = True
    projector: int = 0
    hparams: bool = True

    def __post_init__(self) -> None:
        require(self.examples >= 0, "examples", self.examples, "0 or more")
        often = self.examples_every is not None and self.examples_every < 1
        require(not often, "examples_every", self.examples_every, "1 or more")
        require(self.projector >= 0, "projector", self.projector, "0 or more")


@dataclass(frozen=True)
class TrainConfig:
    """How a model is optimised.

    Args:
        steps: Number of updates.
        epochs: Passes over the training texts, in place of steps; each is followed by a scoring on
            the development split.
        batch_size: Examples in a batch, over all replicas; a multiple of 8 a replica.
        learning_rate: Highest learning rate.
        optimizer: "adamw", "adafactor" (T5's) or "sgd" (with a momentum of 0.9).
        warmup: Share of the steps in which the learning rate rises from zero.
        decay: "linear" lowers the learning rate to zero from there on, "none" keeps it.
        weight_decay: Decoupled weight decay; biases and layer norms are left out.
        clip_norm: Largest norm of the whole gradient; 0 leaves it as it is.
        seed: Seed of batches, augmentation and dropout.
        jit_compile: Compile the step with XLA.
        steps_per_execution: Steps between two returns to Python, which spares time where steps are
            short. Progress, checkpoints and signals wait for so many. A divisor of evaluate_every,
            or of steps where that is not given.
        length_buckets: Lengths in rising order, below data.sequence_length, to which batches are
            cut where all of their texts fit: texts of similar lengths are then put together, and
            what is only padding is not computed. Each is compiled by itself.
        store_teacher_logits: Ask the teacher about the clean texts once, before the first step,
            and keep its answers on disk for later runs. Not done where its dropout is on, where the
            steps see no text twice, or for data.prepared, to which `tfaugkd prepare` adds them.
        evaluate_every: Steps between two scorings on the development split (and two lines of the
            log); only at the end if not given.
        keep: Which weights the model has in the end: those of the "last" step, or those that scored
            "best" on the development split by the task's first metric, which needs evaluate_every.
        checkpoint_steps: Steps between two checkpoints, beside checkpoint_minutes. A run that was
            interrupted goes on from the newest one when the same command is given again.
        checkpoint_minutes: Minutes between two checkpoints.
        keep_checkpoints: How many checkpoints stay on disk until the run is finished. If the newest
            is damaged, the run goes on from the one before.
        on_nan: What happens where the loss or a gradient is no finite number: "stop" ends the run,
            "skip" leaves the step out and counts it, on one replica. Either names the term and the
            texts.
        tensorboard: What TensorBoard shows beside scalars; the result does not depend on it.
    """

    steps: int = 1000
    epochs: int | None = None
    batch_size: int = 32
    learning_rate: float = 5e-5
    optimizer: Literal["adamw", "adafactor", "sgd"] = "adamw"
    warmup: float = 0.1
    decay: Literal["linear", "none"] = "linear"
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    seed: int = 0
    jit_compile: bool = True
    steps_per_execution: int = 1
    length_buckets: list[int] = field(default_factory=list)
    store_teacher_logits: bool = True
    evaluate_every: int | None = None
    keep: Literal["last", "best"] = "last"
    checkpoint_steps: int | None = None
    checkpoint_minutes: float = 10.0
    keep_checkpoints: int = 2
    on_nan: Literal["stop", "skip"] = "stop"
    tensorboard: TensorBoardConfig = field(default_factory=TensorBoardConfig)

    def __post_init__(self) -> None:
        require(self.steps >= 1, "steps", self.steps, "1 or more")
        require(self.batch_size >= 1, "batch_size", self.batch_size, "1 or more")
        require(self.batch_size % 8 == 0, "batch_size", self.batch_size, "a multiple of 8")
        require(self.learning_rate > 0, "learning_rate", self.learning_rate, "above 0")
        require(0 <= self.warmup <= 1, "warmup", self.warmup, "from 0 to 1")
        require(self.weight_decay >= 0, "weight_decay", self.weight_decay, "0 or more")
        require(self.clip_norm >= 0, "clip_norm", self.clip_norm, "0 or more")
        seldom = self.evaluate_every is None or self.evaluate_every >= 1
        require(seldom, "evaluate_every", self.evaluate_every, "1 or more")
        whole = self.evaluate_every is None or self.steps % self.evaluate_every == 0
        divisor = f"a divisor of steps ({self.steps})"
        require(whole, "evaluate_every", self.evaluate_every, divisor)
        self._require_steps_per_execution()
        rising = self.length_buckets == sorted(set(self.length_buckets))
        whole_numbers = "a list of rising numbers from 8 on"
        long_enough = rising and all(length >= 8 for length in self.length_buckets)
        require(long_enough, "length_buckets", self.length_buckets, whole_numbers)
        require(self.keep in ("last", "best"), "keep", self.keep, "'last' or 'best'")
        self._require_checkpoints()
        none = self.epochs is not None and self.epochs < 1
        require(not none, "epochs", self.epochs, "1 or more")
        default = type(self).__dataclass_fields__["steps"].default
        both = self.epochs is not None and self.steps != default
        require(
            not both, "steps", self.steps, "left out where epochs is given (null takes it back)"
        )
        twice = self.epochs is not None and self.evaluate_every is not None
        require(not twice, "evaluate_every", self.evaluate_every, "left out where epochs is given")
        unwatched = self.keep == "best" and self.evaluate_every is None and self.epochs is None
        require(not unwatched, "keep", self.keep, "'last' where evaluate_every is not given")

    def _require_steps_per_execution(self) -> None:
        count, epoch = self.steps_per_execution, self.evaluate_every or self.steps
        require(count >= 1, "steps_per_execution", count, "1 or more")
        # How long an epoch is that is told as a pass over the texts is not known yet.
        divides = self.epochs is not None or epoch % count == 0
        key = "steps" if self.evaluate_every is None else "evaluate_every"
        require(divides, "steps_per_execution", count, f"1 or a divisor of {key} ({epoch})")
        alone = count == 1 or self.on_nan == "stop"
        require(alone, "on_nan", self.on_nan, f"'stop' with steps_per_execution {count}")

    def _require_checkpoints(self) -> None:
        steps, minutes = self.checkpoint_steps, self.checkpoint_minutes
        require(steps is None or steps >= 1, "checkpoint_steps", steps, "1 or more")
        require(minutes > 0, "checkpoint_minutes", minutes, "above 0")
        require(self.keep_checkpoints >= 1, "keep_checkpoints", self.keep_checkpoints, "1 or more")
        require(self.on_nan in ("stop", "skip"), "on_nan", self.on_nan, "'stop' or 'skip'")

    def planned(self, examples: int) -> "TrainConfig":
        """Says how many steps there are, where it was told in passes.

        Args:
            examples: How many texts one pass has.

        Returns:
            The configuration with steps in place of epochs; itself where there are none.
        """
        if self.epochs is None:
            return self
        steps = -(-examples // self.batch_size)
        return replace(self, steps=self.epochs * steps, epochs=None, evaluate_every=steps)
