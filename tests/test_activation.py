import json

import keras
import numpy as np
import pytest
from conftest import FAMILIES, LENGTH, bert, classified, eight, sentiment

from tfaugkd.activation import (
    ACTIVATIONS,
    activation_beyond_preset,
    activation_of,
    set_activation,
)
from tfaugkd.classifier import SplitClassifier
from tfaugkd.errors import InputError
from tfaugkd.presets import load_classifier, student_from_teacher
from tfaugkd.saved_model import ModelFacts, load_model, save_model

FACTS = ModelFacts("custom", ("negative", "positive"), LENGTH)


def exact(seed=3):
    classifier = bert(layers=2, seed=seed)
    set_activation(classifier, "gelu")
    return classifier


def answers(classifier):
    model = SplitClassifier(classifier)
    tokens = eight(sentiment(8), model)
    assert np.array_equal(model.logits(tokens), classified(classifier, tokens))
    return np.asarray(model.compiled_logits(tokens))


@pytest.mark.parametrize(("name", "at_one"), [
    ("gelu", 0.8413447), ("gelu_tanh", 0.8411920), ("relu", 1.0), ("silu", 0.7310586),
])  # fmt: skip
def test_an_activation_is_the_function_that_it_is_called_after(name, at_one):
    assert float(ACTIVATIONS[name](keras.ops.ones(()))) == pytest.approx(at_one, abs=1e-7)


@pytest.mark.parametrize("family", ["bert", "distil_bert", "roberta"])
def test_kerashub_builds_the_tanh_in_bert_alone(family):
    classifier = FAMILIES[family](layers=1)
    assert activation_of(classifier) == ("gelu_tanh" if family == "bert" else "gelu")
    assert activation_beyond_preset(classifier) is None
    set_activation(classifier, "silu")
    assert activation_of(classifier) == activation_beyond_preset(classifier) == "silu"


@pytest.mark.parametrize("family", ["albert", "deberta", "enc_t5"])
def test_families_that_no_checkpoint_comes_in_keep_what_their_preset_holds(family):
    classifier = FAMILIES[family](layers=1)
    assert activation_of(classifier) is None
    assert activation_beyond_preset(classifier) is None


def test_another_activation_gives_other_answers():
    classifier = bert(layers=2, seed=3)
    before = answers(classifier)
    set_activation(classifier, None)
    assert np.array_equal(answers(classifier), before)
    found = np.abs(answers(exact()) - before).max()
    assert 1e-6 < found < 1e-2


def test_it_is_kept_by_saving_and_loading(tmp_path):
    classifier = exact()
    save_model(classifier, tmp_path / "model", FACTS, "")
    loaded, facts = load_model(tmp_path)
    assert facts == FACTS
    assert activation_of(loaded) == "gelu"
    assert np.array_equal(answers(loaded), answers(classifier))
    assert np.array_equal(answers(load_classifier(str(tmp_path / "model"))), answers(classifier))


def test_a_student_has_its_teachers():
    student = student_from_teacher(exact(), 2)
    assert activation_of(student) == "gelu"
    assert np.array_equal(answers(student), answers(exact()))


def test_a_name_that_there_is_not_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"Unknown activation: 'gelo'. Did you mean 'gelu'\?"):
        set_activation(exact(), "gelo")
    folder = save_model(exact(), tmp_path / "model", FACTS, "")
    saved = json.loads((folder / "tfaugkd.json").read_text())
    assert saved["activation"] == "gelu"
    (folder / "tfaugkd.json").write_text(json.dumps(saved | {"activation": 5}))
    with pytest.raises(InputError, match="Unknown activation: '5'"):
        load_model(folder)


def test_a_layer_of_ones_own_has_no_name():
    classifier = bert(layers=2)
    layer = classifier.backbone.transformer_layers[0]
    layer._feedforward_intermediate_dense.activation = keras.activations.softplus
    assert activation_of(classifier) is None
    student = student_from_teacher(classifier, 1)
    own = student.backbone.transformer_layers[0]._feedforward_intermediate_dense
    assert own.activation is keras.activations.softplus
