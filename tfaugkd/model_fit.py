"""Whether a model fits the data: its classes, its kind of text, its length."""

import logging
import re

from tfaugkd.classifier import SplitClassifier
from tfaugkd.data.examples import Examples
from tfaugkd.data.shards.prepared_batches import check_prepared
from tfaugkd.data.shards.prepared_examples import PreparedExamples
from tfaugkd.errors import InputError
from tfaugkd.hugging_face import is_placeholder
from tfaugkd.saved_model import ModelFacts
from tfaugkd.tokenizer_comparison import same_vocabulary

_LOG = logging.getLogger("tfaugkd")


def check_fit(
    role: str,
    model: SplitClassifier,
    facts: ModelFacts | None,
    examples: Examples | PreparedExamples,
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
    pairs = examples.pair
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


def check_tokens(
    examples: Examples | PreparedExamples,
    teacher: SplitClassifier | None,
    student: SplitClassifier,
    sequence_length: int,
) -> None:
    """Refuses texts that were tokenised before, for other models than those that read them now.

    Args:
        examples: What is trained on; in memory it is not tokenised yet.
        teacher: The teacher, or None.
        student: The student.
        sequence_length: S, specials included.

    Raises:
        InputError: They were prepared for another tokenizer or another length.
    """
    if isinstance(examples, PreparedExamples):
        two = teacher is not None and not same_vocabulary(teacher, student)
        of_teacher = teacher.classifier.preprocessor if teacher is not None and two else None
        preprocessor = student.classifier.preprocessor
        check_prepared(examples, preprocessor, sequence_length, of_teacher)
