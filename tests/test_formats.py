import csv
from pathlib import Path

import pytest

from tfaugkd.data.formats import ending_of, read_rows
from tfaugkd.errors import InputError


def _rows(folder: Path, name: str, content: str | bytes) -> list[tuple[int, list]]:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_rows(file))


def test_tsv_takes_quotes_as_letters_and_cuts_at_line_feeds_only(tmp_path: Path):
    rows = _rows(tmp_path, "a.tsv", 'text\tlabel\r\n"half a quote\t0\r\n\r\nx\u2028y\x85z\t1\r\n')

    assert rows == [
        (1, ["text", "label"]),
        (2, ['"half a quote', "0"]),
        (4, ["x\u2028y\x85z", "1"]),
    ]


def test_csv_quotes_and_lines_of_rows_that_span_several(tmp_path: Path):
    rows = _rows(tmp_path, "a.CSV", 'text,label\n"one, ""two""\nthree",0\n\nfour,1\n')

    assert rows == [(1, ["text", "label"]), (2, ['one, "two"\nthree', "0"]), (5, ["four", "1"])]


def test_csv_cell_beyond_the_limit_of_the_module(tmp_path: Path):
    limit = csv.field_size_limit()

    rows = _rows(tmp_path, "a.csv", "text\n" + "x" * (limit + 1) + "\n")

    assert len(rows[1][1][0]) == limit + 1
    assert csv.field_size_limit() == limit


def test_jsonl_takes_columns_from_the_first_object(tmp_path: Path):
    rows = _rows(tmp_path, "a.jsonl", '{"text": "a", "label": 1}\n\n{"label": null, "more": 3}\n')

    assert rows == [(1, ["text", "label"]), (1, ["a", 1]), (3, [None, None])]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_byte_order_mark_is_no_part_of_the_header(tmp_path: Path, name: str):
    assert _rows(tmp_path, name, b"\xef\xbb\xbftext\nx\n")[0] == (1, ["text"])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", 'text\nfine\n\n"shut"early\n', "a.csv, line 4 is not valid CSV"),
        ("a.csv", 'text\n"never closed\n\n', r"a.csv, line 2 is not valid CSV: unexpected end"),
        ("a.csv", "text,label\nyes, indeed,1\n", "line 2 has 3 cells, but the header has 2"),
        ("a.jsonl", '{"text": "a"}\n{"text": \n', "a.jsonl, line 2 is not valid JSON"),
        ("a.jsonl", '["a"]\n', "a.jsonl, line 1 is not a JSON object"),
        ("a.tsv", b"text\nfine\ncaf\xe9\n", "a.tsv, line 3 is not UTF-8"),
        ("a.csv", "text\n".encode("utf-16"), "a.csv, line 1 is not UTF-8"),
    ],
)
def test_broken_files_are_refused_with_their_line(
    tmp_path: Path, name: str, content: str | bytes, message: str
):
    with pytest.raises(InputError, match=message):
        _rows(tmp_path, name, content)


def test_missing_file(tmp_path: Path):
    with pytest.raises(InputError, match=r"There is no file .*absent\.csv\."):
        read_rows(tmp_path / "absent.csv")


def test_folder_in_place_of_a_file(tmp_path: Path):
    (tmp_path / "a.csv").mkdir()

    with pytest.raises(InputError, match=r"a\.csv cannot be read: Is a directory\."):
        read_rows(tmp_path / "a.csv")


@pytest.mark.parametrize("name", ["a.txt", "a", "a.json", "a.csv.gz"])
def test_unknown_ending_names_those_allowed(name: str):
    with pytest.raises(InputError, match=r"must end in one of: \.csv, \.tsv, \.jsonl"):
        ending_of(name)
