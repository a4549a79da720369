import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import LENGTH, bert, command, complaint, sentiment, write_yaml

from tfaugkd.classifier import SplitClassifier
from tfaugkd.data.tasks import find_task
from tfaugkd.errors import InputError
from tfaugkd.saved_model import ModelFacts, save_model
from tfaugkd.scoring import metrics_of, score_model

BINARY = replace(find_task("custom"), label_names=("negative", "positive"))


@pytest.fixture(scope="module")
def reading(data, tmp_path_factory):
    """Options for the test split."""
    path = tmp_path_factory.mktemp("reading") / "a.yaml"
    return write_yaml(path, data=data, split="test")


def test_accuracy_is_always_among_a_classifiers_metrics():
    assert metrics_of(find_task("sst2")) == ["accuracy"]
    assert metrics_of(find_task("mrpc")) == ["accuracy", "f1"]
    assert metrics_of(find_task("cola")) == ["matthews_correlation", "accuracy"]
    assert metrics_of(find_task("stsb")) == ["pearson", "spearmanr"]


def test_scores_are_those_of_the_whole_split(student):
    examples = sentiment(19, seed=7)
    classifier = student.classifier
    expected = classifier(classifier.preprocessor(examples.text_a)).numpy()
    # 19 texts are two batches of 8 and three texts more.
    scored = score_model(student, examples, BINARY, LENGTH, batch_size=8)
    np.testing.assert_allclose(scored.logits, expected, rtol=1e-4, atol=1e-5)
    right = np.mean(expected.argmax(-1) == examples.labels)
    assert scored.scores == {"accuracy": pytest.approx(right)}


def test_texts_without_labels_cannot_be_scored(student):
    with pytest.raises(InputError, match="Scoring needs labels"):
        score_model(student, replace(sentiment(8), labels=None), BINARY, LENGTH)


def test_evaluate_prints_the_scores_and_writes_them(teacher_output, reading, tmp_path):
    output = tmp_path / "new" / "scores.json"
    status, out, _ = command("evaluate", *reading, "--model", teacher_output, "--output", output)
    written = json.loads(output.read_text())
    accuracy = written["scores"]["accuracy"]
    assert status == 0
    assert f"accuracy: {accuracy:.4f}\n" in out
    assert accuracy > 0.9
    assert written | {"scores": {}} == {
        "model": str(teacher_output),
        "task": "custom",
        "split": "test",
        "examples": 100,
        "scores": {},
    }

    # An output that exists stays as it is, unless told otherwise.
    options = ["evaluate", *reading, "--model", teacher_output, "--output", output]
    output.write_text("{}")
    assert complaint(*options).startswith(f"'{output}' exists already")
    assert output.read_text() == "{}"
    assert "is a folder" in complaint(*options, "--output", tmp_path, "--overwrite")
    # The length of training counts, not that of the configuration.
    status, _, _ = command(*options, "--overwrite", "--data.sequence_length", 8)
    assert status == 0
    assert json.loads(output.read_text()) == written


def test_labels_in_another_order_are_refused(teacher_output, reading):
    swapped = ["--data.label_names", "[positive, negative]"]
    message = complaint("evaluate", *reading, "--model", teacher_output, *swapped)
    assert message == (
        "The model's labels are negative, positive, but the data's are positive, negative, in this "
        "order; set data.label_names to the order that the model was trained with."
    )


def test_another_number_of_classes_is_refused(reading, tmp_path):
    facts = ModelFacts("custom", ("a", "b", "c"), LENGTH)
    save_model(bert(layers=1, num_classes=3), tmp_path / "model", facts, "")
    message = complaint("evaluate", *reading, "--model", tmp_path)
    assert message == "The model has 3 classes, but the data have 2: negative, positive."


def test_a_model_of_others_is_scored_too(reading, tmp_path):
    bert(layers=1).save_to_preset(str(tmp_path / "plain"))
    status, out, _ = command("evaluate", *reading, "--model", tmp_path / "plain")
    assert status == 0
    assert "accuracy: " in out
    options = ["--model", tmp_path / "plain", "--data.sequence_length", 17]
    message = complaint("evaluate", *reading, *options)
    assert message == "data.sequence_length is 17, but the model reads at most 16 tokens."


def test_a_split_without_labels_is_refused(teacher_output, reading, tmp_path):
    path = tmp_path / "test.csv"
    path.write_text("text\nthe film was good\n")
    message = complaint("evaluate", *reading, "--data.test_file", path, "--model", teacher_output)
    assert message == "Scoring needs labels, but these texts have none."


def test_a_pair_for_a_model_of_single_texts_is_refused(teacher_output, reading, tmp_path):
    path = tmp_path / "test.csv"
    path.write_text("text,other,label\nthe film was good,a plot,positive\n")
    options = ["--data.test_file", path, "--data.text_b", "other", "--model", teacher_output]
    message = complaint("evaluate", *reading, *options)
    assert message == "The model reads single texts, but the data are pairs of texts."


def test_regression(tmp_path):
    model = SplitClassifier(bert(layers=1, num_classes=1, seed=5))
    examples = replace(sentiment(9), label_names=(), labels=np.linspace(0, 5, 9, dtype=np.float32))
    task = replace(find_task("stsb"), text_b=None)
    scored = score_model(model, examples, task, LENGTH)
    assert scored.logits.shape == (9, 1)
    expected = np.corrcoef(scored.logits[:, 0], examples.labels)[0, 1]
    assert scored.scores["pearson"] == pytest.approx(expected)
