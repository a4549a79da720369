"""The shipped configs: each is read and built, differs from the others, trains what it names."""

import re
import shlex
from collections import defaultdict
from contextlib import chdir
from dataclasses import asdict, fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import keras_hub
import numpy as np
import pytest
import tensorflow as tf
import yaml
from conftest import LENGTH, bert, command, sentiment

from tfaugkd.augment import METHODS, build_augmentations, eda, read_entry
from tfaugkd.augment.tmix import TMix
from tfaugkd.augment.variants import Variants
from tfaugkd.classifier import SplitClassifier
from tfaugkd.command_line import JOBS
from tfaugkd.comparison_config import CompareConfig
from tfaugkd.compatibility import check_distillation, check_labels
from tfaugkd.config import PACKAGED, MethodConfig
from tfaugkd.config_fields import build
from tfaugkd.data.batches import training_batches
from tfaugkd.data.files import write_rows
from tfaugkd.data.tasks import TASKS, plain_spelling
from tfaugkd.distiller import Distiller
from tfaugkd.job_configs import DistillConfig, TeacherConfig
from tfaugkd.losses import check_objective
from tfaugkd.offline import REWRITERS
from tfaugkd.offline_config import AugmentConfig
from tfaugkd.optimizer import build_optimizer
from tfaugkd.synonyms import Synonyms

ROOT = Path(__file__).parents[1]
PAPERS = ("ad2", "augpro", "da_for_kd", "mixkd")
PATHS = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "configs").rglob("*.yaml"))]
OF_PAPERS = [path for path in PATHS if Path(path).parent.name in PAPERS]
# A degree of "auto" needs to know how many examples there are.
EXAMPLES = 5000
TEXTS = 16


class Shipped(NamedTuple):
    """A config: the job and the options of its first line, and all of its text."""

    job: str
    options: list[str]
    text: str


@cache
def shipped(path):
    text = (ROOT / path).read_text()
    header = text.partition("\n")[0]
    assert header.startswith("# tfaugkd "), "the first line must be the command, as a comment"
    _, job, *options = shlex.split(header.removeprefix("# "))
    return Shipped(job, options, text)


@cache
def config_of(path):
    """Makes a config by the command in its first line."""
    job, options, _ = shipped(path)
    with chdir(ROOT):
        status, out, err = command(job, *options, "--print_config")
    assert (status, err) == (0, ""), err
    return build(JOBS[job].config, yaml.safe_load(out))


@cache
def entries_of(path):
    """Gives the lists of augmentations that a config holds."""
    config = config_of(path)
    if isinstance(config, CompareConfig):
        return [method.augment for method in config.methods.values()]
    return [config.augment] if isinstance(config, (DistillConfig, AugmentConfig)) else []


def methods_of(path):
    """Gives the name and the MethodConfig of each student that a config trains."""
    config = config_of(path)
    if isinstance(config, CompareConfig):
        return config.methods
    if not isinstance(config, DistillConfig):
        return {}
    parts = {field.name: getattr(config, field.name) for field in fields(MethodConfig)}
    return {path: MethodConfig(**parts)}


@pytest.mark.parametrize("path", PATHS)
def test_a_config_is_read_by_the_command_in_its_first_line(path):
    assert shipped(path).options[:2] == ["--config", path]
    assert isinstance(config_of(path), JOBS[shipped(path).job].config)


def texts_of(config):
    """Gives texts with labels, or without where a config withholds them."""
    texts = sentiment(TEXTS)
    withheld = np.full(TEXTS, -1, np.int32)
    return texts if config.data.labels else replace(texts, labels=withheld)


@pytest.mark.parametrize("path", PATHS)
def test_the_parts_of_a_config_are_built(path):
    config = config_of(path)
    if isinstance(config, AugmentConfig):
        for entry in config.augment:
            name, options = read_entry(entry, METHODS | REWRITERS)
            assert (METHODS | REWRITERS)[name](**options)
    for method in methods_of(path).values():
        augmentations = build_augmentations(method.augment, EXAMPLES)
        assert len(augmentations) >= len(method.augment)
        check_labels(texts_of(config), method.loss, augmentations)
        check_objective(method.loss, num_classes=2)
    for key in ("train", "teacher_train"):
        if hasattr(config, key):
            assert build_optimizer(getattr(config, key).planned(EXAMPLES))


def experiment(path):
    """Describes what a config does, apart from its task, its output and the names of its rows."""
    config = config_of(path)
    told = asdict(config)
    told.pop("output")
    if Path(path).parent.name in PAPERS:
        for key in ("task", "path", "train_file", "dev_file"):
            told["data"].pop(key)
    if isinstance(config, AugmentConfig):
        return told
    methods = [trained(method) for method in methods_of(path).values()]
    for key in ("methods", "baseline", "loss", "augment", "teacher_dropout"):
        told.pop(key, None)
    return shipped(path).job, told, methods


def trained(method):
    """Describes a method by what is built, so that a default that is written out is no other."""
    built = build_augmentations(method.augment, EXAMPLES)
    return asdict(method.loss), sorted(map(repr, built)), method.teacher_dropout


def same(described):
    """Groups names by what is described under them; gives the groups of more than one."""
    groups = defaultdict(list)
    for name, what in described.items():
        groups[repr(what)].append(name)
    return [names for names in groups.values() if len(names) > 1]


def test_no_two_configs_are_the_same_experiment():
    assert same({path: experiment(path) for path in PATHS}) == []


@pytest.mark.parametrize(
    "path", [path for path in PATHS if isinstance(config_of(path), CompareConfig)]
)
def test_no_two_methods_of_a_comparison_are_the_same(path):
    assert same({name: trained(method) for name, method in methods_of(path).items()}) == []


def test_configs_that_differ_in_a_name_or_a_default_are_found_to_be_the_same(tmp_path):
    plain = MethodConfig(augment=[{"name": "mixup"}])
    written_out = MethodConfig(augment=[{"name": "mixup", "weight": 0.5, "hard": 1.0}])
    other = MethodConfig(augment=[{"name": "mixup", "weight": 0.4}])
    described = {"a": trained(plain), "b": trained(written_out), "c": trained(other)}
    assert same(described) == [["a", "b"]]


def test_every_output_is_one_files_own():
    outputs = [config_of(path).output for path in PATHS]
    assert len(set(outputs)) == len(outputs)
    for path in OF_PAPERS:
        if not isinstance(config_of(path), AugmentConfig):
            folder = Path(path).with_suffix("").relative_to("configs")
            assert config_of(path).output == f"outputs/{folder}"


@pytest.mark.parametrize("path", OF_PAPERS)
def test_a_teacher_is_what_another_config_writes(path):
    config = config_of(path)
    teacher = getattr(config, "teacher", None)
    if isinstance(config, AugmentConfig) and teacher == AugmentConfig.teacher:
        return  # Its methods ask none.
    if teacher is not None:
        writers = [config_of(other) for other in PATHS if config_of(other).output == teacher]
        assert [type(writer) for writer in writers] == [TeacherConfig], f"nothing writes {teacher}"


@pytest.mark.parametrize("path", OF_PAPERS)
def test_a_file_is_what_another_config_writes_or_its_own_first_lines(path):
    config = config_of(path)
    files = {config.data.added_file, config.data.unlabelled_file}
    files |= {entry.get("file") for entries in entries_of(path) for entry in entries}
    writers = [other for other in PATHS if shipped(other).job == "augment"]
    told = "\n".join(unwrapped(shipped(other).text) for other in (path, *writers))
    for file in files - {None}:
        assert re.search(rf"(output:|--output|>) {re.escape(file)}\s", told), (
            f"nothing writes {file}"
        )


def unwrapped(text):
    """Joins the lines of a comment."""
    return text.replace("\n# ", " ")


@pytest.mark.parametrize("path", OF_PAPERS)
def test_a_preset_is_one_that_can_be_had(path):
    config = config_of(path)
    student = getattr(config, "student", None)
    named = {getattr(config, "preset", None), getattr(config, "teacher_preset", None)}
    named |= {student.preset if student else None}
    named |= {entry.get("masked_lm") for entries in entries_of(path) for entry in entries}
    known = set(keras_hub.models.Backbone.presets) | {PACKAGED, None}
    assert {preset for preset in named - known if not preset.startswith("hf://")} == set()


@pytest.mark.parametrize("path", OF_PAPERS)
def test_the_first_lines_name_tasks_that_exist(path):
    assert plain_spelling(config_of(path).data.task) in TASKS


def test_the_readme_lists_every_config():
    text = (ROOT / "configs" / "README.md").read_text()
    listed = {f"configs/{name}" for name in re.findall(r"`([\w/]+\.yaml)`", text)}
    assert listed == set(PATHS)


def fitted(method, variants):
    """Fits a method to tiny models: fewer layers, and a file that is there."""
    if isinstance(method, TMix):
        return replace(method, student_layer=1, teacher_layer=1)
    return replace(method, file=variants) if isinstance(method, Variants) else method


def test_the_commands_in_the_readme_are_read():
    text = (ROOT / "configs" / "README.md").read_text().replace("\\\n", " ")
    commands = re.findall(r"^ {4}tfaugkd (.*)$", text, re.MULTILINE)
    assert len(commands) == 2
    for line in commands:
        with chdir(ROOT):
            status, _, err = command(*shlex.split(line), "--print_config")
        assert (status, err) == (0, "")


def kind(value):
    """Describes a method apart from its numbers, of which only that they are there counts."""
    if is_dataclass(value):
        return type(value).__name__, *(kind(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, (list, tuple)):
        return tuple(map(kind, value))
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value > 0 if number else repr(value)


def distinct_methods():
    """Lists methods that hold each augmentation under each objective, and each number of them."""
    seen, found = set(), []
    for path in OF_PAPERS:
        for name, method in methods_of(path).items():
            built = [fitted(one, "") for one in build_augmentations(method.augment, EXAMPLES)]
            objective = (kind(method.loss), method.teacher_dropout)
            parts = {(objective, part) for part in (len(built), *map(kind, built))}
            if not parts <= seen:
                found.append(path if name == path else f"{path}: {name}")
            seen |= parts
    return found


def method_at(where):
    path, _, name = where.partition(": ")
    return methods_of(path)[name or path]


@pytest.fixture(scope="module")
def classifiers():
    """A teacher with dropout, a student, and the student's first weights."""
    teacher = SplitClassifier(bert(layers=2, seed=1, dropout=0.1))
    student = SplitClassifier(bert(layers=2, seed=2))
    return teacher, student, [weight.numpy() for weight in student.classifier.weights]


@pytest.fixture(scope="module")
def variants(tmp_path_factory):
    """A file of variants for the texts of `sentiment`."""
    path = tmp_path_factory.mktemp("variants") / "variants.tsv"
    texts = sentiment(TEXTS, seed=5).text_a
    write_rows(path, [{"id": str(i), "text": text} for i, text in enumerate(texts)])
    return str(path)


def synonyms(words):
    del words
    return Synonyms("A list", {"good": ("great", "fun"), "film": ("movie",)})


@pytest.mark.parametrize("where", distinct_methods())
def test_every_term_of_a_method_teaches_the_student(where, classifiers, variants, monkeypatch):
    monkeypatch.setattr(eda, "find_synonyms", synonyms)
    monkeypatch.setattr(eda, "require_synonyms", lambda: None)
    told = method_at(where)
    teacher, student, first = classifiers
    for weight, value in zip(student.classifier.weights, first, strict=True):
        weight.assign(value)
    methods = [fitted(one, variants) for one in build_augmentations(told.augment, EXAMPLES)]
    check_distillation(teacher, student, told.loss, methods)
    preprocessor = student.classifier.preprocessor
    distiller = Distiller(teacher, student, told.loss, methods, told.teacher_dropout)
    distiller.compile("sgd", run_eagerly=True)
    data = training_batches(sentiment(TEXTS), preprocessor, 8, LENGTH, methods)
    (x, y, _), (then, labels, _) = data.take(2)
    _, _, gradients = distiller.losses_and_gradients(x, y, None)
    distiller.update(gradients)
    with tf.GradientTape(persistent=True) as tape:
        terms, _, gradients = distiller.losses_and_gradients(then, labels, None)
    distiller.update(gradients)
    weights = [weight.value for weight in student.classifier.trainable_variables]
    for name, (weight, values) in terms.items():
        assert np.isfinite(values).all(), name
        if weight > 0:
            assert np.abs(values).max() > 0, f"{name} is zero"
            reached = tape.gradient(values, weights, unconnected_gradients="zero")
            assert max(np.abs(one).max() for one in map(tf.convert_to_tensor, reached)) > 0, name
