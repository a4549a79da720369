"""The job `tfaugkd augment`: what augmentations do to the training texts, before any training."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial

from keras.utils import Progbar

from tfaugkd.augment import METHODS, build_augmentations, read_entry
from tfaugkd.augmentation_preview import preview
from tfaugkd.back_translation import BackTranslation
from tfaugkd.classifier import SplitClassifier
from tfaugkd.config import Options
from tfaugkd.data import load_split, task_of
from tfaugkd.data.examples import Examples
from tfaugkd.data.files import write_rows
from tfaugkd.data.formats import ending_of
from tfaugkd.data.variants import ID
from tfaugkd.errors import InputError
from tfaugkd.folders import require_new_file
from tfaugkd.jobs import paths_of
from tfaugkd.model_fit import check_fit, check_length
from tfaugkd.offline_config import AugmentConfig
from tfaugkd.preparation_config import PrepareConfig
from tfaugkd.rewriting import Rewrites, Rewritten, rewritten
from tfaugkd.saved_model import load_model_or_preset
from tfaugkd.tinybert import TinyBertEditing
from tfaugkd.token_variants import token_variants

_LOG = logging.getLogger("tfaugkd")

REWRITERS: dict[str, Callable[..., Rewrites]] = {
    "tinybert": TinyBertEditing,
    "back_translation": BackTranslation,
}


def augment(config: AugmentConfig) -> None:
    """Shows what augmentations do, and writes a file with variants of the training texts.

    Args:
        config: The job.

    Raises:
        InputError: Data, a model, a method or an output that cannot be used; see the sentences.
    """
    if config.output is not None:
        require_new_file(config.output, config.overwrite, paths_of(config.data))
        ending_of(config.output)
    for entry in config.augment:
        read_entry(entry, METHODS | REWRITERS)
    data = replace(config.data, added_file=None)
    examples, task = load_split(data, "train"), task_of(data)
    teacher = cache(partial(_load_teacher, config, examples))
    if config.show or config.stats:
        preview(config, examples, task.texts, teacher, REWRITERS)
    if config.output is not None:
        _write(config, config.output, examples, task.texts, teacher)


def _write(
    config: AugmentConfig,
    output: str,
    examples: Examples,
    columns: tuple[str, ...],
    teacher: Callable[[], SplitClassifier],
) -> None:
    made = variants_of(config, examples, columns, teacher)
    rows = [
        {ID: examples.ids[place], **dict(zip(columns, texts, strict=True))}
        for place, variants in enumerate(made)
        for texts in variants
    ]
    if not rows:
        raise InputError(
            f"No variant of the {len(examples)} texts differs from its original; nothing is "
            "written."
        )
    write_rows(output, rows)
    left_out = len(examples) * config.copies * len(config.augment) - len(rows)
    print(f"Wrote {len(rows)} variants of {len(examples)} texts to {output}.")
    if left_out:
        print(f"Left out {left_out} that are empty or repeat a text.")


def variants_of(
    config: AugmentConfig | PrepareConfig,
    examples: Examples,
    columns: tuple[str, ...],
    teacher: Callable[[], SplitClassifier],
    seed: int | None = None,
    total: int | None = None,
    verbose: int = 1,
) -> list[list[tuple[str, ...]]]:
    """Makes variants of texts by every method of a job.

    Args:
        config: The job: its methods, and how many copies each makes.
        examples: N texts or pairs.
        columns: Names of the columns of the text.
        teacher: Loads the teacher, if a method asks for it.
        seed: Of all that is drawn; the job's if not given.
        total: How many texts there are in all, by which a degree may go; N if not given.
        verbose: Whether the log and a bar show how far it is.

    Returns:
        For each example the texts of its variants, without those that are empty or repeat a text.

    Raises:
        InputError: A method that cannot be used.
    """
    made: list[list[tuple[str, ...]]] = [[] for _ in range(len(examples))]
    for entry in config.augment:
        own = config.seed if seed is None else seed
        source = _made_by(entry, config, examples, columns, teacher, own, total or len(examples))
        if verbose:
            _LOG.info("Augmenting %d texts by %s.", len(examples), entry["name"])
        bar = Progbar(len(examples) * config.copies, unit_name="text", verbose=verbose)
        for place, texts in source:
            made[place].append(texts)
            bar.add(1)
    return [new_texts(_texts_at(examples, place), variants) for place, variants in enumerate(made)]


def new_texts(
    original: tuple[str, ...], variants: Sequence[tuple[str, ...]]
) -> list[tuple[str, ...]]:
    """Leaves variants out that are empty, or repeat their original or one another.

    Args:
        original: The text, or the two of a pair.
        variants: The variants' texts; one that has fewer than the original has an empty one.

    Returns:
        Those that are left. Capitals and spaces, which tokenizers lose, make no difference.
    """
    seen = {_spelling(original)}
    new = []
    for texts in variants:
        spelling = _spelling(texts)
        if len(texts) == len(original) and all(spelling) and spelling not in seen:
            seen.add(spelling)
            new.append(texts)
    return new


def _spelling(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple("".join(text.lower().split()) for text in texts)


def _texts_at(examples: Examples, place: int) -> tuple[str, ...]:
    second = () if examples.text_b is None else (examples.text_b[place],)
    return (examples.text_a[place], *second)


def _made_by(
    entry: Options,
    config: AugmentConfig | PrepareConfig,
    examples: Examples,
    columns: tuple[str, ...],
    teacher: Callable[[], SplitClassifier],
    seed: int,
    total: int,
) -> Rewritten:
    """Starts one method; what it lacks is said before it takes time."""
    if entry["name"] in REWRITERS:
        _, options = read_entry(entry, REWRITERS)
        method = REWRITERS[entry["name"]](**options)
        return rewritten(method, examples, config.copies, seed, teacher)
    (online,) = build_augmentations([entry], total, columns)
    return token_variants(
        online,
        teacher(),
        examples,
        config.copies,
        config.batch_size,
        config.data.sequence_length,
        seed,
        config.jit_compile,
    )


def _load_teacher(config: AugmentConfig, examples: Examples) -> SplitClassifier:
    classes = max(1, len(examples.label_names))
    classifier, facts = load_model_or_preset(config.teacher, classes)
    model = SplitClassifier(classifier)
    if facts is not None:
        check_fit("teacher", model, facts, examples)
    check_length("teacher", model, config.data.sequence_length)
    return model
