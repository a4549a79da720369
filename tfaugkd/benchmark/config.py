"""What the benchmark is told. Nothing here imports TensorFlow."""

from dataclasses import dataclass, field

from tfaugkd.config import PACKAGED, StudentConfig, require
from tfaugkd.data_config import DataConfig

RANDOM = "random"


@dataclass(frozen=True)
class SizeConfig:
    """The size of a BERT with random weights.

    Args:
        layers: L.
        width: D, of the hidden states and the word embeddings.
        heads: Attention heads in a layer; a divisor of width.
        inner: Width of the feed-forward blocks.
        vocabulary: V, made-up words and five special tokens.
    """

    layers: int = 6
    width: int = 384
    heads: int = 12
    inner: int = 1536
    vocabulary: int = 30522

    def __post_init__(self) -> None:
        for name in ("layers", "width", "heads", "inner"):
            value = getattr(self, name)
            require(value >= 1, f"size.{name}", value, "1 or more")
        divides = self.width % self.heads == 0
        require(divides, "size.heads", self.heads, f"a divisor of size.width ({self.width})")
        require(self.vocabulary >= 16, "size.vocabulary", self.vocabulary, "16 or more")


@dataclass(frozen=True)
class BenchmarkConfig:
    """Time a training step of every method, and the projection by itself.

    Args:
        data: The texts. Those of the training split are read; with random weights there are
            made-up ones in their place.
        teacher: "packaged", a KerasHub preset, a folder of a classifier, or "random", which has
            random weights and the size given below.
        size: The size of a random teacher.
        student: Where the student comes from.
        rows: Names of the steps to time; all if not given. They are finetune, kd, kd_stored_logits,
            mixup, tmix, fgsm, pga, augpro_mix, augpro_mix_stored_logits, augpro_mix_naive,
            augpro_fgsm, augpro_mix_fgsm, knn, eda, random_replacement and keras_distiller.
        batch_size: B, a multiple of 8.
        repeats: Timed calls of each; they take turns.
        projection: Time the projection alone, over B, S, D and V, and no steps. With random weights
            its table has rows of very unequal length.
        check: Also compare so many projections with brute force, over tables made to be difficult.
        seed: Of all that is drawn.
        json: File for the numbers.
        markdown: File for the tables.
        overwrite: Replace these files.
    """

    data: DataConfig = field(
        default_factory=lambda: DataConfig(sequence_length=64, train_examples=512)
    )
    teacher: str = PACKAGED
    size: SizeConfig = field(default_factory=SizeConfig)
    student: StudentConfig = field(default_factory=lambda: StudentConfig(layers=2))
    rows: list[str] | None = None
    batch_size: int = 32
    repeats: int = 10
    projection: bool = False
    check: int = 0
    seed: int = 0
    json: str | None = None
    markdown: str | None = None
    overwrite: bool = False

    def __post_init__(self) -> None:
        eights = self.batch_size >= 8 and self.batch_size % 8 == 0
        require(eights, "batch_size", self.batch_size, "a multiple of 8")
        require(self.repeats >= 1, "repeats", self.repeats, "1 or more")
        some = self.check == 0 or self.check >= 100
        require(some, "check", self.check, "0 for none, or 100 or more")
