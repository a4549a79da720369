"""Examples of what augmentations make, word by word, with the changes marked."""

import difflib
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from scipy.special import softmax

from tfaugkd.augment.method import Augmentation
from tfaugkd.augment.mixing import BLOCK
from tfaugkd.augmentation_views import Looked, Made
from tfaugkd.classifier import SplitClassifier
from tfaugkd.data.examples import WITHHELD
from tfaugkd.token_variants import written


class Span(NamedTuple):
    """Some words of a text, and whether the other text has others in their place."""

    text: str
    changed: bool


class Example(NamedTuple):
    """One text and what one augmentation made of it.

    `original` and `made` are the two as spans; `made` is empty where what models are shown is no
    text. `partner` is the text that was mixed in, empty where none was. `before` and `after` are
    the teacher's answers, probabilities of the classes or, for regression, the score; `reader`
    says who answered, where the teacher is shown the original and the student is asked instead.
    `flips` says that the most likely class is another one. `degree` is None where there is none.
    """

    method: str
    original: tuple[Span, ...]
    made: tuple[Span, ...]
    partner: str
    label: str
    before: tuple[float, ...]
    after: tuple[float, ...]
    reader: str
    flips: bool
    degree: float | None
    moved: float


def examples_of(
    looked: Looked,
    model: SplitClassifier,
    methods: Sequence[Augmentation],
    label_names: Sequence[str] = (),
    texts: int | None = None,
) -> list[list[Example]]:
    """Writes down what augmentations made.

    Args:
        looked: The N texts and what was made of them.
        model: The student, whose tokenizer writes the tokens.
        methods: The augmentations, which know who was mixed with whom.
        label_names: Names of the C classes in order; numbers if not given.
        texts: How many of the texts, from the first on; all of them if not given.

    Returns:
        For each text an example of each method.
    """
    originals = words_of(model, _token_ids(looked.clean))
    rotations = {method.name: _rotation(method) for method in methods}
    written_out = {
        name: None if made.token_ids is None else words_of(model, made.token_ids[:texts])
        for name, made in looked.made.items()
    }
    found = []
    for place, words in enumerate(originals[:texts]):
        label = label_of(looked.labels[place], label_names)
        of_text = []
        for name, made in looked.made.items():
            other = _partner(place, rotations.get(name))
            partner = " ".join(originals[other]) if other in range(len(originals)) else ""
            own = written_out[name]
            new = None if own is None else own[place]
            of_text.append(_example(name, words, new, partner, label, looked.clean, made, place))
        found.append(of_text)
    return found


def _example(
    name: str,
    words: list[str],
    new: list[str] | None,
    partner: str,
    label: str,
    clean: Made,
    made: Made,
    place: int,
) -> Example:
    before, after, reader = answers_of(clean, made)
    original, marked = marked_changes(words, words if new is None else new)
    return Example(
        method=name,
        original=original,
        made=() if new is None else marked,
        partner=partner,
        label=label,
        before=_distribution(before[place]),
        after=_distribution(after[place]),
        reader=reader,
        flips=bool(flips(before[place : place + 1], after[place : place + 1])[0]),
        degree=None if made.degree is None else float(made.degree[place]),
        moved=float(made.moved[place]),
    )


def answers_of(clean: Made, made: Made) -> tuple[np.ndarray, np.ndarray, str]:
    """Gives the answers that tell what an augmentation does to the meaning.

    Args:
        clean: The originals.
        made: What was made of them.

    Returns:
        Logits `[N, C]` of the originals and of what was made, and whose they are: "teacher", or
        "student" where the teacher is shown the original, or is not there.
    """
    if made.reads_clean or clean.of_teacher is None or made.of_teacher is None:
        return clean.of_student.logits, made.of_student.logits, "student"
    return clean.of_teacher.logits, made.of_teacher.logits, "teacher"


def flips(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Tells where the most likely class is another one.

    Args:
        before: Logits `[N, C]`.
        after: Logits `[N, C]`.

    Returns:
        bool `[N]`; false everywhere where C = 1.
    """
    return before.argmax(axis=-1) != after.argmax(axis=-1)


def marked_changes(
    original: Sequence[str], made: Sequence[str]
) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Marks what differs between two texts, by their longest common runs of words.

    Args:
        original: The words of one text.
        made: The words of the other.

    Returns:
        Both texts as spans; those without words are left out.
    """
    matcher = difflib.SequenceMatcher(None, original, made, autojunk=False)
    marks = [True] * len(original), [True] * len(made)
    for first, second, size in matcher.get_matching_blocks():
        marks[0][first : first + size] = [False] * size
        marks[1][second : second + size] = [False] * size
    return _spans(original, marks[0]), _spans(made, marks[1])


def _spans(words: Sequence[str], marks: Sequence[bool]) -> tuple[Span, ...]:
    groups = groupby(zip(words, marks, strict=True), key=itemgetter(1))
    return tuple(Span(" ".join(word for word, _ in group), mark) for mark, group in groups)


def words_of(model: SplitClassifier, token_ids: np.ndarray) -> list[list[str]]:
    """Writes rows of tokens as words.

    Args:
        model: Its tokenizer writes them.
        token_ids: int `[N, S]`.

    Returns:
        For each row its words. Specials are left out, but for those between two texts of a pair,
        which stand as they are called.
    """
    vocabulary = model.vocabulary
    pieces: list[list[list[int]]] = []
    for ids in token_ids:
        text = np.flatnonzero(~vocabulary.special[ids])
        inner = ids[text[0] : text[-1] + 1] if len(text) else ids[:0]
        words: list[list[int]] = []
        for number in inner.tolist():
            alone = not words or vocabulary.begins_word[number]
            alone = alone or vocabulary.special[number] or vocabulary.special[words[-1][-1]]
            if alone:
                words.append([number])
            else:
                words[-1].append(number)
        pieces.append(words)
    spelled = iter(written(model, [word for words in pieces for word in words]))
    return [
        [next(spelled) or vocabulary.tokens.get(word[0], "") for word in words] for words in pieces
    ]


def label_of(label: float, label_names: Sequence[str]) -> str:
    """Spells a label: its class' name, its number, or nothing where it is withheld."""
    if np.isnan(label) or (
        label == WITHHELD and np.issubdtype(np.asarray(label).dtype, np.integer)
    ):
        return ""
    number = float(label)
    if label_names and number.is_integer() and 0 <= number < len(label_names):
        return label_names[int(number)]
    return f"{number:g}"


def _distribution(logits: np.ndarray) -> tuple[float, ...]:
    values = logits if len(logits) == 1 else softmax(logits.astype(np.float64))
    return tuple(float(value) for value in values)


def _token_ids(clean: Made) -> np.ndarray:
    assert clean.token_ids is not None, "the originals are texts"
    return clean.token_ids


def _rotation(method: Augmentation) -> int | None:
    # AugPro's is that of what it projects.
    return getattr(getattr(method, "of", method), "rotation", None)


def _partner(place: int, rotation: int | None) -> int:
    """Gives the place of the text that was mixed in, -1 where none was."""
    if rotation is None:
        return -1
    return place - place % BLOCK + (place + rotation) % BLOCK
