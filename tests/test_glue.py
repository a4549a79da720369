import logging
from pathlib import Path

import numpy as np
import pytest

from tfaugkd.data.glue import find_folder, load_glue
from tfaugkd.data.tasks import TASKS
from tfaugkd.errors import InputError


def _write(folder: Path, name: str, *rows: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes("".join(row + "\n" for row in rows).encode())


@pytest.mark.parametrize("name", ["SST-2", "sst2", "sst_2", "Sst-2"])
@pytest.mark.parametrize("below", [True, False])
def test_root_or_own_folder_in_any_spelling(tmp_path: Path, name: str, below: bool):
    _write(tmp_path / name, "train.tsv", "sentence\tlabel", 'an "odd text \t1', "dull\t0")
    _write(tmp_path / "RTE", "train.tsv", "index\tsentence1\tsentence2\tlabel")

    examples = load_glue(tmp_path if below else tmp_path / name, TASKS["sst2"], "train")

    assert examples.text_a == ['an "odd text ', "dull"]
    assert examples.ids == ["0", "1"]
    np.testing.assert_array_equal(examples.labels, np.array([1, 0], np.int32))
    assert examples.label_names == ("negative", "positive")


def test_folder_of_another_name_with_the_files(tmp_path: Path):
    _write(tmp_path / "mine", "dev.tsv", "sentence\tlabel", "x\t1")

    assert find_folder(tmp_path / "mine", TASKS["sst2"]) == tmp_path / "mine"


def test_folder_of_another_task_is_refused(tmp_path: Path):
    _write(tmp_path / "WNLI", "dev.tsv", "index\tsentence1\tsentence2\tlabel", "0\ta\tb\t1")

    with pytest.raises(InputError, match="looks like the folder of another task than rte"):
        load_glue(tmp_path / "WNLI", TASKS["rte"], "dev")


def test_cola_has_no_header_but_in_test(tmp_path: Path):
    _write(
        tmp_path / "CoLA", "train.tsv", "gj04\t1\t\tThey drank.", "gj04\t0\t*\tThey drank it it."
    )
    _write(tmp_path / "CoLA", "test.tsv", "index\tsentence", "0\tBill slept.")

    train = load_glue(tmp_path, TASKS["cola"], "train")
    test = load_glue(tmp_path, TASKS["cola"], "test")

    assert train.text_a == ["They drank.", "They drank it it."]
    np.testing.assert_array_equal(train.labels, [1, 0])
    assert (test.text_a, test.labels) == (["Bill slept."], None)


def test_mrpc_with_a_byte_order_mark(tmp_path: Path):
    _write(
        tmp_path / "MRPC",
        "dev.tsv",
        "\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\r",
        '1\t11\t12\tHe said "yes.\tHe agreed.\r',
    )

    dev = load_glue(tmp_path, TASKS["mrpc"], "dev")

    assert (dev.text_a, dev.text_b) == (['He said "yes.'], ["He agreed."])
    np.testing.assert_array_equal(dev.labels, [1])


def test_rte_maps_names_and_indices(tmp_path: Path):
    header = "index\tsentence1\tsentence2\tlabel"
    _write(tmp_path / "RTE", "dev.tsv", header, "0\ta\tb\tnot_entailment", "1\tc\td\t0")

    np.testing.assert_array_equal(load_glue(tmp_path, TASKS["rte"], "dev").labels, [1, 0])


def test_stsb_has_scores(tmp_path: Path):
    _write(tmp_path / "STS-B", "dev.tsv", "sentence1\tsentence2\tscore", "a\tb\t4.750")

    dev = load_glue(tmp_path, TASKS["stsb"], "dev")

    np.testing.assert_array_equal(dev.labels, np.array([4.75], np.float32))
    assert dev.label_names == ()


@pytest.mark.parametrize("score", ["nan", "inf"])
def test_stsb_score_that_is_not_finite(tmp_path: Path, score: str):
    _write(tmp_path / "STS-B", "dev.tsv", "sentence1\tsentence2\tscore", f"a\tb\t{score}")

    with pytest.raises(InputError, match=rf"dev\.tsv, line 2: the label '{score}' is not a finite"):
        load_glue(tmp_path, TASKS["stsb"], "dev")


@pytest.mark.parametrize(
    ("split", "file"),
    [("dev", "dev_matched.tsv"), ("dev_mismatched", "dev_mismatched.tsv")],
)
def test_mnli_has_two_dev_files(tmp_path: Path, split: str, file: str):
    _write(tmp_path / "MNLI", file, "sentence1\tsentence2\tgold_label", f"{split}\tb\tneutral")

    dev = load_glue(tmp_path, TASKS["mnli"], split)

    assert dev.text_a == [split]
    np.testing.assert_array_equal(dev.labels, [1])


def test_short_rows_are_dropped_counted_and_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    header = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate"
    good, short, blank = "1\t2\t3\tWhy?\tHow?\t1", "4\t5", "6\t7\t8\tWhat?\t\t0"
    _write(tmp_path / "QQP", "train.tsv", header, good, short, blank, good)

    with caplog.at_level(logging.WARNING, logger="tfaugkd"):
        train = load_glue(tmp_path, TASKS["qqp"], "train")

    assert train.ids == ["0", "3"]
    (record,) = caplog.records
    assert record.name == "tfaugkd"
    assert "Left out 2 of 4 rows" in record.getMessage()
    assert record.getMessage().endswith("the first on line 3.")


def test_nothing_is_reported_about_a_whole_file(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    _write(tmp_path / "SST-2", "dev.tsv", "sentence\tlabel", "x\t1")

    load_glue(tmp_path, TASKS["sst2"], "dev")

    assert not caplog.records


def test_label_out_of_the_list(tmp_path: Path):
    _write(tmp_path / "SST-2", "dev.tsv", "sentence\tlabel", "x\t1", "y\t2")

    with pytest.raises(InputError, match=r"dev\.tsv, line 3: the label '2' .* negative, positive"):
        load_glue(tmp_path, TASKS["sst2"], "dev")


def test_missing_column(tmp_path: Path):
    _write(tmp_path / "SST-2", "dev.tsv", "sentences\tlabel", "x\t1")

    with pytest.raises(InputError, match=r"'sentence'. Did you mean 'sentences'\?"):
        load_glue(tmp_path, TASKS["sst2"], "dev")


def test_no_rows(tmp_path: Path):
    _write(tmp_path / "SST-2", "dev.tsv", "sentence\tlabel")

    with pytest.raises(InputError, match=r"dev\.tsv has no rows"):
        load_glue(tmp_path, TASKS["sst2"], "dev")


def test_missing_folder_file_task_or_split(tmp_path: Path):
    _write(tmp_path / "SST-2", "dev.tsv", "sentence\tlabel", "x\t1")

    with pytest.raises(InputError, match=r"There is no folder .*absent\."):
        load_glue(tmp_path / "absent", TASKS["sst2"], "dev")
    with pytest.raises(InputError, match="holds neither a folder QNLI nor"):
        load_glue(tmp_path, TASKS["qnli"], "dev")
    with pytest.raises(InputError, match=r"There is no file .*train\.tsv, from which .* 'train'"):
        load_glue(tmp_path, TASKS["sst2"], "train")
    with pytest.raises(InputError, match="no split 'dev_mismatched'; it has: train, dev, test"):
        load_glue(tmp_path, TASKS["sst2"], "dev_mismatched")
    with pytest.raises(InputError, match="reviews is not part of GLUE"):
        load_glue(tmp_path, TASKS["reviews"], "dev")


# The header of each official file, and one row of it; `{}` stands for the label.
_PARSES = "\t".join(["(b)"] * 4)
_MNLI_HEADER = (
    "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\t"
    "sentence1_parse\tsentence2_parse\tsentence1\tsentence2"
)
_MNLI_ROW = f'0\t31193\t31193n\tgovernment\t{_PARSES}\tA "b.\tC d.'
_DEV_LABELS = "\t".join(f"label{n}" for n in range(1, 6))
_OFFICIAL = [
    ("cola", "train", "CoLA/train.tsv", None, 'gj04\t{}\t\tA "b.', "1"),
    ("cola", "dev", "CoLA/dev.tsv", None, 'gj04\t{}\t*\tA "b.', "0"),
    ("cola", "test", "CoLA/test.tsv", "index\tsentence", '0\tA "b.', None),
    ("sst2", "train", "SST-2/train.tsv", "sentence\tlabel", 'A "b.\t{}', "1"),
    ("sst2", "test", "SST-2/test.tsv", "index\tsentence", '0\tA "b.', None),
    (
        *("mrpc", "train", "MRPC/train.tsv"),
        *("\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String", '{}\t70\t71\tA "b.\tC d.', "1"),
    ),
    (
        *("mrpc", "test", "MRPC/test.tsv"),
        *("\ufeffindex\t#1 ID\t#2 ID\t#1 String\t#2 String", '0\t70\t71\tA "b.\tC d.', None),
    ),
    (
        *("stsb", "dev", "STS-B/dev.tsv"),
        "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore",
        *('0\tmain-captions\tMSRvid\t2012test\t0000\tnone\tnone\tA "b.\tC d.\t{}', "3.8"),
    ),
    (
        *("stsb", "test", "STS-B/test.tsv"),
        "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2",
        *('0\tmain-captions\tMSRvid\t2012test\t0024\tnone\tnone\tA "b.\tC d.', None),
    ),
    (
        *("qqp", "train", "QQP/train.tsv"),
        *("id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate", '9\t1\t2\tA "b.\tC d.\t{}', "0"),
    ),
    ("qqp", "test", "QQP/test.tsv", "id\tquestion1\tquestion2", '0\tA "b.\tC d.', None),
    (
        *("mnli", "train", "MNLI/train.tsv", f"{_MNLI_HEADER}\tlabel1\tgold_label"),
        *(f"{_MNLI_ROW}\tneutral\t{{}}", "contradiction"),
    ),
    (
        *("mnli", "dev", "MNLI/dev_matched.tsv", f"{_MNLI_HEADER}\t{_DEV_LABELS}\tgold_label"),
        *(_MNLI_ROW + "\tneutral" * 5 + "\t{}", "entailment"),
    ),
    (
        "mnli",
        "dev_mismatched",
        "MNLI/dev_mismatched.tsv",
        f"{_MNLI_HEADER}\t{_DEV_LABELS}\tgold_label",
        *(_MNLI_ROW + "\tcontradiction" * 5 + "\t{}", "neutral"),
    ),
    ("mnli", "test", "MNLI/test_matched.tsv", _MNLI_HEADER, _MNLI_ROW, None),
    ("mnli", "test_mismatched", "MNLI/test_mismatched.tsv", _MNLI_HEADER, _MNLI_ROW, None),
    (
        *("ax", "test", "diagnostic/diagnostic.tsv", "index\tsentence1\tsentence2"),
        *('0\tA "b.\tC d.', None),
    ),
    (
        *("qnli", "train", "QNLI/train.tsv", "index\tquestion\tsentence\tlabel"),
        *('0\tA "b.\tC d.\t{}', "not_entailment"),
    ),
    ("qnli", "test", "QNLI/test.tsv", "index\tquestion\tsentence", '0\tA "b.\tC d.', None),
    (
        *("rte", "train", "RTE/train.tsv", "index\tsentence1\tsentence2\tlabel"),
        *('0\tA "b.\tC d.\t{}', "entailment"),
    ),
    ("rte", "test", "RTE/test.tsv", "index\tsentence1\tsentence2", '0\tA "b.\tC d.', None),
    (
        *("wnli", "dev", "WNLI/dev.tsv", "index\tsentence1\tsentence2\tlabel"),
        *('0\tA "b.\tC d.\t{}', "1"),
    ),
    ("wnli", "test", "WNLI/test.tsv", "index\tsentence1\tsentence2", '0\tA "b.\tC d.', None),
]
_PLACES = {
    "1": 1,
    "0": 0,
    "3.8": 3.8,
    "contradiction": 2,
    "neutral": 1,
    "not_entailment": 1,
    "entailment": 0,
}


@pytest.mark.parametrize(
    ("task", "split", "file", "header", "row", "label"),
    _OFFICIAL,
    ids=[f"{task}-{split}" for task, split, *_ in _OFFICIAL],
)
def test_the_official_layout(tmp_path, task, split, file, header, row, label):
    rows = [row.format(label)] if label else [row]
    folder, name = file.split("/")
    _write(tmp_path / folder, name, *([header] if header else []), *rows)

    examples = load_glue(tmp_path, TASKS[task], split)

    assert examples.text_a == ['A "b.']
    assert examples.text_b == (["C d."] if TASKS[task].text_b else None)
    assert examples.ids == ["0"]
    if label is None:
        assert examples.labels is None
    else:
        np.testing.assert_allclose(examples.labels, [_PLACES[label]])


def test_every_row_of_a_test_file_is_kept(tmp_path: Path):
    rows = ["0\tWhy?\tHow?", "1\t\tWhat?", "2\tWho?"]
    _write(tmp_path / "QQP", "test.tsv", "id\tquestion1\tquestion2", *rows)

    test = load_glue(tmp_path, TASKS["qqp"], "test")

    assert test.ids == ["0", "1", "2"]
    assert (test.text_a, test.text_b) == (["Why?", "", "Who?"], ["How?", "What?", ""])
