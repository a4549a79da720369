"""What the job `tfaugkd augment` is told.

Nothing here imports TensorFlow, so that `tfaugkd --help` answers at once.
"""

from dataclasses import dataclass, field

from tfaugkd.config import Options, require
from tfaugkd.data_config import DataConfig


@dataclass(frozen=True)
class AugmentConfig:
    """Show what augmentations do, or write variants of the training texts, before any training.

    Args:
        output: CSV, TSV or JSONL file for the variants. Its column id names the original, the
            others hold the text. Train on it by data.added_file, or by the augmentation
            {name: variants, file: FILE}. Not needed with show or stats.
        augment: List of methods, each a name with its options; each writes its own variants.
            There are tinybert (probability, candidates, masked_lm), TinyBERT's editing of words;
            back_translation (models, language, pivot), through a folder of translation models;
            and those of `tfaugkd distill` that make text, as in [{name: augpro_mix}]. With show or
            stats alone there are all of `tfaugkd distill`'s; if none is listed, every one is shown
            that needs no option.
        data: The texts. Those of the training split are augmented, as far as they are trained on.
        teacher: Folder of a teacher, or a preset, whose tokens and word embeddings methods use.
            Where they follow a gradient, it is the one by which this model would learn the labels.
        copies: Variants of each text by each method. DA-for-KD takes 4 and 8, TinyBERT 10 to 30.
            Those that repeat a text are left out.
        show: So many texts are printed, each with what every method makes of it, the changes
            marked, and the teacher's answers to both.
        stats: Print numbers for each method, over up to 256 texts: how much it changes, how many of
            the labels the teacher gives, how undecided it gets, how far the texts are from real
            ones, how fast it is.
        batch_size: Texts augmented at once; a multiple of 8.
        seed: Of all that is drawn.
        jit_compile: Compile those methods of `tfaugkd distill` with XLA.
        overwrite: Replace an output that exists.
    """

    output: str | None = None
    augment: list[Options] = field(default_factory=list)
    data: DataConfig = field(default_factory=DataConfig)
    teacher: str = "outputs/teacher"
    copies: int = 4
    show: int = 0
    stats: bool = False
    batch_size: int = 64
    seed: int = 0
    jit_compile: bool = True
    overwrite: bool = False

    def __post_init__(self) -> None:
        require(self.show >= 0, "show", self.show, "0 or more")
        asked = self.output is not None or self.show > 0 or self.stats
        require(asked, "output", self.output, "a file, where neither show nor stats is given")
        listed = bool(self.augment) or self.output is None
        require(listed, "augment", self.augment, "at least one method")
        require(self.copies >= 1, "copies", self.copies, "1 or more")
        eights = self.batch_size >= 8 and self.batch_size % 8 == 0
        require(eights, "batch_size", self.batch_size, "a multiple of 8")
