import numpy as np
import pytest

from tfaugkd.data.examples import Examples
from tfaugkd.data.variants import add_variants, choices, read_variants
from tfaugkd.errors import InputError

ORIGINALS = Examples(
    ["a", "b", "c"],
    labels=np.array([1, 0, 1], np.int32),
    ids=["7", "3", "5"],
    label_names=("no", "yes"),
    groups=["x", "y", "z"],
)
VARIANTS = Examples(["c one", "a one", "other", "c two"], ids=["5", "7", "9", "5"])


def write(folder, text, name="aug.tsv"):
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


def test_a_file_is_read_with_the_originals_ids(tmp_path):
    file = write(tmp_path, "note\tsentence\tid\n\tgood one\t 5\n\tgood two\t5\n\tbad\t0\n")
    found = read_variants(file, ("sentence",), ["0", "5", "6"])
    assert (found.text_a, found.ids) == (["good one", "good two", "bad"], ["5", "5", "0"])
    assert found.labels is None
    assert found.text_b is None


def test_a_pair_has_two_columns_and_jsonl_may_number_its_rows(tmp_path):
    file = write(tmp_path, '{"id": 4, "one": "a", "two": "b"}\n', "aug.jsonl")
    found = read_variants(file, ("one", "two"), ["4"])
    assert (found.text_a, found.text_b, found.ids) == (["a"], ["b"], ["4"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id\ttext\n0\ta\n8\tb\n", r"aug.tsv, line 3: '8' is the id of none of the 2 training"),
        ("row\ttext\n0\ta\n", r"Unknown column of .*aug.tsv: 'id'.*Allowed: row, text"),
        ("id\tsentence\n0\ta\n", r"Unknown column of .*aug.tsv: 'text'"),
        ("id\ttext\n0\ta\n1\t \n", r"aug.tsv, line 3: the column 'text' is empty"),
        ("id\ttext\n\ta\n", r"aug.tsv, line 2: the column 'id' is empty"),
        ("id\ttext\n", r"aug.tsv has no rows"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_variants(write(tmp_path, text), ("text",), ["0", "1"])


def test_added_variants_have_their_originals_label_and_group():
    found = add_variants(ORIGINALS, VARIANTS)
    assert found.text_a == ["a", "b", "c", "c one", "a one", "c two"]
    assert found.ids == ["7", "3", "5", "5", "7", "5"]
    assert found.labels.tolist() == [1, 0, 1, 1, 1, 1]
    assert found.labels.dtype == np.int32
    assert found.groups == ["x", "y", "z", "z", "x", "z"]
    assert found.label_names == ("no", "yes")


def test_added_variants_of_pairs_bring_both_texts():
    pairs = Examples(["a", "b"], ["A", "B"], np.array([0.5, 1.5], np.float32))
    found = add_variants(pairs, Examples(["b one"], ["B one"], ids=["1"]))
    assert (found.text_a, found.text_b) == (["a", "b", "b one"], ["A", "B", "B one"])
    assert found.labels.tolist() == [0.5, 1.5, 1.5]


def test_each_example_chooses_among_its_own_and_one_without_stays():
    texts, first, sizes = choices(ORIGINALS, VARIANTS)
    shown = [texts.text_a[start : start + size] for start, size in zip(first, sizes, strict=True)]
    assert shown == [["a one"], ["b"], ["c one", "c two"]]
    assert (first.dtype, sizes.dtype) == (np.int64, np.int64)
    assert len(texts) == 4
