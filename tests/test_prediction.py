import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import LENGTH, bert, command, complaint, sentiment

from tfaugkd import prediction
from tfaugkd.classifier import SplitClassifier
from tfaugkd.data.examples import Examples
from tfaugkd.prediction import predict_logits, prediction_rows
from tfaugkd.saved_model import ModelFacts, load_model, save_model

TEXTS = Examples(["a", "b"], None, None, ["0", "1"], ())


def read(path):
    """Reads a table that `tfaugkd predict` wrote; numbers stay as they are spelled."""
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","))


def test_the_last_batch_is_filled_up_and_cut_again(student):
    examples = sentiment(11, seed=5)
    classifier = student.classifier
    expected = classifier(classifier.preprocessor(examples.text_a)).numpy()
    for size in (4, 16):
        found = predict_logits(student, examples, LENGTH, size)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_dropout_is_off():
    model = SplitClassifier(bert(layers=1, dropout=0.5))
    one, other = (predict_logits(model, sentiment(8), LENGTH, 8) for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_probabilities_are_the_softmax_of_the_logits():
    rows = prediction_rows(TEXTS, np.log([[1.0, 3.0, 4.0], [2.0, 1.0, 1.0]]), ("x", "y", "z"))
    names = ["id", "prediction", "probability_x", "probability_y", "probability_z"]
    assert [list(row) for row in rows] == [names, names]
    assert list(rows[0].values()) == ["0", "z", 0.125, 0.375, 0.5]
    assert list(rows[1].values()) == ["1", "x", 0.5, 0.25, 0.25]


def test_a_regression_gives_its_score():
    rows = prediction_rows(TEXTS, np.array([[2.5], [-1.0]], np.float32), ())
    assert rows == [{"id": "0", "prediction": 2.5}, {"id": "1", "prediction": -1.0}]


def check_labelled(output, logits):
    """Compares the file of the test split's predictions with logits."""
    examples = sentiment(100, seed=2)
    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    rows = read(output)
    assert [row["id"] for row in rows] == [str(number) for number in range(100)]
    for row, share in zip(rows, shares, strict=True):
        found = [float(row["probability_negative"]), float(row["probability_positive"])]
        np.testing.assert_allclose(found, share, atol=1e-5)
        assert sum(found) == pytest.approx(1, abs=1e-5)
        assert row["prediction"] == ("negative", "positive")[int(share[1] > share[0])]
    pairs = zip(rows, examples.labels, strict=True)
    assert np.mean([row["prediction"] == examples.label_names[y] for row, y in pairs]) > 0.9


def test_a_file_is_labelled_in_its_format(teacher_output, data, tmp_path, monkeypatch):
    classifier, facts = load_model(teacher_output)
    logits = classifier(classifier.preprocessor(sentiment(100, seed=2).text_a)).numpy()

    def options(output):
        return ["--input", data["test_file"], "--output", output, "--model", teacher_output]

    output = tmp_path / "new" / "labels.csv"
    status, out, _ = command("predict", *options(output))
    assert status == 0
    assert out.endswith(f"Wrote 100 predictions to {output}.\n")
    check_labelled(output, logits)

    # Compiling takes most of the time, and has been seen to work.
    monkeypatch.setattr(prediction, "load_model", lambda folder: (classifier, facts))
    monkeypatch.setattr(prediction, "predict_logits", lambda *_, **__: logits)
    for name in ("labels.tsv", "labels.jsonl"):
        assert command("predict", *options(tmp_path / name))[0] == 0
        check_labelled(tmp_path / name, logits)

    # An output that exists stays as it is, unless told otherwise.
    output.write_text("mine")
    assert complaint("predict", *options(output)).startswith(f"'{output}' exists already")
    assert output.read_text() == "mine"
    assert command("predict", *options(output), "--overwrite")[0] == 0
    check_labelled(output, logits)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"output": "labels.txt"}, "labels.txt must end in one of: .csv, .tsv, .jsonl."),
        ({"input": "nowhere.csv"}, "There is no file nowhere.csv."),
        ({"model": "nowhere"}, "There is no folder 'nowhere' with a trained model"),
        ({"text_a": "tex"}, "column of texts.csv: 'tex'. Did you mean 'text'?"),
        ({"text_b": "text"}, "reads single texts: name text_a alone."),
    ],
)
def test_what_cannot_be_used_is_said_in_a_line(
    changed, message, teacher_output, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "texts.csv").write_text("text\nthe film was good\n")
    given = {"input": "texts.csv", "output": "labels.csv", "model": teacher_output} | changed
    assert message in complaint("predict", *(f"--{key}={value}" for key, value in given.items()))
    assert [path.name for path in tmp_path.iterdir()] == ["texts.csv"]


def test_what_is_read_is_never_written_over(tmp_path):
    texts = tmp_path / "texts.csv"
    texts.write_text("text\nmine\n")
    options = ["--input", texts, "--output", texts, "--model", "nowhere", "--overwrite"]
    message = complaint("predict", *options)
    assert message == f"output is '{texts}', but the run reads it; name another file."
    assert texts.read_text() == "text\nmine\n"


def test_the_ending_is_looked_at_before_the_model_is(tmp_path):
    options = ["--input", "a.csv", "--output", tmp_path / "labels.txt", "--model", "nowhere"]
    assert "must end in one of" in complaint("predict", *options)


def test_labels_that_a_spreadsheet_would_run_are_quoted_unless_asked(tmp_path, monkeypatch):
    facts = ModelFacts("custom", ("=1+1", "-1"), LENGTH)
    logits = np.array([[2.0, 0.0], [0.0, 2.0]])
    monkeypatch.setattr(prediction, "load_model", lambda _: (bert(layers=1), facts))
    monkeypatch.setattr(prediction, "predict_logits", lambda *_, **__: logits)
    (tmp_path / "texts.csv").write_text("text\ngood\nbad\n")

    def labels(name, *options):
        output = tmp_path / name
        status, _, err = command(
            "predict", "--input", tmp_path / "texts.csv", "--output", output, *options
        )
        assert status == 0, err
        return [row["prediction"] for row in read(output)]

    assert labels("a.csv") == labels("a.tsv") == ["'=1+1", "-1"]
    assert labels("b.csv", "--formulas", "keep") == labels("a.jsonl") == ["=1+1", "-1"]


def test_an_empty_text_is_named_by_its_line(teacher_output, tmp_path):
    path = tmp_path / "texts.csv"
    path.write_text("text\nthe film was good\n \n")
    options = ["--input", path, "--output", tmp_path / "a.csv", "--model", teacher_output]
    assert complaint("predict", *options) == f"{path}, line 3: the column 'text' is empty."


def test_a_model_without_label_names_is_refused(tmp_path):
    bert(layers=1).save_to_preset(str(tmp_path / "plain"))
    options = ["--input", "a.csv", "--output", tmp_path / "a.csv", "--model", tmp_path / "plain"]
    assert "has no label names" in complaint("predict", *options)


def test_pairs(tmp_path):
    facts = ModelFacts("custom", ("no", "yes"), LENGTH, pair=True)
    classifier = bert(layers=1, seed=6)
    save_model(classifier, tmp_path / "model", facts, "")
    path = tmp_path / "texts.csv"
    path.write_text("one,two\nthe film,was good\na plot,sad\n")
    options = ["--input", path, "--output", tmp_path / "a.csv", "--model", tmp_path]
    options += ["--text_a", "one"]
    assert "reads pairs of texts: name text_a and text_b." in complaint("predict", *options)
    assert command("predict", *options, "--text_b", "two")[0] == 0
    pairs = replace(TEXTS, text_a=["the film", "a plot"], text_b=["was good", "sad"])
    logits = classifier(classifier.preprocessor((pairs.text_a, pairs.text_b), y=None)).numpy()
    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    found = [float(row["probability_yes"]) for row in read(tmp_path / "a.csv")]
    np.testing.assert_allclose(found, shares[:, 1], atol=1e-5)
