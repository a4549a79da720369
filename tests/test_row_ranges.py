import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfaugkd.data.formats import read_rows
from tfaugkd.data.row_ranges import read_range, split_rows
from tfaugkd.errors import InputError

CELLS = st.text(st.sampled_from('ab",\n\r\té\u2028{}'), max_size=4)


def ranges_of(file, size, **options):
    """Reads a file range by range: the columns, and the rows of all of them."""
    ranges = split_rows(file, size, **options)
    parts = [list(read_range(each)) for each in ranges]
    assert all(part[0] == (1, list(ranges[0].columns)) for part in parts)
    return ranges, [row for part in parts for row in part[1:]]


def write(folder, name, content):
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder / name


def test_ranges_know_where_they_begin(tmp_path):
    file = write(tmp_path, "a.csv", 'text,label\n"one\ntwo",0\n\nthree,1\nfour,0\n')
    ranges, rows = ranges_of(file, 2)
    assert [(each.begin, each.end, each.first_row) for each in ranges] == [
        ((11, 1), (32, 5), 0),
        ((32, 5), (39, 6), 2),
    ]
    assert rows == [(2, ["one\ntwo", "0"]), (5, ["three", "1"]), (6, ["four", "0"])]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b'\xef\xbb\xbftext,"la\nbel"\r\nx,1\r\n\r\n"y\r\n\n""z",2\r\n"",3'),
        ("a.csv", b"text,label\rx,1\ry,2\r"),
        ("a.tsv", 'text\tlabel\r\n"half\t0\r\n\r\nx\u2028y\x85z\t1\n\t\nw\t2'),
        ("a.jsonl", '\n{"text": "x", "label": 1}\n \n{"label": 2}\n{"text": "\u2028"}'),
        ("a.jsonl", b'\xef\xbb\xbf{"text": "x"}\n{"text": "y"}\n{"text": "z"}\n'),
    ],
)
def test_ranges_hold_the_rows_that_the_whole_file_has(name, content, size, tmp_path):
    file = write(tmp_path, name, content)
    (_, names), *expected = read_rows(file)
    ranges, rows = ranges_of(file, size)
    assert rows == expected
    assert list(ranges[0].columns) == names
    assert [each.first_row for each in ranges] == list(range(0, len(expected), size))


@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=6), size=st.integers(1, 3))
def test_any_csv_is_cut_between_its_rows(rows, size, tmp_path_factory):
    quoted = ["text,label"] + [
        ",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows
    ]
    file = write(tmp_path_factory.mktemp("csv"), "a.csv", "\n".join(quoted))
    assert ranges_of(file, size)[1] == list(read_rows(file))[1:]


def test_a_file_without_a_header_line_has_a_row_more(tmp_path):
    file = write(tmp_path, "a.tsv", b"\xef\xbb\xbfx\t1\ny\t2\nz\t3\n")
    ranges, rows = ranges_of(file, 2, wanted=["text"], header=["text", "label"])
    assert ranges[0].columns == ("text", "label")
    assert rows == [(1, ["x", "1"]), (2, ["y", "2"]), (3, ["z", "3"])]
    # As in a whole file, names of the columns are a header even where none was expected.
    assert ranges_of(file, 2, wanted=["x"], header=["x", "y"])[1] == rows[1:]


def test_what_cannot_be_read_is_refused_by_its_line(tmp_path):
    with pytest.raises(InputError, match=r"a\.csv, line 3 is not valid CSV"):
        split_rows(write(tmp_path, "a.csv", 'text\nx\n"y\n'), 10)
    with pytest.raises(InputError, match=r"a\.tsv, line 3 is not UTF-8"):
        split_rows(write(tmp_path, "a.tsv", b"text\nx\n\xff\n"), 1)
    for empty in ("", "text,label\n"):
        with pytest.raises(InputError, match=r"a\.csv has no rows"):
            split_rows(write(tmp_path, "a.csv", empty), 10)
    wide = split_rows(write(tmp_path, "a.csv", "text\nx\ny\nz,1\n"), 2)
    with pytest.raises(InputError, match=r"a\.csv, line 4 has 2 cells, but the header has 1"):
        list(read_range(wide[1]))
    broken = split_rows(write(tmp_path, "a.jsonl", '{"text": 1}\n{"text": 2}\n{"text":\n'), 2)
    with pytest.raises(InputError, match=r"a\.jsonl, line 3 is not valid JSON"):
        list(read_range(broken[1]))


def test_a_file_that_became_shorter_is_noticed(tmp_path):
    ranges = split_rows(write(tmp_path, "a.tsv", "text\nx\ny\n"), 1)
    write(tmp_path, "a.tsv", "text\nx\n")
    with pytest.raises(InputError, match="has become shorter"):
        list(read_range(ranges[1]))
