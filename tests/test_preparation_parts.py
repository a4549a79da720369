import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import sentiment

from tfaugkd.data import load_split, task_of
from tfaugkd.data.files import write_rows
from tfaugkd.data_config import DataConfig
from tfaugkd.errors import InputError
from tfaugkd.preparation_parts import read_part, split_into_parts


def read_all(config, size):
    parts, task = split_into_parts(config, size)
    read = [read_part(part, config, task) for part in parts]
    whole = read[0]
    for each in read[1:]:
        whole = whole.joined(each)
    return [part.name for part in parts], task, whole


def same(found, expected):
    assert found.text_a == expected.text_a
    assert found.text_b == expected.text_b
    assert found.ids == expected.ids
    assert found.label_names == expected.label_names
    assert found.protect == expected.protect
    np.testing.assert_array_equal(found.labels, expected.labels)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder, texts = tmp_path_factory.mktemp("files"), sentiment(25)
    rows = [
        {"text": f"{text},\n", "label": texts.label_names[label], "score": label / 2}
        for text, label in zip(texts.text_a, texts.labels, strict=True)
    ]
    for ending in ("csv", "tsv", "jsonl"):
        write_rows(folder / f"train.{ending}", rows)
    write_rows(folder / "more.csv", [{"text": f"more {n}"} for n in range(7)])
    return folder


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl"])
def test_parts_of_a_file_are_what_is_read_into_memory(ending, files):
    config = DataConfig(task="custom", train_file=str(files / f"train.{ending}"))
    names, task, found = read_all(config, 10)
    assert names == ["train-00000", "train-00001", "train-00002"]
    assert task == task_of(config)
    same(found, load_split(config, "train"))


def test_unlabelled_texts_stand_behind_in_shards_of_their_own(files):
    config = DataConfig(
        task="custom",
        train_file=str(files / "train.csv"),
        unlabelled_file=str(files / "more.csv"),
        protect=["film"],
    )
    names, _, found = read_all(config, 5)
    assert names[4:] == ["train-00004", "unlabelled-00000", "unlabelled-00001"]
    same(found, load_split(config, "train"))
    scores = replace(config, label="score", label_names=[])
    same(read_all(scores, 5)[2], load_split(scores, "train"))


def test_labels_are_left_out_if_asked(files):
    config = DataConfig(task="custom", train_file=str(files / "train.csv"), labels=False)
    _, _, found = read_all(config, 100)
    assert found.text_a == load_split(config, "train").text_a
    assert not found.labelled.any()


def test_glue_s_files_are_read_in_ranges_too(tmp_path, caplog):
    folder = tmp_path / "SST-2"
    folder.mkdir()
    (folder / "train.tsv").write_text("sentence\tlabel\na\t0\nb\nc\t1\nd\t1\n")
    config = DataConfig(task="sst2", path=str(tmp_path))
    _, _, found = read_all(config, 3)
    same(found, load_split(config, "train"))
    assert found.ids == ["0", "2", "3"]
    assert "Left out 1 of 3 rows" in caplog.text
    cola = tmp_path / "CoLA"
    cola.mkdir()
    (cola / "train.tsv").write_text("x\t1\t\tgood\nx\t0\t*\tbad\nx\t1\t\tfair\n")
    config = DataConfig(task="cola", path=str(tmp_path))
    same(read_all(config, 2)[2], load_split(config, "train"))


def test_sources_without_files_are_parted_in_memory():
    config = DataConfig(task="reviews")
    names, _, found = read_all(config, 4000)
    assert len(names) == 3
    same(found, load_split(config, "train"))


def test_a_pattern_names_several_files(files, tmp_path):
    for name in ("b", "a"):
        (tmp_path / f"{name}.jsonl").write_text(
            "".join(json.dumps({"text": f"{name}{n}", "label": n % 2}) + "\n" for n in range(3))
        )
    config = DataConfig(task="custom", train_file=str(tmp_path / "*.jsonl"))
    names, task, found = read_all(config, 2)
    assert len(names) == 4
    assert task.label_names == ("0", "1")
    assert found.text_a == ["a0", "a1", "a2", "b0", "b1", "b2"]
    assert found.ids == [f"{name}.jsonl:{n}" for name in "ab" for n in range(3)]
    with pytest.raises(InputError, match=r"data\.train_file is '.+\*\.csv', which no file matches"):
        split_into_parts(replace(config, train_file=str(tmp_path / "*.csv")), 2)


def test_wrong_rows_are_named_by_file_and_line(files, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\na,0\nb,1\nc,\n")
    config = DataConfig(task="custom", train_file=str(path), label_names=["0", "1"])
    with pytest.raises(InputError, match=r"a\.csv, line 4: the column 'label' is empty"):
        read_all(config, 2)
    path.write_text("text,label\na,0\nb,1\nc,2\n")
    with pytest.raises(InputError, match=r"a\.csv, line 4: the label '2' is not one of: 0, 1"):
        read_all(config, 2)
    with pytest.raises(InputError, match=r"There is no split 'train', because data\.train_file"):
        split_into_parts(replace(config, train_file=None, dev_file="a.csv"), 2)
    with pytest.raises(InputError, match="There is no file"):
        split_into_parts(replace(config, train_file="nowhere.csv"), 2)
