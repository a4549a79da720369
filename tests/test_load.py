from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tfaugkd.data import load
from tfaugkd.data.load import load_split, source_of, task_of, training_ids
from tfaugkd.data_config import DataConfig
from tfaugkd.errors import InputError


def _train_file(folder: Path, rows: int = 20) -> str:
    lines = [f"text {row},{'good' if row % 2 else 'bad'}" for row in range(rows)]
    (folder / "train.csv").write_text("\n".join(["text,label", *lines]) + "\n")
    return str(folder / "train.csv")


def _custom(folder: Path, **fields: Any) -> DataConfig:
    return DataConfig(task="custom", train_file=_train_file(folder), **fields)


@pytest.mark.parametrize(
    ("config", "source"),
    [
        (DataConfig(), "packaged"),
        (DataConfig(task="sst2"), "tfds"),
        (DataConfig(task="sst2", path="glue"), "glue"),
        (DataConfig(task="sst2", path="glue", train_file="a.csv"), "files"),
        (DataConfig(task="custom", dev_file="a.csv"), "files"),
        (DataConfig(task="sst2", source="tfds", path="glue"), "tfds"),
    ],
)
def test_source(config: DataConfig, source: str):
    assert source_of(config) == source


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"task": "custom"}, "give data.train_file"),
        ({"task": "custom", "path": "glue"}, "give data.train_file"),
        ({"task": "sst2", "source": "glue"}, "data.path must name a folder"),
        ({"task": "sst2", "source": "files"}, "data.train_file must name a file"),
        ({"task": "sst2", "source": "packaged"}, "has the task reviews, not sst2"),
        ({"task": "sst2", "source": "hub"}, "Unknown data.source: 'hub'"),
    ],
)
def test_source_that_lacks_something(fields: dict[str, Any], message: str):
    with pytest.raises(InputError, match=message):
        load_split(DataConfig(**fields), "train")


def test_custom_task_takes_its_labels_from_the_training_file(tmp_path: Path):
    task = task_of(_custom(tmp_path))

    assert (task.name, task.label_names, task.metrics) == ("custom", ("bad", "good"), ("accuracy",))


def test_dev_file_may_lack_labels_that_training_has(tmp_path: Path):
    (tmp_path / "dev.jsonl").write_text('{"text": "a", "label": "good"}\n')

    dev = load_split(_custom(tmp_path, dev_file=str(tmp_path / "dev.jsonl")), "dev")

    np.testing.assert_array_equal(dev.labels, [1])


def test_configuration_overrides_the_task(tmp_path: Path):
    config = DataConfig(
        task="rte", text_a="premise", text_b="hypothesis", label="gold", label_names=["no", "yes"]
    )

    task = task_of(config)

    assert (task.texts, task.label) == (("premise", "hypothesis"), "gold")
    assert (task.label_names, task.metrics) == (("no", "yes"), ("accuracy",))


def test_numbers_as_label_names():
    assert task_of(DataConfig(task="sst2", label_names=[0, 1])).label_names == ("0", "1")  # type: ignore[list-item]


@pytest.mark.parametrize("task", ["custom", "sst2"])
def test_empty_label_names_mean_regression(tmp_path: Path, task: str):
    (tmp_path / "a.csv").write_text("text,score\na,1\nb,2.5\n")
    config = DataConfig(
        task=task,
        train_file=str(tmp_path / "a.csv"),
        text_a="text",
        label="score",
        label_names=[],
    )

    assert task_of(config).metrics == ("pearson", "spearmanr")
    np.testing.assert_array_equal(load_split(config, "train").labels, [1, 2.5])


def test_scores_are_never_taken_for_classes(tmp_path: Path):
    (tmp_path / "a.csv").write_text("text,label\na,1\nb,2.5\n")

    with pytest.raises(InputError, match=r"set data\.label_names to \[\]"):
        task_of(DataConfig(task="custom", train_file=str(tmp_path / "a.csv")))


@pytest.mark.parametrize("names", [["one"], ["same", "same"]])
def test_label_names_that_cannot_be(names: list[str]):
    with pytest.raises(InputError, match="two or more different names"):
        task_of(DataConfig(task="sst2", label_names=names))


def test_custom_labels_that_cannot_be_known(tmp_path: Path):
    config = DataConfig(task="custom", dev_file=_train_file(tmp_path))

    with pytest.raises(InputError, match=r"needs data\.label_names or data\.train_file"):
        load_split(config, "dev")


def test_whole_training_split_is_in_the_order_of_the_file(tmp_path: Path):
    assert load_split(_custom(tmp_path), "train").ids == [str(row) for row in range(20)]


def test_subsets_are_nested_and_random(tmp_path: Path):
    ids = {n: load_split(_custom(tmp_path, train_examples=n), "train").ids for n in (5, 10, 20)}

    assert ids[20][:10] == ids[10]
    assert ids[10][:5] == ids[5]
    assert ids[5] != [str(row) for row in range(5)]
    assert sorted(ids[20], key=int) == [str(row) for row in range(20)]
    assert load_split(_custom(tmp_path, train_examples=5, seed=1), "train").ids != ids[5]


def test_held_out_rows_are_never_trained_on(tmp_path: Path):
    config = _custom(tmp_path, held_out=6)

    train, held_out = load_split(config, "train"), load_split(config, "held_out")

    assert (len(train), len(held_out)) == (14, 6)
    assert not set(train.ids) & set(held_out.ids)


def test_held_out_rows_do_not_depend_on_the_subset(tmp_path: Path):
    small, all_left = (_custom(tmp_path, held_out=6, train_examples=n) for n in (3, 14))

    assert load_split(small, "held_out").ids == load_split(all_left, "held_out").ids
    assert load_split(small, "train").ids == load_split(all_left, "train").ids[:3]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"train_examples": 21}, "train_examples is 21, but the training split has 20 examples."),
        (
            {"train_examples": 15, "held_out": 6},
            "is 15, but the training split has 20 examples, 6 of which are held out.",
        ),
        ({"held_out": 20}, "held_out is 20, but the training split has 20 examples."),
    ],
)
def test_more_than_there_is(tmp_path: Path, fields: dict[str, int], message: str):
    with pytest.raises(InputError, match=message):
        load_split(_custom(tmp_path, **fields), "train")


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ("devel", r"Unknown split: 'devel'. Did you mean 'dev'\?"),
        ("dev", r"no split 'dev', because data\.dev_file is not given"),
        ("held_out", r"no split 'held_out', because data\.held_out is 0"),
        ("dev_mismatched", "Files of your own have no split 'dev_mismatched'"),
    ],
)
def test_split_that_is_not_there(tmp_path: Path, split: str, message: str):
    with pytest.raises(InputError, match=message):
        load_split(_custom(tmp_path), split)


def test_test_file_without_labels(tmp_path: Path):
    (tmp_path / "test.csv").write_text("text\na\n")

    test = load_split(_custom(tmp_path, test_file=str(tmp_path / "test.csv")), "test")

    assert (test.text_a, test.labels, test.label_names) == (["a"], None, ("bad", "good"))


def test_glue_folder(tmp_path: Path):
    (tmp_path / "SST-2").mkdir()
    (tmp_path / "SST-2" / "dev.tsv").write_text("sentence\tlabel\nx\t1\n")

    dev = load_split(DataConfig(task="SST-2", path=str(tmp_path)), "dev")

    assert (dev.text_a, dev.label_names) == (["x"], ("negative", "positive"))


def test_packaged_and_tfds_are_asked_for_the_split(monkeypatch: pytest.MonkeyPatch):
    asked = []
    monkeypatch.setattr(load, "load_reviews", lambda split, task: asked.append((split, task.name)))
    monkeypatch.setattr(load, "load_tfds", lambda task, split: asked.append((split, task.name)))

    load_split(DataConfig(), "dev")
    load_split(DataConfig(task="mnli"), "dev_mismatched")

    assert asked == [("dev", "reviews"), ("dev_mismatched", "mnli")]


def _variants_file(folder: Path, rows: dict[int, int]) -> str:
    lines = [f"{row}\tagain {row} {n}" for row, count in rows.items() for n in range(count)]
    (folder / "aug.tsv").write_text("\n".join(["id\ttext", *lines]) + "\n")
    return str(folder / "aug.tsv")


def test_variants_are_added_to_the_training_split_alone(tmp_path: Path):
    added_file = _variants_file(tmp_path, {3: 2, 0: 1})
    config = _custom(tmp_path, added_file=added_file, dev_file=_train_file(tmp_path))

    train, dev = load_split(config, "train"), load_split(config, "dev")

    assert train.text_a[20:] == ["again 3 0", "again 3 1", "again 0 0"]
    assert train.ids[20:] == ["3", "3", "0"]
    np.testing.assert_array_equal(train.labels[20:], [1, 1, 0])
    assert len(dev) == 20


def test_only_variants_of_what_is_trained_on_are_added(tmp_path: Path):
    added_file = _variants_file(tmp_path, dict.fromkeys(range(20), 1))
    config = _custom(tmp_path, added_file=added_file, train_examples=6, held_out=5)

    train, held_out = load_split(config, "train"), load_split(config, "held_out")

    assert len(train) == 12
    assert train.ids[6:] == sorted(train.ids[:6], key=int)
    assert len(held_out) == 5
    assert not set(held_out.ids) & set(train.ids)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({2: 1, 20: 1}, r"aug.tsv, line 3: '20' is the id of none of the 20 training texts"),
        ({2: 1}, r"data.added_file is .*aug.tsv', but it has no variant of any of the 3 texts"),
    ],
)
def test_added_file_that_does_not_fit(tmp_path: Path, rows: dict[int, int], message: str):
    config = _custom(tmp_path, added_file=_variants_file(tmp_path, rows), train_examples=3)

    assert "2" not in load_split(replace(config, added_file=None), "train").ids
    with pytest.raises(InputError, match=message):
        load_split(config, "train")


def test_training_ids_are_those_of_the_whole_split(tmp_path: Path):
    config = _custom(tmp_path, train_examples=3)

    assert training_ids(config) == [str(row) for row in range(20)]


def test_files_without_a_task_are_custom(tmp_path: Path):
    config = DataConfig(train_file=_train_file(tmp_path))

    assert task_of(config).name == "custom"
    assert load_split(config, "train").text_a[0] == "text 0"
    assert task_of(DataConfig()).name == "reviews"


def test_withheld_labels(tmp_path: Path):
    config = _custom(tmp_path, labels=False, skip_share=0.25)

    train = load_split(config, "train")

    assert (len(train), train.labels, train.label_names) == (15, None, ("bad", "good"))
    assert not train.labelled.any()
    teacher = load_split(_custom(tmp_path, train_share=0.25), "train")
    assert sorted(train.ids + teacher.ids, key=int) == [str(row) for row in range(20)]


def test_a_file_need_not_have_labels_that_are_withheld(tmp_path: Path):
    (tmp_path / "texts.csv").write_text("text\na\nb\n")
    config = DataConfig(
        train_file=str(tmp_path / "texts.csv"), label_names=["bad", "good"], labels=False
    )

    assert load_split(config, "train").text_a == ["a", "b"]


def test_unlabelled_texts_stand_behind_the_labelled_ones(tmp_path: Path):
    (tmp_path / "more.jsonl").write_text('{"text": "x"}\n{"text": "y", "label": "good"}\n')
    more = str(tmp_path / "more.jsonl")

    train = load_split(_custom(tmp_path, train_examples=3, unlabelled_file=more), "train")

    assert train.text_a[3:] == ["x", "y"]
    assert train.ids[3:] == ["unlabelled_0", "unlabelled_1"]
    assert train.labels.dtype == np.int32
    assert train.labels[3:].tolist() == [-1, -1]
    assert train.labelled.tolist() == [True] * 3 + [False] * 2
    held_out = load_split(_custom(tmp_path, held_out=5, unlabelled_file=more), "held_out")
    assert len(held_out) == 5
    unlabelled = load_split(_custom(tmp_path, labels=False, unlabelled_file=more), "train")
    assert (len(unlabelled), unlabelled.labels) == (22, None)


def test_unlabelled_texts_among_scores(tmp_path: Path):
    (tmp_path / "a.csv").write_text("text,score\na,1\nb,-1\n")
    file = str(tmp_path / "a.csv")

    train = load_split(
        DataConfig(train_file=file, unlabelled_file=file, label="score", label_names=[]), "train"
    )

    np.testing.assert_array_equal(train.labels, np.array([1, -1, np.nan, np.nan], np.float32))
    assert train.labelled.tolist() == [True, True, False, False]


def test_only_what_is_trained_on_is_protected(tmp_path: Path):
    (tmp_path / "dev.jsonl").write_text('{"text": "a", "label": "good"}\n')
    config = _custom(tmp_path, protect=["@GENE$"], dev_file=str(tmp_path / "dev.jsonl"))

    assert load_split(config, "train").protect == ("@GENE$",)
    assert load_split(config, "dev").protect == ()


def test_relations_in_two_columns_with_and_without_a_header(tmp_path: Path):
    rows = ["the @GENE$ causes @DISEASE$\t1", 'no "link" of @GENE$ and @DISEASE$\t0']
    (tmp_path / "train.tsv").write_text("\n".join(rows) + "\n")
    (tmp_path / "dev.tsv").write_text("\n".join(["index\tsentence\tlabel", f"0\t{rows[1]}"]) + "\n")
    config = DataConfig(
        train_file=str(tmp_path / "train.tsv"),
        dev_file=str(tmp_path / "dev.tsv"),
        header=["sentence", "label"],
        text_a="sentence",
    )

    train, dev = load_split(config, "train"), load_split(config, "dev")

    assert task_of(config).label_names == ("0", "1")
    assert train.text_a == [row.split("\t")[0] for row in rows]
    assert train.labels.tolist() == [1, 0]
    assert (dev.text_a, dev.labels.tolist()) == (train.text_a[1:], [0])
