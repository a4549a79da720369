import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import LENGTH, bert, command, complaint, sentiment, write_yaml

from tfaugkd import jobs
from tfaugkd.data.files import write_rows
from tfaugkd.errors import InputError
from tfaugkd.folders import only_writer, prepare_output, remove
from tfaugkd.saved_model import ModelFacts, save_model
from tfaugkd.training import train

ROOT = Path(__file__).parents[1]
FACTS = ModelFacts("custom", ("negative", "positive"), LENGTH)
TRAIN = {"steps": 60, "batch_size": 8, "learning_rate": 0.01, "seed": 1, "jit_compile": False}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def scores_of(folder):
    return json.loads((folder / "scores.json").read_text())["scores"]


@pytest.fixture(scope="module")
def student_output(data, teacher_output, tmp_path_factory):
    """What `tfaugkd distill` makes of the teacher; and what it printed."""
    folder = tmp_path_factory.mktemp("student")
    config = write_yaml(
        folder / "a.yaml",
        data=data,
        teacher=str(teacher_output),
        student={"layers": 1},
        augment=[{"name": "augpro_mix"}],
        train=TRAIN | {"evaluate_every": 30},
        output=str(folder / "output"),
    )
    status, out, err = command("distill", *config)
    assert status == 0, err
    return folder / "output", out


@pytest.fixture
def short(data, teacher_output, tmp_path):
    """Options of a distillation into tmp_path/output that would take one step."""
    return [
        *write_yaml(
            tmp_path / "short.yaml",
            data=data,
            teacher=str(teacher_output),
            student={"layers": 1},
            train=TRAIN | {"steps": 1},
            output=str(tmp_path / "output"),
        )
    ]


@pytest.fixture
def untrained(monkeypatch):
    """Stops a job where it would begin to train."""

    def stop(*arguments):
        raise InputError("training begins")

    monkeypatch.setattr(jobs, "train", stop)


def test_a_teacher_learns_the_task(teacher_output):
    assert names(teacher_output) == ["config.yaml", "logs", "model", "scores.json", "tfaugkd.json"]
    assert scores_of(teacher_output)["accuracy"] > 0.9
    assert "history.csv" in names(teacher_output / "logs")
    card = (teacher_output / "model" / "README.md").read_text()
    assert "Objective:** 1 CE(student, label)" in card


def test_a_student_learns_from_it(student_output, teacher_output):
    output, out = student_output
    written = json.loads((output / "scores.json").read_text())
    accuracy = written["scores"]["accuracy"]
    assert accuracy > 0.8
    assert (written["split"], written["examples"]) == ("dev", 64)
    assert written["training"]["val_accuracy"] == accuracy
    degree = written["training"]["augpro_mix_degree"]
    assert sum(map(sum, written["confusion"])) == 64
    right = written["confusion"][0][0] + written["confusion"][1][1]
    assert right / 64 == written["scores"]["accuracy"]
    # The teacher's confusion matrix, the student's, pages of examples and settings.
    assert names(output / "logs") == [
        *("augmentation", "confusion"),
        *(name for name in names(output / "logs") if name.startswith("events.")),
        *("examples.json", "history.csv", "train", "validation"),
    ]
    distinct = written["distinct"]["augpro_mix"]

    lines = out.splitlines()
    assert f"accuracy on 64 examples of dev: {accuracy:.4f}" in lines
    assert (
        f"augpro_mix: {degree:.0%} of the tokens changed, {distinct:.0%} of 64 texts new" in lines
    )
    assert lines[-1] == f"Saved in {output}/model"

    card = (output / "model" / "README.md").read_text()
    assert f"**Teacher:** {teacher_output}\n" in card
    assert "**Method:** KD + augpro_mix\n" in card
    assert "1 CE(student, label) + 1 mse(student, teacher) + L(augpro_mix)" in card
    assert f"| accuracy | {accuracy:.3f} |" in card
    facts = json.loads((output / "model" / "tfaugkd.json").read_text())
    assert facts["label_names"] == ["negative", "positive"]


def test_the_chain_ends_in_labels_that_are_as_good_as_the_score(student_output, data, tmp_path):
    output, _ = student_output
    config = write_yaml(tmp_path / "a.yaml", data=data, split="test", model=str(output))
    scores, labels = tmp_path / "scores.json", tmp_path / "labels.jsonl"
    assert command("evaluate", *config, "--output", scores)[0] == 0
    options = ["--input", data["test_file"], "--output", labels, "--model", output]
    assert command("predict", *options)[0] == 0
    found = [json.loads(line)["prediction"] for line in labels.read_text().splitlines()]
    given = [json.loads(line)["label"] for line in Path(data["test_file"]).read_text().splitlines()]
    accuracy = np.mean([one == other for one, other in zip(found, given, strict=True)])
    assert json.loads(scores.read_text())["scores"] == {"accuracy": pytest.approx(accuracy)}
    assert accuracy > 0.8


def test_the_config_in_the_output_makes_the_run_again(student_output):
    output, _ = student_output
    first = json.loads((output / "scores.json").read_text())
    history = (output / "logs" / "history.csv").read_text()
    config = (output / "config.yaml").read_text()
    (output / "stray").write_text("")
    # Into the same folder, which has to be emptied.
    options = ["--config", output / "config.yaml"]
    assert "which is not empty" in complaint("distill", *options)
    assert "stray" in names(output)
    status, _, err = command("distill", *options, "--overwrite")
    assert status == 0, err
    second = json.loads((output / "scores.json").read_text())
    for scores in (first, second):
        assert scores.pop("examples_per_second") == pytest.approx(
            yaml.safe_load(config)["train"]["batch_size"] / scores.pop("seconds_per_step")
        )
    assert first == second
    assert (output / "logs" / "history.csv").read_text() == history
    assert (output / "config.yaml").read_text() == config.replace(
        "overwrite: false", "overwrite: true"
    )
    assert names(output) == ["config.yaml", "logs", "model", "scores.json", "tfaugkd.json"]


def test_overwriting_never_removes_what_the_run_reads(student_output, short, data, tmp_path):
    output, _ = student_output
    message = complaint(
        "distill", *short, "--output", output.parent / "output", "--teacher", output
    )
    assert "which is not empty" in message
    options = ["--output", output, "--teacher", output, "--overwrite"]
    assert "but the run reads" in complaint("distill", *short, *options)

    # Texts of the user's own that lie in an output of before.
    mine = output / "mine.csv"
    write_rows(mine, [{"text": "good", "label": "positive"}])
    for options in (["--data.train_file", mine], ["--data.dev_file", mine]):
        message = complaint("distill", *short, "--output", output, "--overwrite", *options)
        assert f"but the run reads '{mine}', which overwrite would remove" in message
    mine.unlink()
    assert "model" in names(output)


def test_a_teacher_that_knows_nothing_is_refused(short, tmp_path, untrained):
    # Always the same answer: it scores what always giving it would.
    classifier = bert(layers=1, seed=1)
    classifier.output_dense.kernel.assign(np.zeros((8, 2)))
    save_model(classifier, tmp_path / "teacher" / "model", FACTS, "")
    options = [*short, "--teacher", tmp_path / "teacher"]
    message = complaint("distill", *options)
    assert message.startswith("The teacher's accuracy on 64 examples is 0.")
    assert "which is not above" in message
    assert "or set check_teacher: false to use it all the same." in message
    assert names(tmp_path) == ["short.yaml", "teacher"]
    _, _, err = command("distill", *options, "--check_teacher", "false")
    assert err.endswith("tfaugkd: error: training begins\n")


def test_a_teacher_of_other_labels_is_refused(short, data, tmp_path, untrained):
    # The texts are as before; which label goes with which does not.
    examples = sentiment(64, seed=1)
    random = np.random.default_rng(0).permutation(examples.labels)
    pairs = zip(examples.text_a, random, strict=True)
    rows = [{"text": text, "label": examples.label_names[label]} for text, label in pairs]
    write_rows(tmp_path / "dev.csv", rows)
    message = complaint("distill", *short, "--data.dev_file", tmp_path / "dev.csv")
    assert "train it longer or on more examples" in message
    assert names(tmp_path) == ["dev.csv", "short.yaml"]

    swapped = complaint("distill", *short, "--data.label_names", "[positive, negative]")
    assert swapped == (
        "The teacher's labels are negative, positive, but the data's are positive, negative, in "
        "this order; set data.label_names to the order that the model was trained with."
    )
    assert names(tmp_path) == ["dev.csv", "short.yaml"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--teacher", "nowhere"], "There is no folder 'nowhere' with a trained model"),
        (["--student.layers", "3"], "student.layers is 3, but must be from 1 to 2"),
        (["--student", "{layers: null}"], "The student comes from nowhere"),
        (["--augment", "[{name: augpo_mix}]"], "Did you mean 'augpro_mix'?"),
        (["--augment", "[{weight: 0.5}]"], "Unknown augmentation: 'None'"),
        (["--augment", "[{name: mixup, wait: 1}]"], "Did you mean 'weight'?"),
        (["--augment", "[{name: mixup, weight: 2}]"], "mixup.weight is 2"),
        (["--loss", "{soft: 0, hard: 0}"], "no loss is left"),
        (["--data.text_a", "txt"], "train.csv: 'txt'. Did you mean 'text'?"),
        (["--data.label", "labels"], "train.csv: 'labels'. Did you mean 'label'?"),
        (["--data.dev_file", "nowhere.csv"], "There is no file nowhere.csv."),
        (["--data.sequence_length", "32"], "is 32, but the teacher reads at most 16 tokens."),
        (["--train.step", "4"], "Did you mean 'train.steps'?"),
    ],
)
def test_what_cannot_be_used_leaves_nothing_behind(options, message, short, tmp_path, untrained):
    assert message in complaint("distill", *short, *options)
    assert names(tmp_path) == ["short.yaml"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a film,neutral", "line 3: the label 'neutral' is not one of: negative, positive (or its"),
        (",positive", "line 3: the column 'text' is empty."),
        ('"  ",positive', "line 3: the column 'text' is empty."),
        ("a film,", "line 3: the column 'label' is empty."),
    ],
)
def test_a_bad_row_is_named_by_file_and_line(row, message, short, tmp_path, untrained):
    path = tmp_path / "train.csv"
    path.write_text(f"text,label\nthe film was good,positive\n{row}\n")
    for job in ("teacher", "distill"):
        options = ["--data.train_file", path, "--output", tmp_path / "output"]
        source = short if job == "distill" else ["--data.task", "custom"]
        if job == "teacher":
            options += ["--data.label_names", "[negative, positive]", "--data.dev_file", path]
        found = complaint(job, *source, *options)
        assert found.startswith(f"{path}, ")
        assert message in found
    assert names(tmp_path) == ["short.yaml", "train.csv"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--data.labels", "false"], "loss.hard is 1, but no training text has a label"),
        (
            ["--data.labels", "false", "--loss.hard", "0", "--augment", "[{name: mixup}]"],
            "hard of augment's mixup is 1, but no training text has a label",
        ),
        (
            [
                *("--data.labels", "false", "--loss.hard", "0"),
                *("--augment", "[{name: pga, adversary: hard}]"),
            ],
            "adversary of augment's pga is 'hard', but no training text has a label",
        ),
    ],
)
def test_a_loss_against_labels_that_are_withheld_is_refused(
    options, message, short, tmp_path, untrained
):
    assert message in complaint("distill", *short, *options)
    assert names(tmp_path) == ["short.yaml"]


def test_a_teacher_is_trained_on_labels(data, tmp_path, untrained):
    config = write_yaml(tmp_path / "a.yaml", data=data, output=str(tmp_path / "output"))
    message = complaint("teacher", *config, "--data.labels", "false")
    assert message == "data.labels is false, but a teacher is trained on labels; leave it out."
    message = complaint("teacher", *config, "--data.unlabelled_file", "more.csv")
    assert message.startswith("data.unlabelled_file is 'more.csv', but a teacher is trained on")


def test_texts_longer_than_the_encoder_reads_are_refused(data, preset, tmp_path, untrained):
    keys = {"data": data | {"sequence_length": 17}, "output": str(tmp_path / "output")}
    config = write_yaml(tmp_path / "a.yaml", preset=preset, **keys)
    expected = "data.sequence_length is 17, but the teacher reads at most 16 tokens."
    assert complaint("teacher", *config) == expected
    assert names(tmp_path) == ["a.yaml"]


def test_an_unknown_key_names_the_nearest(tmp_path):
    options = write_yaml(tmp_path / "a.yaml", output=str(tmp_path / "output"), presets="x")
    message = complaint("teacher", *options)
    assert message == f"Unknown key 'presets' in {tmp_path}/a.yaml. Did you mean 'preset'?"
    assert names(tmp_path) == ["a.yaml"]


def test_a_preset_that_is_not_there_gives_one_line_and_nothing_else(data, tmp_path):
    # In a process of its own, where TensorFlow's own lines would be seen too.
    config = write_yaml(tmp_path / "a.yaml", data=data, preset="no_such_encoder", output="output")
    run = subprocess.run(
        [sys.executable, str(ROOT / "pipelines" / "teacher.py"), *config],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith("TF_")}
        | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith(
        "tfaugkd: error: Cannot load a text classifier from 'no_such_encoder': "
    )
    assert run.stderr.count("\n") == 1
    assert names(tmp_path) == ["a.yaml"]


def test_an_output_that_is_not_empty_is_refused_before_any_work(tmp_path):
    folder = tmp_path / "output"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    # Nothing else of this exists: it is not looked at.
    options = ["--output", folder, "--data.task", "nothing"]
    for job in ("teacher", "distill"):
        assert "which is not empty" in complaint(job, *options)
        assert "will not be emptied" in complaint(job, *options, "--overwrite")
    assert names(folder) == ["thesis.txt"]


def test_a_run_that_is_interrupted_leaves_no_model(short, tmp_path, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(jobs, "train", interrupt)
    status, _, err = command("distill", *short, "--check_teacher", "false")
    assert status == 130
    assert err.endswith("tfaugkd: interrupted\n")
    assert names(tmp_path / "output") == ["checkpoints", "config.yaml", "tfaugkd.json"]
    # What was to be done can be read there, and the folder used again.
    assert yaml.safe_load((tmp_path / "output" / "config.yaml").read_text())["train"]["steps"] == 1
    assert command("distill", *short, "--check_teacher", "false", "--overwrite")[0] == 130


def test_pairs_and_scores(preset, tmp_path):
    examples = sentiment(40, pairs=True)
    rows = [
        {"one": one, "two": two, "score": f"{label}.5"}
        for one, two, label in zip(examples.text_a, examples.text_b, examples.labels, strict=True)
    ]
    write_rows(tmp_path / "texts.csv", rows)
    columns = {"text_a": "one", "text_b": "two", "label": "score", "label_names": []}
    files = {"train_file": str(tmp_path / "texts.csv"), "dev_file": str(tmp_path / "texts.csv")}
    config = write_yaml(
        tmp_path / "a.yaml",
        data={"task": "custom", "sequence_length": LENGTH} | columns | files,
        preset=preset,
        train=TRAIN | {"steps": 100},
        output=str(tmp_path / "output"),
    )
    status, _, err = command("teacher", *config)
    assert status == 0, err
    assert scores_of(tmp_path / "output")["pearson"] > 0.5
    labels = tmp_path / "labels.csv"
    options = ["--input", tmp_path / "texts.csv", "--output", labels, "--text_a", "one"]
    options += ["--text_b", "two", "--model", tmp_path / "output"]
    assert command("predict", *options)[0] == 0
    lines = labels.read_text().splitlines()
    assert lines[0] == "id,prediction"
    predictions = [float(line.split(",")[1]) for line in lines[1:]]
    assert np.corrcoef(predictions, examples.labels)[0, 1] == pytest.approx(
        scores_of(tmp_path / "output")["pearson"], abs=1e-4
    )


def test_a_run_that_was_interrupted_goes_on_if_it_is_the_same(short, tmp_path, monkeypatch):
    output = tmp_path / "output"
    several = [*short, "--train.steps", "6"]

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "finish", killed)
        assert command("distill", *several)[0] == 130
    assert names(output) == ["checkpoints", "config.yaml", "logs", "tfaugkd.json"]
    history = (output / "logs" / "history.csv").read_text()

    refused = complaint_at_the_end("distill", *several, "--train.learning_rate", "0.02")
    assert refused == (
        f"tfaugkd: error: output is '{output}', which holds an interrupted run with "
        "train.learning_rate 0.01, not 0.02; set that back to go on with it, name another folder "
        "or set overwrite: true."
    )
    assert "which is not empty" in complaint("distill", *several, "--resume", "never")

    status, _, err = command("distill", *several, "--train.checkpoint_steps", "2")
    assert status == 0, err
    assert f"Going on after step 6 ({output / 'checkpoints'})." in err
    assert names(output) == ["config.yaml", "logs", "model", "scores.json", "tfaugkd.json"]
    assert (output / "logs" / "history.csv").read_text() == history


def test_a_full_disk_is_told_in_a_sentence(short, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "checkpoints/a.npz")

    with monkeypatch.context() as patch:
        patch.setattr("tfaugkd.exact_resume.write_checkpoint", full)
        refused = complaint_at_the_end("distill", *short)
    assert refused.startswith(
        "tfaugkd: error: 'checkpoints/a.npz' cannot be used: the disk is full; "
    )
    assert command("distill", *short)[0] == 0


def test_files_that_vanish_after_they_were_read_are_not_missed(
    data, teacher_output, tmp_path, monkeypatch
):
    copies = {"teacher": shutil.copytree(teacher_output, tmp_path / "teacher")}
    for name in ("train", "dev"):
        source = Path(data[f"{name}_file"])
        copies[name] = shutil.copy(source, tmp_path / source.name)
    files = {f"{name}_file": str(copies[name]) for name in ("train", "dev")}

    def trained(*arguments):
        for copy in copies.values():
            remove(copy)
        return train(*arguments)

    monkeypatch.setattr(jobs, "train", trained)
    keys = {
        "data": {key: value for key, value in data.items() if key != "test_file"} | files,
        "teacher": str(copies["teacher"]),
        "student": {"layers": 1},
        "train": TRAIN | {"steps": 2, "evaluate_every": 1},
        "output": str(tmp_path / "output"),
    }
    status, _, err = command("distill", *write_yaml(tmp_path / "a.yaml", **keys))
    assert status == 0, err
    assert not any(Path(copy).exists() for copy in copies.values())
    assert scores_of(tmp_path / "output")["accuracy"] > 0


def test_two_runs_do_not_share_an_output(short, tmp_path):
    output = prepare_output(tmp_path / "output")
    with only_writer(output):
        assert "where another run is writing" in complaint_at_the_end("distill", *short)


def complaint_at_the_end(*arguments):
    """Runs a command that is refused after it has logged something."""
    status, out, err = command(*arguments)
    assert (status, out) == (2, "")
    return err.splitlines()[-1]
