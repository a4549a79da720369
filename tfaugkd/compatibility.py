"""Whether a teacher, a student, an objective and augmentations fit together."""

import logging
import re
from collections.abc import Sequence
from typing import Any

from keras_hub.tokenizers import (
    BytePairTokenizer,
    SentencePieceTokenizer,
    Tokenizer,
    WordPieceTokenizer,
)

from tfaugkd.augment.method import Augmentation, ShowsVariants, TakesDegree
from tfaugkd.classifier import SplitClassifier
from tfaugkd.config import DataConfig, Objective
from tfaugkd.data.examples import Examples
from tfaugkd.data.load import training_ids
from tfaugkd.errors import InputError
from tfaugkd.hugging_face import is_placeholder
from tfaugkd.losses import check_objective
from tfaugkd.saved_model import ModelFacts

_LOG = logging.getLogger("tfaugkd")
_ALGORITHMS = (WordPieceTokenizer, BytePairTokenizer, SentencePieceTokenizer, Tokenizer)
# The sequence length is the preprocessor's, and the vocabulary is compared by itself.
_NOT_READING = {"name", "trainable", "dtype", "config_file", "sequence_length", "vocabulary"}


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
    examples: Examples,
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
            f"the two models would hold different words; theirs differ: {_tokenizer_of(teacher)} "
            f"and {_tokenizer_of(student)}."
        )
    for method in augmentations:
        if method.one_vocabulary_because is not None:
            raise InputError(
                f"{method.name} needs a teacher and a student with one vocabulary, because "
                f"{method.one_vocabulary_because}; theirs differ: {_tokenizer_of(teacher)} and "
                f"{_tokenizer_of(student)}."
            )


def _tokenizer_of(model: SplitClassifier) -> str:
    name = type(model.classifier.preprocessor.tokenizer).__name__
    return f"a {name} with {len(model.vocabulary.tokens)} tokens"


def check_fit(
    role: str, model: SplitClassifier, facts: ModelFacts | None, examples: Examples
) -> None:
    """Refuses a model whose classes or texts are not those of the data.

    Args:
        role: What the model is called in the sentence.
        model: The model.
        facts: What was saved with it; None leaves its labels' names unknown.
        examples: The data.

    Raises:
        InputError: Another number of classes, other names, or another order of the same names;
            pairs of texts for a model of single texts, or the other way round.
    """
    expected = max(1, len(examples.label_names))
    if model.num_classes != expected:
        raise InputError(
            f"The {role} has {model.num_classes} classes, but the data have {expected}: "
            f"{', '.join(examples.label_names) or 'a score'}."
        )
    if facts is not None:
        _check_label_names(role, facts.label_names, examples.label_names)
    pairs = examples.text_b is not None
    if facts is not None and facts.pair not in (None, pairs):
        kinds = {True: "pairs of texts", False: "single texts"}
        raise InputError(f"The {role} reads {kinds[not pairs]}, but the data are {kinds[pairs]}.")


def _check_label_names(role: str, received: tuple[str, ...], expected: tuple[str, ...]) -> None:
    if is_placeholder(received):
        _LOG.info(
            "The %s's labels have no names (%s); they are taken for the data's, in this order: %s.",
            *(role, ", ".join(received), ", ".join(expected)),
        )
        return
    one, other = ([_plain(name) for name in names] for names in (received, expected))
    if one == other:
        return
    remedy = "set data.label_names to the order that the model was trained with"
    if set(one) != set(other):
        remedy = (
            "give both the same names: the model's are in its tfaugkd.json, or under id2label in "
            "its config.json if it is Hugging Face's"
        )
    raise InputError(
        f"The {role}'s labels are {', '.join(received) or 'a score'}, but the data's are "
        f"{', '.join(expected) or 'a score'}, in this order; {remedy}."
    )


def _plain(name: str) -> str:
    """Takes POSITIVE for positive, and "not entailment" for not_entailment."""
    return re.sub(r"[\s_-]+", "_", name.strip().casefold())


def check_length(
    role: str, model: SplitClassifier, sequence_length: int, key: str = "data.sequence_length"
) -> None:
    """Refuses texts that are longer than a model has positions for.

    Args:
        role: What the model is called in the sentence.
        model: The model.
        sequence_length: S, specials included.
        key: Where it is set.

    Raises:
        InputError: The model reads fewer tokens.
    """
    # T5 has no positions to run out of.
    longest = getattr(model.classifier.backbone, "max_sequence_length", None)
    if longest is not None and sequence_length > longest:
        raise InputError(
            f"{key} is {sequence_length}, but the {role} reads at most {longest} tokens."
        )


def check_variants(
    augmentations: Sequence[Augmentation], examples: Examples, data: DataConfig
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
            method.choices(examples, training_ids(data))


def same_vocabulary(teacher: SplitClassifier, student: SplitClassifier) -> bool:
    """Tells whether two models number the same tokens in the same way, and read text alike.

    Their families may differ: BERT's tokenizer and DistilBERT's are one.

    Args:
        teacher: One model.
        student: The other one.

    Returns:
        Whether one batch of tokens is the same text to both.
    """
    one, other = (model.classifier.preprocessor.tokenizer for model in (teacher, student))
    return one is other or reading_of(teacher) == reading_of(student)


def reading_of(model: SplitClassifier) -> list[Any]:
    """Gives all that says how a model's tokenizer turns text into tokens: rules and vocabulary."""
    tokenizer = model.classifier.preprocessor.tokenizer
    algorithm = next(kind for kind in _ALGORITHMS if isinstance(tokenizer, kind))
    options = {k: v for k, v in tokenizer.get_config().items() if k not in _NOT_READING}
    # Saved as files, and so not in the config.
    rules = [getattr(tokenizer, name, None) for name in ("merges", "proto")]
    frame = [getattr(tokenizer, f"{name}_token_id") for name in ("start", "end", "pad")]
    return [algorithm, options, rules, frame, model.vocabulary.tokens]
