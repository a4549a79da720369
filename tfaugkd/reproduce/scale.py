"""The small scale: the same experiments with an encoder, texts and steps that a CPU can do."""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from tfaugkd.classifier import SplitClassifier
from tfaugkd.config import Options, StudentConfig
from tfaugkd.data_config import DataConfig
from tfaugkd.errors import InputError
from tfaugkd.job_configs import TeacherConfig
from tfaugkd.presets import load_classifier
from tfaugkd.reproduce.config import SmallConfig
from tfaugkd.reproduce.experiment import Experiment
from tfaugkd.train_config import TensorBoardConfig, TrainConfig

# AugPro's epsilon of 35 is in the unit of T5's embeddings. This one, in root-mean-square entries,
# changes three of ten tokens of MiniLM; the other epsilons keep their ratio to it.
_T5_EPSILON = 35.0
_EPSILON = 3.9


@dataclass(frozen=True)
class Encoder:
    """The size of a preset.

    Args:
        layers: Transformer layers.
        width: Width D of the hidden states.
        feed_forward: Weights of the two or three matrices of a feed-forward block, over D.
        vocabulary: Size V of the vocabulary.
    """

    layers: int
    width: int
    feed_forward: int
    vocabulary: int


ENCODERS = {
    "t5_1.1_large": Encoder(24, 1024, 3 * 2816, 32128),
    "t5_1.1_small": Encoder(8, 512, 3 * 1024, 32128),
    "bert_large_en_uncased": Encoder(24, 1024, 2 * 4096, 30522),
    "bert_base_en_uncased": Encoder(12, 768, 2 * 3072, 30522),
    "bert_small_en_uncased": Encoder(4, 512, 2 * 2048, 30522),
    "distil_bert_base_en_uncased": Encoder(6, 768, 2 * 3072, 30522),
    "hf://microsoft/MiniLM-L12-H384-uncased": Encoder(12, 384, 2 * 1536, 30522),
    "packaged": Encoder(6, 384, 2 * 1536, 30522),
}


def small_experiment(
    experiment: Experiment, small: SmallConfig, depth: int, examples: int
) -> Experiment:
    """Turns a paper's experiment into its small counterpart.

    Shares of the data stay shares; layers stay the same share of the teacher's; the objective,
    the augmentations, and which weights are kept stay as they are. Optimiser, learning rates,
    steps and batches are those of the small scale.

    Args:
        experiment: The paper's.
        small: What stands in.
        depth: Layers of the small encoder.
        examples: Texts of the training split that are taken.

    Returns:
        The experiment.

    Raises:
        InputError: A preset whose depth is not known.
    """
    if experiment.method is None:
        method = None
    else:
        augment = [_small_entry(entry) for entry in experiment.method.augment]
        method = replace(experiment.method, augment=augment)
    return replace(
        experiment,
        teacher=_small_teacher(experiment.teacher, small, examples),
        data=_small_data(experiment.data, small, examples),
        student=_small_student(experiment.student, experiment.teacher.preset, small.preset, depth),
        train=_small_train(experiment.train, small),
        method=method,
    )


@cache
def encoder_of_preset(preset: str) -> Encoder:
    """Looks up how large a preset is.

    Args:
        preset: Its name; a folder's is read from its config.

    Returns:
        Its size.

    Raises:
        InputError: It is not known.
    """
    if preset in ENCODERS:
        return ENCODERS[preset]
    if Path(preset).is_dir():
        return _encoder_in(preset)
    raise InputError(
        f"The size of the preset {preset!r} is not known; it is a folder, or one of: "
        f"{', '.join(ENCODERS)}."
    )


def _encoder_in(folder: str) -> Encoder:
    model = SplitClassifier(load_classifier(folder, 2))
    inner = getattr(model.classifier.backbone, "intermediate_dim", 4 * model.width)
    return Encoder(model.num_layers, model.width, 2 * inner, model.table.shape[0])


def _small_teacher(teacher: TeacherConfig, small: SmallConfig, examples: int) -> TeacherConfig:
    train = TrainConfig(
        steps=small.teacher_steps,
        batch_size=small.batch_size,
        learning_rate=small.teacher_learning_rate,
        jit_compile=small.jit_compile,
    )
    data = _small_data(teacher.data, small, examples)
    return replace(teacher, preset=small.preset, pooling=None, data=data, train=train)


def _small_data(data: DataConfig, small: SmallConfig, examples: int) -> DataConfig:
    skipped = round(data.skip_share * examples)
    wanted = examples - skipped if data.train_share is None else round(data.train_share * examples)
    return replace(
        data,
        sequence_length=small.sequence_length,
        train_share=None,
        # A batch needs eight texts of its own.
        train_examples=max(8, wanted),
        skip_share=0.0,
        skip_examples=skipped,
    )


def _small_student(student: StudentConfig, teacher: str, preset: str, depth: int) -> StudentConfig:
    layers = student.layers
    if layers is None:
        assert student.preset is not None, "a student comes from its teacher or from a preset"
        layers = encoder_of_preset(student.preset).layers
    # Rounded half up: 3 of 12 layers are 2 of 6.
    kept = max(1, int(layers * depth / encoder_of_preset(teacher).layers + 0.5))
    own = preset if student.preset is not None else None
    return replace(student, preset=own, layers=min(kept, depth), pooling=None)


def _small_train(train: TrainConfig, small: SmallConfig) -> TrainConfig:
    wanted = train.epochs
    if train.epochs is None and train.evaluate_every is not None:
        wanted = train.steps // train.evaluate_every
    watched = wanted is not None and (train.keep == "best" or train.epochs is None)
    every = small.steps // wanted if watched and wanted else None
    if every is not None and (every < 1 or small.steps % every):
        every = small.steps
    return TrainConfig(
        steps=small.steps,
        batch_size=small.batch_size,
        learning_rate=small.learning_rate,
        jit_compile=small.jit_compile,
        evaluate_every=every,
        keep=train.keep,
        # Compiling what pages of examples show takes as long as some twenty of these steps.
        tensorboard=TensorBoardConfig(examples=0),
    )


def _small_entry(entry: Options) -> Options:
    changed: dict[str, Any] = {}
    if isinstance(entry.get("epsilon"), float) and entry.get("unit") == "absolute":
        changed = {"epsilon": round(_EPSILON * entry["epsilon"] / _T5_EPSILON, 4), "unit": "rms"}
    if entry["name"] == "tmix":
        # The middle layer of each model, as in the paper.
        changed = {"student_layer": None, "teacher_layer": None}
    return {key: value for key, value in (entry | changed).items() if value is not None}
