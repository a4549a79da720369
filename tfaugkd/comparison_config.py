"""What the job `tfaugkd compare` is told.

Nothing here imports TensorFlow, so that `tfaugkd --help` answers at once.
"""

from dataclasses import dataclass, field

from tfaugkd.config import (
    PACKAGED,
    MethodConfig,
    Pooling,
    Precision,
    Resume,
    Strategy,
    StudentConfig,
    require,
)
from tfaugkd.data_config import DataConfig, check_share
from tfaugkd.errors import InputError
from tfaugkd.train_config import TrainConfig


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
        strategy: Where it computes, on one host; see `tfaugkd distill`.
        precision: What the models compute in; see `tfaugkd distill`.
        output: Folder for the models, the logs and the report; new or empty, or one with a
            comparison that was interrupted, which goes on: models that are finished are taken over,
            and the one that was being trained goes on from its newest checkpoint. Methods and seeds
            may be added to it; all else must be as before.
        overwrite: Replace what stands in output, and begin anew.
        resume: auto goes on with a comparison that was interrupted; never refuses its folder.
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
    strategy: Strategy = "auto"
    precision: Precision = "float32"
    output: str = "outputs/comparison"
    overwrite: bool = False
    resume: Resume = "auto"

    def __post_init__(self) -> None:
        require(bool(self.methods), "methods", self.methods, "at least one method")
        # Which runs are finished is known on the first host alone.
        on_one_host = "auto, none, mirrored or tpu in a comparison"
        require(self.strategy != "multiworker", "strategy", self.strategy, on_one_host)
        examples = self.teacher_examples
        check_share("teacher_share", self.teacher_share, "teacher_examples", examples)
        known = self.baseline in self.methods
        require(known, "baseline", self.baseline, f"one of {', '.join(self.methods)}")
        if self.teacher is not None:
            self._require_no_second_teacher()
        once = len(set(self.seeds)) == len(self.seeds)
        require(bool(self.seeds) and once, "seeds", self.seeds, "different numbers, at least one")

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
