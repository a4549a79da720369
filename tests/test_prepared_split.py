from dataclasses import replace

import numpy as np
import pytest
from conftest import LENGTH, bert, sentiment, store

from tfaugkd.data import load_split, load_train, task_of
from tfaugkd.data.files import write_rows
from tfaugkd.data_config import DataConfig
from tfaugkd.errors import InputError


@pytest.fixture(scope="module")
def configs(tmp_path_factory):
    """The same texts as a file and prepared; the configurations that read them."""
    folder, texts = tmp_path_factory.mktemp("split"), sentiment(50)
    rows = zip(texts.text_a, texts.labels, strict=True)
    names = texts.label_names
    write_rows(
        folder / "train.csv", [{"text": text, "label": names[label]} for text, label in rows]
    )
    store(folder / "prepared", texts, bert(layers=1))
    given = {"task": "custom", "label_names": list(names), "sequence_length": LENGTH}
    of_file = DataConfig(**given, train_file=str(folder / "train.csv"))
    return of_file, replace(of_file, prepared=str(folder / "prepared"))


PARTS = [
    {},
    {"train_examples": 20},
    {"train_share": 0.3, "skip_share": 0.2, "seed": 4},
    {"train_examples": 10, "skip_examples": 5, "held_out": 30},
]


@pytest.mark.parametrize("part", PARTS)
def test_parts_are_those_of_the_source(part, configs):
    expected, found = (load_train(replace(config, **part)) for config in configs)
    assert found.examples().text_a == expected.text_a
    assert found.examples().ids == expected.ids
    np.testing.assert_array_equal(found.labels, expected.labels)


def test_held_out_rows_are_read_into_memory(configs):
    expected, found = (load_split(replace(each, held_out=7), "held_out") for each in configs)
    assert found.text_a == expected.text_a
    np.testing.assert_array_equal(found.labels, expected.labels)


def test_labels_are_withheld_if_asked(configs):
    assert load_train(replace(configs[1], labels=False)).labels is None


def test_the_names_of_the_classes_are_in_the_manifest(configs):
    nameless = replace(configs[1], label_names=None, train_file=None, dev_file="dev.csv")
    assert task_of(nameless).label_names == ("negative", "positive")


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"task": "reviews"}, r"data\.task is 'reviews', but .+ was prepared with 'custom'"),
        ({"label_names": ["positive", "negative"]}, r"data\.label_names is \['positive', 'negat"),
        ({"protect": ["film"]}, r"data\.protect is \['film'\], but .+ was prepared with \[\]"),
        ({"text_b": "other"}, "holds single texts, but the task custom has pairs of texts"),
        ({"unlabelled_file": "a.csv"}, r"data\.unlabelled_file is 'a.csv', but .+ without it"),
        ({"prepared": "nowhere"}, r"data\.prepared is 'nowhere', which holds no manifest\.json"),
        ({"train_examples": 51}, "train_examples is 51, but the training split has 50 examples"),
    ],
)
def test_what_was_prepared_for_something_else_is_refused(keys, sentence, configs):
    with pytest.raises(InputError, match=sentence):
        load_train(replace(configs[1], **keys))


def test_no_part_is_taken_of_augmented_texts(configs, tmp_path):
    store(tmp_path, sentiment(16), bert(layers=1), augmented=True)
    config = replace(configs[1], prepared=str(tmp_path))
    assert len(load_train(config)) == 16
    with pytest.raises(InputError, match="holds augmented copies among its texts"):
        load_train(replace(config, train_share=0.5))


def test_added_files_are_for_texts_in_memory():
    with pytest.raises(InputError, match=r"added_file is 'a\.tsv', but must be left out with prep"):
        DataConfig(prepared="folder", added_file="a.tsv")
