"""The parts of an experiment as frozen dataclasses; one YAML key for each field.

Nothing here imports TensorFlow, so that `tfaugkd --help` answers at once.
"""

from dataclasses import dataclass, field
from typing import Literal

from tfaugkd.errors import InputError

PACKAGED = "packaged"
# Not dict[str, Any]: jsonargparse reads text under Any a second time, and "[MASK]" is then a list.
Options = dict
Pooling = Literal["decoder", "mean"]
Select = Literal["bottom", "top", "skip", "none"]
Head = Literal["auto", "copy", "new"]
Resume = Literal["auto", "never"]
Strategy = Literal["auto", "none", "mirrored", "tpu", "multiworker"]
Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]


def require(condition: bool, key: str, received: object, allowed: str) -> None:
    """Refuses a value by name, with what is allowed in its place."""
    if not condition:
        raise InputError(f"{key} is {received!r}, but must be {allowed}.")


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

    @property
    def formula(self) -> str:
        """The loss that is minimised, as a formula."""
        loss = self.loss
        parts = [f"{loss.hard:g} CE(student, label)"] if loss.hard else []
        if loss.soft:
            softened = "" if loss.temperature == 1 else f" at T = {loss.temperature:g}"
            parts.append(f"{loss.soft:g} {loss.distance}(student, teacher){softened}")
        for name in ("hidden", "attention", "patient"):
            if weight := getattr(loss.deep, name):
                parts.append(f"{weight:g} {name}(student, teacher)")
        parts += [f"L({entry['name']})" for entry in self.augment]
        return " + ".join(parts)
