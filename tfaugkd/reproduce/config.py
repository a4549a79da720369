"""What `tfaugkd reproduce` is told.

Nothing here imports TensorFlow, so that `tfaugkd --help` answers at once.
"""

from dataclasses import dataclass, field
from typing import Literal

from tfaugkd.config import PACKAGED, require

# Named out here: inside ReproduceConfig "list" is a key.
Seeds = list[int]
Names = list[str]


@dataclass(frozen=True)
class SourceConfig:
    """Where the texts come from.

    Args:
        path: Folder with GLUE's tasks in their TSV layout; TensorFlow Datasets if not given.
        train_file: CSV, TSV or JSONL file with the training split, for GAD and files of your own.
        dev_file: The same for the split that is scored on.
        variants: Folder of the files that rows with written variants read, made by `tfaugkd
            augment`: TASK/back_translation.tsv and the like. Rows whose file is not there are left
            out.
    """

    path: str | None = None
    train_file: str | None = None
    dev_file: str | None = None
    variants: str | None = None


@dataclass(frozen=True)
class SmallConfig:
    """What stands in for the papers' models and steps at `scale: small`.

    Args:
        preset: The encoder that teachers are made of. Students have as large a share of its layers
            as the papers' students have of their teachers'.
        examples: Training texts; shares of the data are shares of these.
        sequence_length: Tokens of a text.
        teacher_steps: Updates of a teacher.
        steps: Updates of a student.
        batch_size: Texts of an update.
        teacher_learning_rate: Highest learning rate of a teacher.
        learning_rate: Highest learning rate of a student.
        jit_compile: Compile the step with XLA.
    """

    preset: str = PACKAGED
    examples: int = 2000
    sequence_length: int = 32
    teacher_steps: int = 400
    steps: int = 240
    batch_size: int = 16
    teacher_learning_rate: float = 1e-4
    learning_rate: float = 5e-4
    jit_compile: bool = True

    def __post_init__(self) -> None:
        for name in ("examples", "teacher_steps", "steps"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "1 or more")
        eights = self.batch_size >= 8 and self.batch_size % 8 == 0
        require(eights, "batch_size", self.batch_size, "a multiple of 8")


@dataclass(frozen=True)
class ReproduceConfig:
    """Run the rows of a paper's table or figure, and print ours beside the paper's.

    Args:
        exhibit: Paper and number, as in augpro.table1; --list names all. It may stand first,
            without --exhibit.
        tasks: Tasks, with commas between them, as in sst2,rte; those of the paper that are found if
            not given. A task that the paper does not have is run as the paper's first one.
        scale: "small" runs on a CPU in minutes to hours; "paper" has the papers' own models and
            steps.
        data: Where the texts come from.
        small: What the small scale is.
        seeds: Every student is trained once with each seed.
        rows: Names of the rows to run; all of them if not given.
        configs: Folder of the papers' configs, as the repository has it.
        output: Folder for all runs. What is finished there is not run again, whatever table needs
            it.
        plan: Only say what would be run, and about how long it takes.
        check: Run two cells drawn at random a second time, and compare.
        list: Name every table and figure.
    """

    exhibit: str = ""
    tasks: str | None = None
    scale: Literal["small", "paper"] = "small"
    data: SourceConfig = field(default_factory=SourceConfig)
    small: SmallConfig = field(default_factory=SmallConfig)
    seeds: Seeds = field(default_factory=lambda: [0])
    rows: Names | None = None
    configs: str = "configs"
    output: str = "outputs/reproduced"
    plan: bool = False
    check: bool = False
    list: bool = False

    def __post_init__(self) -> None:
        once = len(set(self.seeds)) == len(self.seeds)
        require(bool(self.seeds) and once, "seeds", self.seeds, "different numbers, at least one")
        require(bool(self.exhibit) or self.list, "exhibit", self.exhibit, "as in augpro.table1")
