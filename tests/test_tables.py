from pathlib import Path

import numpy as np
import pytest

from tfaugkd.data.tables import Columns, examples_of, read_columns, select_columns
from tfaugkd.data.tasks import TASKS, Task
from tfaugkd.errors import InputError


def _write(folder: Path, name: str, content: str) -> Path:
    (folder / name).write_text(content, encoding="utf-8")
    return folder / name


def test_columns_by_name_in_any_order(tmp_path: Path):
    file = _write(tmp_path, "a.csv", " label ,other,text\n0,,x\n1,,y\n")

    columns = read_columns(file, ["text", "label"], ["id"])

    assert columns.values == {"text": ["x", "y"], "label": ["0", "1"]}
    assert (columns.lines, columns.rows, columns.dropped) == ([2, 3], [0, 1], [])


def test_json_values_become_text(tmp_path: Path):
    file = _write(tmp_path, "a.jsonl", '{"text": "é", "label": true, "n": 2, "meta": {}}\n')

    columns = read_columns(file, ["text"], ["label", "n"])

    assert columns.values == {"text": ["é"], "label": ["true"], "n": ["2"]}


def test_missing_column_names_the_nearest(tmp_path: Path):
    file = _write(tmp_path, "a.tsv", "sentence\tlabel\nx\t0\n")

    with pytest.raises(InputError, match=r"a\.tsv: 'sentense'. Did you mean 'sentence'\? .*label"):
        read_columns(file, ["sentense"])


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("a.csv", "text,label\nx,1\n  ,1\n", 3),
        ("a.tsv", "label\ttext\n1\tx\n1\n", 3),
        ("a.jsonl", '{"text": "x"}\n{"text": null}\n', 2),
        ("a.jsonl", '{"text": "x"}\n{"label": 1}\n', 2),
    ],
)
def test_empty_text_is_refused_with_its_line(tmp_path: Path, name: str, content: str, line: int):
    message = rf"{name}, line {line}: the column 'text' is empty\."
    with pytest.raises(InputError, match=message):
        read_columns(_write(tmp_path, name, content), ["text"])


@pytest.mark.parametrize("value", ['["a"]', '{"a": 1}', '"cut \\ud83d"'])
def test_json_that_is_no_text(tmp_path: Path, value: str):
    file = _write(tmp_path, "a.jsonl", f'{{"text": {value}}}\n')

    with pytest.raises(InputError, match=r"a\.jsonl, line 1: 'text' is (neither|not)"):
        read_columns(file, ["text"])


@pytest.mark.parametrize("content", ["", "\n\n", "text\n"])
def test_file_without_rows(tmp_path: Path, content: str):
    with pytest.raises(InputError, match=r"a\.csv has no rows\."):
        read_columns(_write(tmp_path, "a.csv", content), ["text"])


def test_short_rows_are_dropped_on_demand_and_keep_their_numbers():
    rows = [(1, ["label", "text"]), (2, ["0", "x"]), (3, ["1"]), (4, ["1", "y"])]

    columns = select_columns(Path("a.tsv"), iter(rows), ["text", "label"], blank="drop")

    assert columns.values["text"] == ["x", "y"]
    assert (columns.lines, columns.rows, columns.dropped) == ([2, 4], [0, 2], [3])


def test_header_is_used_only_where_the_file_has_none():
    header = ["source", "label", "annotation", "sentence"]
    bare = [(1, ["gj04", "1", "", "A text."])]
    named = [(1, ["index", "sentence"]), (2, ["0", "A text."])]

    for rows in (bare, named):
        columns = select_columns(Path("a.tsv"), iter(rows), ["sentence"], header=header)
        assert columns.values == {"sentence": ["A text."]}


def test_examples_of_pairs():
    values = {"sentence1": ["a"], "sentence2": ["b"], "label": ["not_entailment"]}

    examples = examples_of(Columns(Path("a"), values, [2], [7], []), TASKS["rte"])

    assert (examples.text_a, examples.text_b, examples.ids) == (["a"], ["b"], ["7"])
    np.testing.assert_array_equal(examples.labels, [1])
    assert examples.label_names == ("entailment", "not_entailment")


def test_examples_without_labels():
    task = Task(name="texts", text_a="text")

    assert examples_of(Columns(Path("a"), {"text": ["a"]}, [2], [0], []), task).labels is None
