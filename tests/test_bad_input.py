"""Files and configs that were made wrong in every way: they are read, or refused in one sentence.

The suite makes hundreds; with TFAUGKD_BAD_INPUTS=1250 there are 10,000.
"""

import csv
import io
import json
import os
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tfaugkd.command_line import read_config
from tfaugkd.comparison_config import CompareConfig
from tfaugkd.config_input import check, read_yaml
from tfaugkd.data.bad_rows import BadRows
from tfaugkd.data.files import read_label_names, read_labelled, read_texts
from tfaugkd.data.tasks import Task
from tfaugkd.errors import InputError
from tfaugkd.job_configs import DistillConfig
from tfaugkd.sweep_config import SweepConfig

EXAMPLES = int(os.environ.get("TFAUGKD_BAD_INPUTS", "100"))
MANY = settings(
    max_examples=EXAMPLES,
    deadline=10_000,  # Milliseconds; a reader that hangs fails, a busy machine does not.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
FEW = settings(MANY, max_examples=max(10, EXAMPLES // 20))
TASKS = {
    "classes": Task(name="custom", text_a="text", label_names=("bad", "good")),
    "pairs": Task(name="custom", text_a="text", text_b="more", label_names=("0", "1", "2")),
    "scores": Task(name="custom", text_a="text"),
}
ENDINGS = [".csv", ".tsv", ".jsonl"]
ODD_TEXTS = ["", "  ", "\t", "a\x00b", "🙂", "مرحبا", "x\u2028y", '"', "'", "a,b", "\ufeff", "NULL"]
LABELS = ["bad", "good", "0", "1", "2", "0.5", "nan", "inf", "-1", "", " good ", "1e999", "ugly"]
CODECS = ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"]
CUTS = [
    b"\x00",
    b"\xff",
    b'"',
    b"\r",
    b"\r\n",
    b"\n",
    b"\t",
    b",",
    b"{",
    b"[",
    b"\\",
    b"\xef\xbb\xbf",
]

texts = st.one_of(st.sampled_from(ODD_TEXTS), st.text(max_size=20))
rows = st.lists(
    st.fixed_dictionaries({"text": texts, "label": st.sampled_from(LABELS), "more": texts}),
    max_size=6,
)
edits = st.lists(st.tuples(st.sampled_from(CUTS), st.integers(0, 2000)), max_size=4)


def encoded(table, ending, codec):
    """Writes rows in a format, as somebody else's program might."""
    names = ["text", "label", "more"]
    if ending == ".jsonl":
        text = "".join(json.dumps(row) + "\n" for row in table)
    elif ending == ".tsv":
        lines = [names, *([row[name] for name in names] for row in table)]
        text = "".join("\t".join(line) + "\n" for line in lines)
    else:
        buffer = io.StringIO(newline="")
        writer = csv.DictWriter(buffer, names)
        writer.writeheader()
        writer.writerows(table)
        text = buffer.getvalue()
    return text.encode(codec, "replace")


def broken(content, cuts, kept):
    """Puts bytes into a file where they do not belong, and cuts off its end."""
    for cut, place in cuts:
        place %= len(content) + 1
        content = content[:place] + cut + content[place:]
    return content[: max(0, len(content) - kept)] if kept % 3 == 0 else content


def read(path, task, skip):
    """Reads a file in each way that there is; gives what came of each."""
    found = []
    for reader in (
        lambda rows: read_labelled(path, task, bad_rows=rows),
        lambda rows: read_texts(path, "text", bad_rows=rows),
        lambda rows: read_label_names(path, "label", bad_rows=rows),
    ):
        try:
            found.append(reader(BadRows(skip)))
        except InputError as error:
            found.append(str(error))
    return found


def require_whole(found, task):
    """Refuses an error of several lines, and examples that do not hang together."""
    labelled, plain, names = found
    for one in found:
        if isinstance(one, str):
            assert len(one) < 3_000_000
            assert " " in one
    if not isinstance(labelled, str):
        assert len(labelled) == len(labelled.labels) > 0
        assert np.isfinite(labelled.labels).all()
        assert all(text.strip() for text in labelled.text_a)
        if task.label_names:
            assert 0 <= labelled.labels.min() <= labelled.labels.max() < len(task.label_names)
    if not isinstance(plain, str):
        # What is read can be written, and shown to a tokeniser.
        "".join(plain.text_a).encode("utf-8")
    if not isinstance(names, str):
        assert len(names) > 1


@pytest.mark.parametrize("ending", ENDINGS)
@MANY
@given(
    table=rows,
    codec=st.sampled_from(CODECS),
    cuts=edits,
    kept=st.integers(0, 60),
    task=st.sampled_from(sorted(TASKS)),
    skip=st.booleans(),
)
def test_a_broken_file_is_read_or_refused(tmp_path, ending, table, codec, cuts, kept, task, skip):
    path = tmp_path / f"a{ending}"
    path.write_bytes(broken(encoded(table, ending, codec), cuts, kept))
    require_whole(read(path, TASKS[task], skip), TASKS[task])


@pytest.mark.parametrize("ending", ENDINGS)
@MANY
@given(content=st.binary(max_size=200), skip=st.booleans())
def test_any_bytes_are_read_or_refused(tmp_path, ending, content, skip):
    path = tmp_path / f"a{ending}"
    path.write_bytes(content)
    require_whole(read(path, TASKS["classes"], skip), TASKS["classes"])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", 'text,label\n"' + "x" * 2_000_000 + '",good\n'),
        ("a.tsv", "text\tlabel\n" + "x" * 2_000_000 + "\tgood\n"),
        ("a.jsonl", json.dumps({"text": "x" * 2_000_000, "label": "good"}) + "\n"),
        ("a.jsonl", '{"text": ' + "9" * 5000 + ', "label": "good"}\n'),
        ("a.jsonl", "[" * 100_000 + "\n"),
        ("a.jsonl", '{"text": 1e999, "label": NaN}\n'),
        ("a.csv", "text,text,label,label\na,b,good,bad\n"),
        ("a.csv", "\x00\x00\n\x00"),
        ("a.csv", "text\n"),
        ("a.jsonl", '{"text": "a", "text": "b", "label": "bad"}\n{}\n'),
    ],
    ids=lambda value: value[:20],
)
@pytest.mark.parametrize("skip", [False, True])
def test_extremes_are_read_or_refused(tmp_path, name, content, skip):
    path = tmp_path / name
    path.write_text(content)
    require_whole(read(path, TASKS["classes"], skip), TASKS["classes"])


ODD_YAML = [
    "2024-13-45", "2024-01-01", "0x_", "1_000", "!!python/object:os.system x", "!!binary x",
    "&a [*a]", "{? [1]: 2}", "? ", "*no", "\x00", "\t", "- - -", "~", ".inf", ".nan", "0o9",
    "9" * 5000, "<<: *a", "!!set {a}", "!!timestamp x", "yes", "'", "[" * 2000, "1:30:00", "=",
    "!!int x", "!!float y", "|",
]  # fmt: skip
VALID_YAML = """
data: {task: custom, train_file: a.csv, label_names: [a, b], sequence_length: 16}
loss: {hard: 0.5, distance: kl, temperature: 2.0, deep: {hidden: 1.0, layers: [1, 2]}}
augment:
- {name: augpro_mix, weight: 0.5}
train: {steps: 10, learning_rate: 1.0e-3, jit_compile: false}
output: x
"""
KEYS = [
    "loss",
    "train",
    "data",
    "augment",
    "space",
    "methods",
    "seeds",
    "train.steps",
    "teacher",
    "x",
]
leaves = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
    st.sampled_from(["mse", "kl", "random", "knn", "loss.soft", "augment[0].degree"]),
)  # fmt: skip
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(KEYS), st.integers()), inner, max_size=3),
    ),
    max_leaves=8,
)


def checked(path, config):
    with suppress(InputError):
        check(config, read_yaml(str(path)), f"in {path}")


@MANY
@given(
    cuts=st.lists(st.tuples(st.sampled_from(ODD_YAML), st.integers(0, 1000)), max_size=3),
    kept=st.integers(0, 250),
    config=st.sampled_from([DistillConfig, CompareConfig, SweepConfig]),
)
def test_a_broken_config_is_read_or_refused(tmp_path, cuts, kept, config):
    path = tmp_path / "a.yaml"
    content = [cut.encode() for cut, _ in cuts]
    text = VALID_YAML.encode()
    for cut, (_, place) in zip(content, cuts, strict=True):
        place %= len(text)
        text = text[:place] + cut + text[place:]
    path.write_bytes(text[: len(text) - kept] if kept % 2 else text)
    checked(path, config)


@pytest.mark.parametrize(
    "text",
    ["a: " + "9" * 5000, "a: !!int x", "a: !!float y", "a: !!timestamp x"],
    ids=lambda value: value[:15],
)
def test_yaml_that_the_parser_has_no_error_for(tmp_path, text):
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"a\.yaml is not valid YAML: "):
        read_yaml(str(path))


def test_lists_in_lists_in_lists(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("train: " + "[" * 2000 + "]" * 2000)
    with pytest.raises(InputError, match=r"(train is lists in lists|not valid YAML)"):
        read_config("distill", ["--config", str(path)])


@MANY
@given(tree=trees, config=st.sampled_from([DistillConfig, CompareConfig, SweepConfig]))
def test_any_tree_of_values_is_taken_or_refused(tree, config):
    values = tree if isinstance(tree, dict) else {"train": tree}
    with suppress(InputError):
        check(config, values, "in a test")


@FEW
@given(
    job=st.sampled_from(["distill", "compare", "sweep", "teacher", "evaluate"]),
    tree=st.dictionaries(st.sampled_from(KEYS), trees, max_size=3),
)
def test_any_file_of_values_makes_a_config_or_is_refused(tmp_path, job, tree):
    path = tmp_path / "a.yaml"
    # JSON is YAML; a key has to be text there.
    path.write_text(json.dumps(tree))
    with suppress(InputError):
        read_config(job, ["--config", str(path)])
