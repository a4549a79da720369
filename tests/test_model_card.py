import dataclasses
import sys
import types

import keras
import numpy as np
import pytest
import yaml

from tfaugkd.model_card import Card, model_card

CARD = Card(
    name="Two layers for film reviews",
    task="film reviews",
    label_names=["rotten", 'fresh: "yes"'],
    method="AugPro-Mix",
    objective="CE(student, label) + MSE(student, teacher)",
    scores={"accuracy": 0.8123},
    split="dev",
    split_size=1200,
    training_examples=1000,
    command="tfaugkd distill configs/reviews.yaml",
    teacher="MiniLM, 6 layers",
    folder="outputs/student",
    tags=["yes", "a: b"],
)


def front_matter(text):
    opening, matter, _ = text.split("---\n", 2)
    assert opening == ""
    return yaml.safe_load(matter)


def run_example(text, logits, monkeypatch, capsys):
    """Runs the card's own example with a stand-in for keras_hub."""
    calls = []
    classifier = types.SimpleNamespace(predict=lambda x: calls.append(x) or np.array(logits))
    loader = types.SimpleNamespace(from_preset=lambda path: calls.append(path) or classifier)
    models = types.SimpleNamespace(TextClassifier=loader)
    monkeypatch.setitem(sys.modules, "keras_hub", types.SimpleNamespace(models=models))
    exec(text.split("```python\n")[1].split("```")[0], {})
    return calls, capsys.readouterr().out.strip()


def test_front_matter_is_yaml():
    matter = front_matter(model_card(CARD))
    assert matter["library_name"] == "keras-hub"
    assert matter["tags"] == [
        "text-classification", "keras-hub", "knowledge-distillation", "yes", "a: b",
    ]  # fmt: skip
    assert matter["metrics"] == ["accuracy"]


def test_a_card_says_what_it_was_told():
    text = model_card(CARD)
    for told in (CARD.name, CARD.task, CARD.method, CARD.objective, CARD.command, CARD.teacher):
        assert told in text
    assert "| accuracy | 0.812 |" in text
    assert "1,200 examples of the dev split" in text
    assert "0 = rotten" in text


def test_the_example_runs(monkeypatch, capsys):
    calls, printed = run_example(model_card(CARD), [[0.1, 0.9]], monkeypatch, capsys)
    assert calls == ["outputs/student", ["some text"]]
    assert printed == 'fresh: "yes"'


def test_a_model_of_this_packages_own_is_loaded_with_it():
    assert "import tfaugkd" not in model_card(CARD)
    own = model_card(dataclasses.replace(CARD, needs_package=True))
    assert "```python\nimport keras_hub\nimport tfaugkd\n\nclassifier = keras_hub." in own


@pytest.mark.parametrize("pair", [False, True])
def test_a_regression_teacher(pair, monkeypatch, capsys):
    card = dataclasses.replace(CARD, label_names=[], teacher="", pair=pair)
    text = model_card(card)
    assert "knowledge-distillation" not in front_matter(text)["tags"]
    assert "Teacher" not in text
    assert "one number" in text
    calls, printed = run_example(text, [[3.5]], monkeypatch, capsys)
    assert calls[1] == ((["first text"], ["second text"]) if pair else ["some text"])
    assert printed == "3.5"


def test_an_activation_that_a_preset_cannot_hold_is_set_by_the_example(monkeypatch, capsys):
    assert "import keras\n" not in model_card(CARD)
    for name in ("gelu", "gelu_tanh"):
        text = model_card(dataclasses.replace(CARD, activation=name, folder="DIR"))
        dense = types.SimpleNamespace(activation=None)
        layer = types.SimpleNamespace(_feedforward_intermediate_dense=dense)
        classifier = types.SimpleNamespace(
            predict=lambda x: np.array([[0.0, 1.0]]),
            backbone=types.SimpleNamespace(transformer_layers=[layer]),
        )
        text_classifier = types.SimpleNamespace(from_preset=lambda path, own=classifier: own)
        models = types.SimpleNamespace(TextClassifier=text_classifier)
        monkeypatch.setitem(sys.modules, "keras_hub", types.SimpleNamespace(models=models))
        exec(text.split("```python\n")[1].split("```")[0], {})
        expected = keras.activations.gelu(1.0, approximate=name == "gelu_tanh")
        assert float(dense.activation(1.0)) == float(expected)
    assert 'fresh: "yes"' in capsys.readouterr().out
