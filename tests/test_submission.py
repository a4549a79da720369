import json
import zipfile

import numpy as np
import pytest
from conftest import LENGTH, bert, command, complaint

from tfaugkd.data.tasks import TASKS
from tfaugkd.errors import InputError
from tfaugkd.saved_model import ModelFacts, save_model
from tfaugkd.submission import PARTS, prediction_column

FIRST = ["CoLA", "SST-2", "MRPC", "STS-B", "QQP"]
FILES = [*FIRST, "MNLI-m", "MNLI-mm", "QNLI", "RTE", "WNLI", "AX"]
MNLI = ("contradiction", "entailment", "neutral")


def logits_of(*classes, count):
    return np.eye(count)[list(classes)] * 3 - 1


@pytest.mark.parametrize(
    ("task", "label_names", "logits", "answers"),
    [
        ("cola", ("unacceptable", "acceptable"), logits_of(1, 0, count=2), ["1", "0"]),
        # By name, whatever the model's own order is.
        ("sst2", ("positive", "negative"), logits_of(0, 1, count=2), ["1", "0"]),
        ("wnli", ("not_entailment", "entailment"), logits_of(1, 0, count=2), ["1", "0"]),
        ("mnli", MNLI, logits_of(0, 1, 2, count=3), list(MNLI)),
        ("ax", MNLI, logits_of(2, count=3), ["neutral"]),
        ("qnli", ("entailment", "not_entailment"), logits_of(1, count=2), ["not_entailment"]),
        ("rte", ("entailment", "not_entailment"), logits_of(0, count=2), ["entailment"]),
        (
            "stsb",
            (),
            np.array([[-0.2], [2.34567], [5.0004], [7.0]]),
            ["0.000", "2.346", "5.000", "5.000"],
        ),
    ],
)
def test_answers_are_written_as_the_server_reads_them(task, label_names, logits, answers):
    assert prediction_column(TASKS[task], label_names, logits) == answers


def test_a_model_that_diverged_is_refused():
    with pytest.raises(InputError, match="The model for stsb gives answers that are not finite"):
        prediction_column(TASKS["stsb"], (), np.array([[np.nan]]))


def test_there_is_a_file_for_each_task_of_the_benchmark():
    assert [part.file for part in PARTS] == [f"{name}.tsv" for name in FILES]


def save(folder, task, seed=1, names=None):
    names = TASKS[task].label_names if names is None else names
    classifier = bert(layers=1, num_classes=max(1, len(names)), seed=seed)
    pair = TASKS[task].text_b is not None
    save_model(classifier, folder / "model", ModelFacts(task, names, LENGTH, pair), "")
    return str(folder)


def write(folder, name, *rows):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("".join("\t".join(row) + "\n" for row in rows))


@pytest.fixture(scope="module")
def glue(tmp_path_factory):
    """A folder with the test files of three tasks, and of the diagnostic one."""
    folder = tmp_path_factory.mktemp("glue")
    texts = ["a good film", "the plot was bad", "", "very dull", 'a "happy" scene']
    single = [("index", "sentence"), *((str(i), text) for i, text in enumerate(texts))]
    pair = [("index", "sentence1", "sentence2")]
    pair += [(str(i), text, "the film was good") for i, text in enumerate(texts)]
    write(folder / "SST-2", "test.tsv", *single)
    write(folder / "STS-B", "test.tsv", *pair)
    write(folder / "MNLI", "test_matched.tsv", *pair)
    write(folder / "MNLI", "test_mismatched.tsv", *pair[:3])
    write(folder / "diagnostic", "diagnostic.tsv", *pair[:4])
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return {
        "SST-2": save(folder / "sst2", "sst2"),
        "stsb": save(folder / "stsb", "stsb"),
        "mnli": save(folder / "mnli", "mnli", names=MNLI),
    }


def test_a_submission(glue, models, tmp_path):
    output = tmp_path / "made" / "submission.zip"
    options = ["--models", json.dumps(models), "--path", glue, "--output", output]

    status, out, err = command("submit", *options, "--batch_size", 4)

    assert status == 0, err
    with zipfile.ZipFile(output) as archive:
        pages = {name: archive.read(name).decode().splitlines() for name in archive.namelist()}
    assert list(pages) == ["SST-2.tsv", "STS-B.tsv", "MNLI-m.tsv", "MNLI-mm.tsv", "AX.tsv"]
    assert {name: len(lines) - 1 for name, lines in pages.items()} == {
        "SST-2.tsv": 5,
        "STS-B.tsv": 5,
        "MNLI-m.tsv": 5,
        "MNLI-mm.tsv": 2,
        "AX.tsv": 3,
    }
    for lines in pages.values():
        assert lines[0] == "index\tprediction"
        assert [line.split("\t")[0] for line in lines[1:]] == [
            str(i) for i in range(len(lines) - 1)
        ]
    # One model, one text: one answer.
    assert pages["AX.tsv"][1:] == pages["MNLI-m.tsv"][1:4]
    assert {line.split("\t")[1] for line in pages["MNLI-m.tsv"][1:]} <= set(MNLI)
    assert out.splitlines()[-1] == (
        "There is no CoLA.tsv, MRPC.tsv, QQP.tsv, QNLI.tsv, RTE.tsv, WNLI.tsv, but GLUE's server "
        "wants all 11 files."
    )
    assert [path.name for path in output.parent.iterdir()] == ["submission.zip"]
    before = output.read_bytes()
    assert "exists already" in complaint("submit", *options)
    assert output.read_bytes() == before


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sst3": "SST-2"}, "Unknown task: 'sst3'. Did you mean 'sst2'?"),
        ({"reviews": "SST-2"}, "models has the task 'reviews', which is not part of GLUE."),
        ({"sst2": "SST-2", "SST-2": "SST-2"}, "models has the task sst2 twice"),
        ({"cola": "SST-2"}, "holds neither a folder CoLA nor"),
        ({"stsb": "mnli"}, "contradiction, entailment, neutral, but stsb's are a score."),
        ({"sst2": "stsb"}, "are a score, but sst2's are negative, positive."),
        ({"rte": 5}, "models is {'rte': 5}, but must be a folder for each task."),
        ({}, "models is {}, but must be a folder for each task, at least one."),
    ],
)
def test_what_cannot_be_answered_writes_nothing(changed, message, glue, models, tmp_path):
    named = {task: models.get(model, model) for task, model in changed.items()}
    output = tmp_path / "submission.zip"
    options = ["--models", json.dumps(named), "--path", glue, "--output", output]
    assert message in command("submit", *options)[2].splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_a_model_of_unknown_labels_is_refused(glue, tmp_path):
    folder = tmp_path / "model"
    bert(layers=1).save_to_preset(str(folder))
    options = ["--models", f"{{sst2: {folder}}}", "--path", glue]
    _, _, err = command("submit", *options, "--output", tmp_path / "a.zip")
    assert "has no label names" in err.splitlines()[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
