import json
import os
import resource
import subprocess
import sys

import keras_hub
import numpy as np
import pytest
from conftest import LENGTH, bert

from tfaugkd.errors import InputError
from tfaugkd.faults import disk_fault
from tfaugkd.folders import size_on_disk
from tfaugkd.saved_model import MODEL_FOLDER, ModelFacts, load_model, save_model

TEXTS = ["the film was good", "a very dull plot , sad and unlikely", "great"]
FACTS = ModelFacts("custom", ("negative", "positive"), LENGTH)

# What a user runs who has KerasHub and not this package, wherever that may be installed.
ELSEWHERE = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "tfaugkd":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
import keras_hub
import numpy as np

folder, output, *texts = sys.argv[1:]
classifier = keras_hub.models.TextClassifier.from_preset(folder)
logits = classifier.predict(texts, verbose=0)
np.savez(output, logits=logits, length=classifier.preprocessor.sequence_length)
assert not any(name.partition(".")[0] == "tfaugkd" for name in sys.modules)
"""


@pytest.fixture(scope="module")
def classifier():
    return bert(layers=1, seed=4)


@pytest.fixture(scope="module")
def folder(classifier, tmp_path_factory):
    return save_model(classifier, tmp_path_factory.mktemp("run") / "model", FACTS, "# A card\n")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_it_loads_where_this_package_is_not(classifier, folder, tmp_path):
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    output = tmp_path / "logits.npz"
    subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(folder), str(output), *TEXTS],
        cwd=tmp_path,
        env=plain,
        check=True,
    )
    there = np.load(output)
    here = classifier(classifier.preprocessor(TEXTS))
    np.testing.assert_allclose(there["logits"], here, rtol=1e-5, atol=1e-6)
    assert there["length"] == LENGTH


def test_names_and_card_travel_with_it(folder):
    assert json.loads((folder / "tfaugkd.json").read_text()) == {
        "task": "custom",
        "label_names": ["negative", "positive"],
        "sequence_length": LENGTH,
        "pair": False,
        "activation": "gelu_tanh",
    }
    assert (folder / "README.md").read_text() == "# A card\n"
    assert names(folder.parent) == ["model"]


@pytest.mark.parametrize("inner", ["", MODEL_FOLDER])
def test_it_is_loaded_by_its_own_folder_or_by_the_output_that_it_lies_in(classifier, folder, inner):
    loaded, facts = load_model(folder.parent / inner)
    assert facts == FACTS
    for weight, original in zip(loaded.weights, classifier.weights, strict=True):
        np.testing.assert_array_equal(weight, original)


def test_the_length_of_training_is_the_length_that_is_saved(tmp_path):
    longer = ModelFacts("custom", (), 16)
    save_model(bert(layers=1, num_classes=1), tmp_path / "model", longer, "")
    assert load_model(tmp_path)[0].preprocessor.sequence_length == 16


def test_a_preset_of_others_has_no_facts(tmp_path):
    bert(layers=1).save_to_preset(str(tmp_path / "plain"))
    loaded, facts = load_model(tmp_path / "plain")
    assert isinstance(loaded, keras_hub.models.BertTextClassifier)
    assert facts is None


@pytest.mark.parametrize("error", [OSError("No space left on device"), KeyboardInterrupt()])
def test_a_save_that_stops_half_way_leaves_the_model_that_was_there(tmp_path, monkeypatch, error):
    folder = tmp_path / "model"
    save_model(bert(layers=1, seed=1), folder, FACTS, "the first")
    other = bert(layers=1, seed=2)
    save = other.save_to_preset

    def stop(path):
        save(path)
        raise error

    monkeypatch.setattr(other, "save_to_preset", stop)
    for target in (folder, tmp_path / "new"):
        with pytest.raises(type(error)):
            save_model(other, target, FACTS, "the second")
    assert names(tmp_path) == ["model"]
    assert (folder / "README.md").read_text() == "the first"


def test_a_disk_without_room_for_all_of_it_is_found_out_before_hdf5_meets_it(folder, tmp_path):
    classifier, facts = load_model(folder)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_on_disk(folder), limits[1]))
    try:
        with pytest.raises(OSError, match="too large") as refused:
            save_model(classifier, tmp_path / "full", facts, "")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert disk_fault(refused.value) is not None
    assert names(tmp_path) == []


def test_a_saved_model_is_replaced_whole(tmp_path):
    folder = tmp_path / "model"
    save_model(bert(layers=1, seed=1), folder, FACTS, "the first")
    (folder / "stray").write_text("")
    other = bert(layers=1, seed=2)
    save_model(other, folder, FACTS, "the second")
    assert names(tmp_path) == ["model"]
    assert "stray" not in names(folder)
    assert (folder / "README.md").read_text() == "the second"
    loaded, _ = load_model(folder)
    for weight, original in zip(loaded.weights, other.weights, strict=True):
        np.testing.assert_array_equal(weight, original)


def test_what_is_no_model(tmp_path):
    with pytest.raises(InputError, match=r"There is no folder .*nowhere.* with a trained model"):
        load_model(tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds no saved classifier"):
        load_model(tmp_path)


@pytest.mark.parametrize("facts", ["{", "{}", "[1]", '{"task": "a", "label_names": 5}'])
def test_facts_that_cannot_be_read(tmp_path, facts):
    save_model(bert(layers=1), tmp_path / "model", FACTS, "")
    (tmp_path / "model" / "tfaugkd.json").write_text(facts)
    with pytest.raises(InputError, match=r"tfaugkd.json cannot be read as the facts of a model"):
        load_model(tmp_path)


@pytest.mark.parametrize("name", ["task.json", "model.weights.h5", "config.json"])
def test_a_damaged_model_is_named(tmp_path, name):
    folder = save_model(bert(layers=1), tmp_path / "model", FACTS, "")
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"Cannot load a text classifier from .*model"):
        load_model(tmp_path)
