import csv
import json
from pathlib import Path

import numpy as np
import pytest

from tfaugkd.data.files import read_label_names, read_labelled, read_texts, write_rows
from tfaugkd.data.tasks import Task
from tfaugkd.errors import InputError

_TASK = Task(name="custom", text_a="text", label_names=("bad", "good"))
_ROWS = [
    {"text": 'a "b",\tc\nd é', "label": "good", "score": 0.5},
    {"text": "e", "label": "bad", "score": 1},
]


def _write(folder: Path, name: str, content: str) -> Path:
    (folder / name).write_text(content, encoding="utf-8")
    return folder / name


def test_read_texts_has_no_labels(tmp_path: Path):
    examples = read_texts(_write(tmp_path, "a.csv", "q,a,label\nx,y,0\nz,w,1\n"), "q", "a")

    assert (examples.text_a, examples.text_b) == (["x", "z"], ["y", "w"])
    assert (examples.labels, examples.label_names, examples.ids) == (None, (), ["0", "1"])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "text,label\nx,good\ny,0\n"),
        ("a.tsv", "label\ttext\ngood\tx\n0\ty\n"),
        ("a.jsonl", '{"text": "x", "label": "good"}\n{"text": "y", "label": 0}\n'),
    ],
)
def test_read_labelled_in_each_format(tmp_path: Path, name: str, content: str):
    examples = read_labelled(_write(tmp_path, name, content), _TASK)

    assert examples.text_a == ["x", "y"]
    np.testing.assert_array_equal(examples.labels, [1, 0])


def test_labels_may_be_absent_where_they_are_not_required(tmp_path: Path):
    file = _write(tmp_path, "a.csv", "text\nx\n")

    assert read_labelled(file, _TASK, labels_required=False).labels is None
    with pytest.raises(InputError, match=r"Unknown column of .*a\.csv: 'label'"):
        read_labelled(file, _TASK)


def test_labels_are_read_where_they_are_there_though_not_required(tmp_path: Path):
    file = _write(tmp_path, "a.csv", "text,label\nx,good\n")

    np.testing.assert_array_equal(read_labelled(file, _TASK, labels_required=False).labels, [1])


def test_wrong_label_names_file_line_and_labels(tmp_path: Path):
    file = _write(tmp_path, "a.csv", "text,label\nx,good\ny,ugly\n")

    with pytest.raises(InputError, match=r"a\.csv, line 3: the label 'ugly' .* bad, good"):
        read_labelled(file, _TASK)


def test_read_label_names(tmp_path: Path):
    assert read_label_names(_write(tmp_path, "a.csv", "text,y\na,b\nc,a\nd,b\n"), "y") == ("a", "b")


def test_written_csv_is_read_back(tmp_path: Path):
    write_rows(tmp_path / "new" / "a.csv", _ROWS)

    with (tmp_path / "new" / "a.csv").open(encoding="utf-8", newline="") as file:
        back = list(csv.DictReader(file))
    assert back == [{name: str(value) for name, value in row.items()} for row in _ROWS]


def test_written_tsv_has_no_tabs_or_line_ends_in_cells(tmp_path: Path):
    write_rows(tmp_path / "a.tsv", _ROWS)

    assert (tmp_path / "a.tsv").read_text(encoding="utf-8") == (
        'text\tlabel\tscore\na "b", c d é\tgood\t0.5\ne\tbad\t1\n'
    )


def test_written_jsonl_keeps_types_and_letters(tmp_path: Path):
    write_rows(tmp_path / "a.jsonl", _ROWS)

    text = (tmp_path / "a.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line) for line in text.splitlines()] == _ROWS
    assert "é" in text


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl"])
def test_no_rows_make_an_empty_file(tmp_path: Path, name: str):
    write_rows(tmp_path / name, [])

    assert (tmp_path / name).read_text() == ""


def test_failed_write_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = _write(tmp_path, "a.csv", "before\n")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(InputError, match=r"a\.csv cannot be written: No space left on device\."):
        write_rows(file, _ROWS)
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    assert file.read_text() == "before\n"


def test_folder_that_is_a_file_cannot_be_written_to(tmp_path: Path):
    _write(tmp_path, "taken", "")

    with pytest.raises(InputError, match="cannot be written"):
        write_rows(tmp_path / "taken" / "a.csv", _ROWS)


def test_unknown_ending_is_refused_before_anything_is_written(tmp_path: Path):
    with pytest.raises(InputError, match=r"a\.xlsx must end in one of"):
        write_rows(tmp_path / "new" / "a.xlsx", _ROWS)
    assert not (tmp_path / "new").exists()
