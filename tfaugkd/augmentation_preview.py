"""Prints what augmentations do to the training texts: examples, and numbers side by side."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfaugkd.augment import METHODS, build_augmentations, options_of, read_entry
from tfaugkd.augment.method import Augmentation
from tfaugkd.augmentation_examples import examples_of
from tfaugkd.augmentation_lines import print_examples
from tfaugkd.augmentation_statistics import statistics_cells, statistics_of, tokens_per_second
from tfaugkd.augmentation_views import Looked, look, look_at_texts
from tfaugkd.cells import print_cells
from tfaugkd.classifier import SplitClassifier
from tfaugkd.config import Options
from tfaugkd.data.batches import training_batches
from tfaugkd.data.examples import Examples
from tfaugkd.data.order import shuffled_indices
from tfaugkd.distiller import Distiller
from tfaugkd.errors import InputError
from tfaugkd.offline_config import AugmentConfig
from tfaugkd.rewriting import rewritten

_LOG = logging.getLogger("tfaugkd")
_STATISTICS_TEXTS = 256
_HOW_TO_READ = """\
"Tokens changed" counts against the nearer of the texts that one was made from; "embeddings moved"
is the distance from the original as a share of its length, for methods that make no text, too.
Labels and entropy are the teacher's answers to what a student would be shown; the first line has
its answers to the real texts, and how near these are to one another. The teacher stands for the
student here, so that gradients are those by which it would learn the labels."""

Teacher = Callable[[], SplitClassifier]


class _Sources(NamedTuple):
    """What there is to look at: methods for the step, and methods that rewrite, by name."""

    online: list[Augmentation]
    rewriters: dict[str, Any]


def preview(
    config: AugmentConfig,
    examples: Examples,
    columns: Sequence[str],
    teacher: Teacher,
    rewriters: Mapping[str, Callable[..., Any]],
) -> None:
    """Prints examples and statistics of augmentations, as far as the configuration asks for them.

    Args:
        config: The job.
        examples: N training texts; labelled, if a method follows a gradient.
        columns: The task's columns of the text.
        teacher: Gives the teacher, which stands for the student, too.
        rewriters: The methods that rewrite texts before training, by name.

    Raises:
        InputError: A method that cannot be built, or that needs a student of its own.
    """
    sources = _sources(config.augment, len(examples), columns, rewriters)
    model = teacher()
    distiller = Distiller(model, model, augmentations=sources.online)
    batches = training_batches(
        examples,
        model.classifier.preprocessor,
        config.batch_size,
        config.data.sequence_length,
        distiller.augmentations,
        seed=config.seed,
        labels_required=any(method.needs_clean_gradients for method in distiller.augmentations),
    )
    distiller.calibrate(batches)
    count = min(len(examples), max(config.show, _STATISTICS_TEXTS if config.stats else 0))
    looked = look(distiller, batches, count)
    rates = tokens_per_second(distiller, batches, config.jit_compile) if config.stats else {}
    _look_at_rewritten(sources.rewriters, config, examples, model, looked, rates)
    if config.show:
        names = examples.label_names
        shown = examples_of(looked, model, distiller.augmentations, names, config.show)
        print_examples(shown, names)
    if config.stats:
        print_cells(statistics_cells(statistics_of(looked, rates)))
        print(_HOW_TO_READ)


def _sources(
    entries: Sequence[Options],
    train_examples: int,
    columns: Sequence[str],
    rewriters: Mapping[str, Callable[..., Any]],
) -> _Sources:
    if not entries:
        return _all_sources(train_examples, columns, rewriters)
    online = [entry for entry in entries if entry["name"] in METHODS]
    methods = build_augmentations(online, train_examples, columns)
    for method in methods:
        _require_no_student(method)
    offline = (read_entry(entry, rewriters) for entry in entries if entry["name"] in rewriters)
    return _Sources(methods, {name: rewriters[name](**options) for name, options in offline})


def _all_sources(
    train_examples: int, columns: Sequence[str], rewriters: Mapping[str, Callable[..., Any]]
) -> _Sources:
    """Builds every method that needs no option; one that is not to be had is left out, aloud."""
    found = _Sources([], {})
    for name, method in (METHODS | dict(rewriters)).items():
        allowed = options_of(method)
        if any(allowed.values()):
            _LOG.info("Left out %s, which needs options; list it under augment.", name)
            continue
        # The only adversary that there is without a student who disagrees with the teacher.
        options = {"adversary": "hard"} if "adversary" in allowed else {}
        try:
            if name in rewriters:
                found.rewriters[name] = method(**options)
            else:
                found.online.extend(
                    build_augmentations([{"name": name, **options}], train_examples, columns)
                )
        except InputError as error:
            _LOG.warning("Left out %s: %s", name, error)
    return found


def _require_no_student(method: Augmentation) -> None:
    if method.needs_teacher_answer:
        raise InputError(
            f"{method.name} climbs the distance between student and teacher, which are one model "
            "here; give it adversary: hard."
        )


def _look_at_rewritten(
    methods: dict[str, Any],
    config: AugmentConfig,
    examples: Examples,
    model: SplitClassifier,
    looked: Looked,
    rates: dict[str, float],
) -> None:
    """Adds what the rewriting methods make of the same texts, and how fast they are."""
    numbers = tf.range(len(looked.labels), dtype=tf.int64)
    originals = examples.take(shuffled_indices(config.seed, numbers, len(examples)).numpy())
    for name, method in methods.items():
        began = time.perf_counter()
        texts = [texts for _, texts in rewritten(method, originals, 1, config.seed, lambda: model)]
        seconds = time.perf_counter() - began
        sides = [list(side) for side in zip(*texts, strict=True)]
        made = look_at_texts(
            model,
            originals,
            Examples(sides[0], sides[1] if len(sides) > 1 else None),
            config.data.sequence_length,
            config.batch_size,
        )
        assert looked.clean.token_ids is not None, "the originals are texts"
        is_text = ~model.vocabulary.special[looked.clean.token_ids]
        looked.made[name] = made
        if config.stats:
            rates[name] = float(np.sum(is_text)) / seconds
