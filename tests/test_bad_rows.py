import json
import logging
from pathlib import Path

import numpy as np
import pytest

from tfaugkd.data import load_split
from tfaugkd.data.bad_rows import BadRows
from tfaugkd.data.files import read_labelled, read_texts
from tfaugkd.data.tasks import Task
from tfaugkd.data_config import DataConfig
from tfaugkd.errors import InputError
from tfaugkd.preparation_parts import split_into_parts

TASK = Task(name="custom", text_a="text", label_names=("bad", "good"))
CSV = """text,label
fine,good
,good
too, many,good
"shut"early,good
also fine,bad
no such label,ugly
"never closed,bad
"""
JSONL = """{"text": "fine", "label": "good"}
{"text": "fine", "label":
["fine", "good"]
{"label": "good"}
{"text": "cut \\ud83d", "label": "good"}
{"text": "also fine", "label": 0}
{"text": [1], "label": 0}
"""


def test_each_kind_of_bad_row_is_left_out_with_its_reason(tmp_path: Path):
    file = tmp_path / "a.csv"
    file.write_text(CSV)
    bad_rows = BadRows(skip=True)
    examples = read_labelled(file, TASK, bad_rows=bad_rows)
    assert examples.text_a == ["fine", "also fine"]
    np.testing.assert_array_equal(examples.labels, [1, 0])
    # The ids are the rows of the file, so that files of variants and answers still fit.
    assert examples.ids == ["0", "4"]
    reasons = {each.line: each.reason.partition(", line ")[2] for each in bad_rows.rejected}
    assert sorted(reasons) == [3, 4, 5, 7, 8]
    assert reasons[3] == "3: the column 'text' is empty."
    assert reasons[4].startswith("4 has 3 cells, but the header has 2")
    assert reasons[5].startswith("5 is not valid CSV")
    assert reasons[7].startswith("7: the label 'ugly' is not one of: bad, good")
    assert reasons[8].startswith("8 is not valid CSV: unexpected end")
    rows = {each.line: each.row for each in bad_rows.rejected}
    assert rows[4] == ["too", " many", "good"]
    assert rows[5] == '"shut"early,good\n'


def test_bad_lines_of_json(tmp_path: Path):
    file = tmp_path / "a.jsonl"
    file.write_text(JSONL)
    bad_rows = BadRows(skip=True)
    examples = read_labelled(file, TASK, bad_rows=bad_rows)
    assert (examples.text_a, examples.ids) == (["fine", "also fine"], ["0", "5"])
    assert sorted(each.line for each in bad_rows.rejected) == [2, 3, 4, 5, 7]


def test_other_encodings_are_bad_rows_too(tmp_path: Path):
    file = tmp_path / "a.tsv"
    file.write_bytes("text\tnote\ncafé\tx\n".encode() + b"caf\xe9\tx\nbar\tcaf\xe9\n")
    bad_rows = BadRows(skip=True)
    # What is not read need not be right.
    assert read_texts(file, "text", bad_rows=bad_rows).text_a == ["café", "bar"]
    (rejected,) = bad_rows.rejected
    assert rejected.reason.endswith(
        "line 3: 'text' is not UTF-8, or holds half of a surrogate pair."
    )


def test_the_first_is_an_error_unless_told_otherwise(tmp_path: Path):
    file = tmp_path / "a.csv"
    file.write_text(CSV)
    with pytest.raises(InputError, match="line 3: the column 'text' is empty"):
        read_labelled(file, TASK)


def test_a_file_of_bad_rows_alone(tmp_path: Path):
    file = tmp_path / "a.csv"
    file.write_text("text,label\nx,ugly\n")
    with pytest.raises(InputError, match="has no rows with a label that is the task's"):
        read_labelled(file, TASK, bad_rows=BadRows(skip=True))


@pytest.fixture
def config(tmp_path):
    train, more = tmp_path / "train.csv", tmp_path / "more.jsonl"
    train.write_text("text,label\na,x\n,x\nb,y\nc,\n")
    more.write_text('{"text": "d"}\n{"text": ""}\n')
    return DataConfig(
        train_file=str(train),
        unlabelled_file=str(more),
        on_bad_row="skip",
        rejected_folder=str(tmp_path / "rejected"),
    )


def test_what_was_left_out_is_counted_and_written(config, caplog):
    with caplog.at_level(logging.WARNING, "tfaugkd"):
        examples = load_split(config, "train")
    assert examples.text_a == ["a", "b", "d"]
    folder = Path(config.rejected_folder)
    assert caplog.messages == [
        f"Left out 2 of 4 rows of {config.train_file}; the first: {config.train_file}, line 3: "
        f"the column 'text' is empty.; all are in {folder / 'train.csv.jsonl'}",
        f"Left out 1 of 2 rows of {config.unlabelled_file}; the first: {config.unlabelled_file}, "
        f"line 2: the column 'text' is empty.; all are in {folder / 'more.jsonl.jsonl'}",
    ]
    lines = (folder / "train.csv.jsonl").read_text().splitlines()
    first, second = map(json.loads, lines)
    assert (first["line"], first["row"]) == (3, ["", "x"])
    assert (second["line"], second["row"]) == (5, ["c", ""])


def test_good_files_say_nothing(config, caplog):
    Path(config.train_file).write_text("text,label\na,x\nb,y\n")
    Path(config.unlabelled_file).write_text('{"text": "d"}\n')
    with caplog.at_level(logging.WARNING, "tfaugkd"):
        load_split(config, "train")
    assert caplog.messages == []
    assert not Path(config.rejected_folder).exists()


def test_a_preparation_leaves_nothing_out(config):
    with pytest.raises(InputError, match="but a preparation stops at the first bad row"):
        split_into_parts(config, 10)


def test_a_folder_without_a_reason():
    with pytest.raises(InputError, match="rejected_folder is 'x', but must be left out where"):
        DataConfig(rejected_folder="x")
