"""Whether a teacher, a student, an objective and augmentations fit together."""

from collections.abc import Sequence

from tfaugkd.augment.method import Augmentation, ShowsVariants, TakesDegree
from tfaugkd.classifier import SplitClassifier
from tfaugkd.config import Objective
from tfaugkd.data.examples import Examples
from tfaugkd.data.load import training_ids
from tfaugkd.data.shards.prepared_batches import shown_from_memory
from tfaugkd.data.shards.prepared_examples import PreparedExamples
from tfaugkd.data_config import DataConfig
from tfaugkd.errors import InputError
from tfaugkd.losses import check_objective
from tfaugkd.tokenizer_comparison import same_vocabulary, tokenizer_name


def check_distillation(
    teacher: SplitClassifier | None,
    student: SplitClassifier,
    objective: Objective,
    augmentations: Sequence[Augmentation],
    stored_logits: bool = False,
) -> None:
    """Refuses what cannot be trained, by name and reason.

    Args:
        teacher: The teacher, or None.
        student: The student.
        objective: The loss on clean text.
        augmentations: What is made up in each step.
        stored_logits: Whether the data hold the teacher's answers to the clean text.

    Raises:
        InputError: See the sentences.
    """
    nothing = objective.hard == 0 and objective.soft == 0 and not objective.deep.weighs
    if nothing and not augmentations:
        raise InputError(
            "loss.hard and loss.soft are both 0 and nothing augments: no loss is left."
        )
    check_objective(objective, student.num_classes)
    _check_names(augmentations)
    for method in augmentations:
        _check_options(method)
        _check_deep(method, objective)
    _check_gradients(objective, augmentations)
    if teacher is not None:
        _check_models(teacher, student, objective, augmentations)
        return
    if augmentations:
        stored = (
            ": a file of its answers has those to the clean text alone" if stored_logits else ""
        )
        raise InputError(
            f"Augmentation {augmentations[0].name!r} needs a teacher, but there is none{stored}."
        )
    soft = objective.soft > 0 and not stored_logits
    if soft or objective.deep.weighs:
        key = f"loss.soft is {objective.soft}" if soft else "loss.deep has a weight"
        raise InputError(
            f"{key}, but there is no teacher; give one, or set it to 0 to fine-tune on labels "
            "alone."
        )


def check_labels(
    examples: Examples | PreparedExamples,
    objective: Objective,
    augmentations: Sequence[Augmentation],
    method: str = "",
) -> None:
    """Refuses a loss against labels where no training text has one.

    Args:
        examples: The training texts.
        objective: The loss on clean text.
        augmentations: What is made up in each step.
        method: Dotted key that the loss stands under, with a dot at the end.

    Raises:
        InputError: Names the weight to set to 0.
    """
    if examples.labelled.any():
        return
    weights = {"loss": objective.hard, **{each.name: each.hard for each in augmentations}}
    for name, weight in weights.items():
        if weight > 0:
            place = f"{method}loss.hard" if name == "loss" else f"hard of {method}augment's {name}"
            raise InputError(
                f"{place} is {weight:g}, but no training text has a label (data.labels is false): "
                "set it to 0, and leave out methods that learn from labels alone."
            )
    for each in augmentations:
        if getattr(getattr(each, "of", each), "adversary", None) == "hard":
            raise InputError(
                f"adversary of {method}augment's {each.name} is 'hard', but no training text has a "
                "label (data.labels is false): set it to 'soft'."
            )


def _check_names(augmentations: Sequence[Augmentation]) -> None:
    names = [method.name for method in augmentations]
    for name in names:
        if names.count(name) > 1:
            raise InputError(
                f"{names.count(name)} augmentations are named {name!r}; give each its own name."
            )


def _check_options(method: Augmentation) -> None:
    for name, weight in (("hard", method.hard), ("soft", method.soft), ("deep", method.deep)):
        if weight < 0:
            raise InputError(f"{method.name}.{name} is {weight}, but must be 0 or more.")
    if method.hard == 0 and method.soft == 0:
        raise InputError(f"{method.name} has weight 0 in the loss; leave it out instead.")
    option = getattr(method, "auto_option", None)
    if option is not None and isinstance(getattr(method, option), str):
        raise InputError(
            f"{method.name}.{option} is {getattr(method, option)!r}, but must be a number: it "
            "makes no tokens whose changed share could set it."
        )
    if isinstance(method, TakesDegree) and isinstance(method.degree, str):
        raise InputError(
            f"{method.name}.degree is {method.degree!r}, which goes by the number of training "
            "examples: give a number, or let build_augmentations find it."
        )


def _check_deep(method: Augmentation, objective: Objective) -> None:
    if method.deep > 0 and not objective.deep.weighs:
        raise InputError(
            f"{method.name}.deep is {method.deep}, but it multiplies the weights in loss.deep, "
            "which are all 0; give one of hidden, attention and patient."
        )


def _check_gradients(objective: Objective, augmentations: Sequence[Augmentation]) -> None:
    if objective.hard > 0 or objective.soft > 0 or objective.deep.weighs:
        return
    for method in augmentations:
        if method.needs_clean_gradients:
            raise InputError(
                f"{method.name} follows the gradient of the loss on clean text, but loss.hard and "
                "loss.soft are both 0."
            )


def _check_models(
    teacher: SplitClassifier,
    student: SplitClassifier,
    objective: Objective,
    augmentations: Sequence[Augmentation],
) -> None:
    if teacher.num_classes != student.num_classes:
        raise InputError(
            f"The teacher has {teacher.num_classes} classes and the student "
            f"{student.num_classes}; they must have the same."
        )
    if same_vocabulary(teacher, student):
        return
    if objective.deep.hidden > 0 or objective.deep.attention > 0:
        raise InputError(
            "loss.deep needs a teacher and a student with one vocabulary, because position t of "
            f"the two models would hold different words; theirs differ: {tokenizer_name(teacher)} "
            f"and {tokenizer_name(student)}."
        )
    for method in augmentations:
        if method.one_vocabulary_because is not None:
            raise InputError(
                f"{method.name} needs a teacher and a student with one vocabulary, because "
                f"{method.one_vocabulary_because}; theirs differ: {tokenizer_name(teacher)} and "
                f"{tokenizer_name(student)}."
            )


def check_variants(
    augmentations: Sequence[Augmentation],
    examples: Examples | PreparedExamples,
    data: DataConfig,
) -> None:
    """Refuses files of variants that do not belong to the training texts.

    Args:
        augmentations: Those of the run.
        examples: What is trained on.
        data: Where it comes from; an id may be any of the whole training split.

    Raises:
        InputError: A file cannot be used; see the sentences.
    """
    for method in augmentations:
        if isinstance(method, ShowsVariants):
            if isinstance(examples, PreparedExamples):
                raise shown_from_memory(method.name)
            method.choices(examples, training_ids(data))
