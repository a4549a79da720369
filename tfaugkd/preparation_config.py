"""What the job `tfaugkd prepare` is told.

Nothing here imports TensorFlow, so that `tfaugkd --help` answers at once.
"""

from dataclasses import dataclass, field

from tfaugkd.config import Options, require
from tfaugkd.data_config import DataConfig


@dataclass(frozen=True)
class PrepareConfig:
    """Tokenise the training texts into shards by Apache Beam, for corpora beyond memory.

    Args:
        output: Folder for the shards and their manifest; new or empty, or one where the same
            preparation was interrupted, which goes on. Train on it by data.prepared.
        data: The texts: the whole training split, and those of unlabelled_file behind it. Files,
            and GLUE's, are never read whole; train_file and unlabelled_file may be patterns, as in
            "corpus/part-*.jsonl". Parts are taken in training, not here.
        model: Whose tokenizer reads the texts: the student's, as the folder of a trained model
            (its teacher's, where it takes layers of that) or a preset.
        teacher: Folder of a teacher whose answers to the texts are stored, so that training need
            not ask it about clean text. Tokens for it are stored, too, where its vocabulary is
            another one.
        augment: List of methods that write variants, each a name with its options, as for `tfaugkd
            augment`. They stand among the texts, with their originals' labels (MixKD's +BT), made
            shard by shard. Their embeddings are the teacher's, or model's where there is none.
        copies: Variants of each text by each method; those that repeat a text are left out.
        shard_examples: Texts of the source in a shard.
        batch_size: Texts augmented or answered at once; a multiple of 8.
        seed: Of all that is drawn for augmentations.
        jit_compile: Compile augmentations with XLA.
        runner: Beam's runner. Its workers must see the files and folders under the same names.
        runner_options: The runner's options, as in {direct_num_workers: 2}.
        overwrite: Replace what stands in output, and begin anew.
    """

    output: str
    data: DataConfig = field(default_factory=DataConfig)
    model: str = "outputs/teacher"
    teacher: str | None = None
    augment: list[Options] = field(default_factory=list)
    copies: int = 1
    shard_examples: int = 10_000
    batch_size: int = 64
    seed: int = 0
    jit_compile: bool = True
    runner: str = "DirectRunner"
    runner_options: Options = field(default_factory=dict)
    overwrite: bool = False

    def __post_init__(self) -> None:
        require(self.copies >= 1, "copies", self.copies, "1 or more")
        require(self.shard_examples >= 1, "shard_examples", self.shard_examples, "1 or more")
        eights = self.batch_size >= 8 and self.batch_size % 8 == 0
        require(eights, "batch_size", self.batch_size, "a multiple of 8")
        again = self.data.prepared
        require(again is None, "data.prepared", again, "left out where texts are prepared")
        require(self.data.added_file is None, "data.added_file", self.data.added_file, _IN_SHARDS)
        parts = {"held_out", "train_examples", "train_share", "skip_examples", "skip_share"}
        for key in sorted(parts):
            value = getattr(self.data, key)
            require(not value, f"data.{key}", value, "left out: parts are taken in training")


_IN_SHARDS = "left out: variants are put into shards by augment"
