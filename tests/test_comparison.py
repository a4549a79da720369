import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import keras_hub
import numpy as np
import pytest
from conftest import LENGTH, bert, command, complaint, sentiment, write_yaml

from tfaugkd import comparison, comparison_rows, comparison_training
from tfaugkd.comparison_training import folder_name
from tfaugkd.data.files import write_rows
from tfaugkd.errors import InputError
from tfaugkd.folders import only_writer
from tfaugkd.intervals import paired_interval
from tfaugkd.saved_model import ModelFacts, save_model
from tfaugkd.training import Trained

METHODS = {
    "FT": {"loss": {"soft": 0.0}},
    "KD": {},
    "KD + Mix": {"augment": [{"name": "augpro_mix"}]},
}
UNLABELLED = {"loss": {"hard": 0.0}}
MIXUP = [{"name": "mixup"}]
SEEDS = [0, 5]
RUN = ["logits.npy", "logs", "model", "run.json"]
# Twenty made-up films of five reviews each.
GROUPS = [str(row // 5) for row in range(100)]
TRAIN = {
    **{"batch_size": 8, "learning_rate": 0.01, "jit_compile": False},
    "tensorboard": {"examples": 0},
}


def config_of(folder, files, preset, **changed):
    keys = {
        "data": files | {"train_examples": 80} | changed.pop("data", {}),
        "teacher_preset": preset,
        "teacher_train": TRAIN | {"steps": 80},
        "student": {"layers": 1},
        "train": TRAIN | {"steps": 20},
        "methods": METHODS,
        "seeds": SEEDS,
        "split": "test",
        "output": str(folder / "output"),
    }
    return write_yaml(folder / "a.yaml", **(keys | changed))


def compare(*options):
    """Runs a comparison that knows the films of the test split."""
    read = comparison.load_split

    def load_split(config, split):
        examples = read(config, split)
        return replace(examples, groups=GROUPS) if split == "test" else examples

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparison, "load_split", load_split)
        return command("compare", *options)


@pytest.fixture(scope="module")
def compared(data, preset, tmp_path_factory):
    """The folder of a comparison, and what it printed."""
    folder = tmp_path_factory.mktemp("comparison")
    status, out, err = compare(*config_of(folder, data, preset))
    assert status == 0, err
    return folder / "output", out


@pytest.fixture(scope="module")
def rows(compared):
    written = json.loads((compared[0] / "rows.json").read_text())
    return {row["name"]: row for row in written["rows"]}


@pytest.fixture(scope="module")
def answers(compared):
    """For each saved model its answers to the test split, found without tfaugkd."""
    models = {"Teacher": ["teacher"]}
    models |= {name: [f"students/{folder_name(name)}/seed_{s}" for s in SEEDS] for name in METHODS}
    texts = sentiment(100, seed=2).text_a

    def answer(folder):
        path = str(compared[0] / folder / "model")
        classifier = keras_hub.models.TextClassifier.from_preset(path)
        return classifier(classifier.preprocessor(texts)).numpy().argmax(-1)

    return {name: [answer(folder) for folder in folders] for name, folders in models.items()}


def right(answers, name):
    """For each text the share of the seeds whose model is right."""
    labels = sentiment(100, seed=2).labels
    return np.mean([found == labels for found in answers[name]], axis=0)


def test_there_is_a_row_for_the_teacher_and_for_each_method(rows):
    assert list(rows) == ["Teacher", *METHODS]
    for name, row in rows.items():
        assert row["labelled_examples"] == (160 if name == "Teacher" else 80)
        assert row["steps"] == (80 if name == "Teacher" else 20)
        assert row["seconds_per_step"] > 0
        assert 0 < row["latency_one_s"] < row["latency_batch_s"] * 64
        assert row["size_bytes"] > 4 * row["parameters"]
    assert rows["KD"]["parameters"] < rows["Teacher"]["parameters"]
    # They are one model with different weights, which is timed once.
    assert rows["KD"]["latency_one_s"] == rows["KD + Mix"]["latency_one_s"]
    assert list(rows["KD + Mix"]["degree"]) == list(rows["KD + Mix"]["distinct"]) == ["augpro_mix"]
    assert rows["KD"]["degree"] == rows["FT"]["degree"] == {}


def test_scores_are_means_over_seeds_with_their_spread(rows, answers):
    labels = sentiment(100, seed=2).labels
    for name, of_seeds in answers.items():
        accuracies = [np.mean(found == labels) for found in of_seeds]
        assert rows[name]["scores"] == {"accuracy": pytest.approx(np.mean(accuracies))}
        if name == "Teacher":
            assert rows[name]["spread"] == {}
        else:
            spread = {"accuracy": pytest.approx(np.std(accuracies, ddof=1))}
            assert rows[name]["spread"] == spread
    assert rows["Teacher"]["scores"]["accuracy"] > 0.9
    assert any(row["spread"].get("accuracy") for row in rows.values()), "seeds change something"


def test_agreement_is_with_the_teacher(rows, answers):
    (teacher,) = answers["Teacher"]
    assert rows["Teacher"]["agreement"] is None
    for name in METHODS:
        shares = [np.mean(found == teacher) for found in answers[name]]
        assert rows[name]["agreement"] == pytest.approx(np.mean(shares))


def test_intervals_are_paired_over_texts_and_drawn_by_group(rows, answers):
    baseline = right(answers, "KD")
    for name in ("FT", "KD + Mix"):
        interval = paired_interval(right(answers, name), baseline, groups=GROUPS)
        assert rows[name]["interval"] == pytest.approx(interval._asdict())
    assert rows["KD"]["interval"] is rows["Teacher"]["interval"] is None


def test_the_report_and_what_is_printed_say_the_same(compared, rows):
    output, out = compared
    page = (output / "report.md").read_text()
    for name, row in rows.items():
        for text in (page, out):
            found = re.search(rf"^\W*{re.escape(name)} .*?(\d+\.\d)", text, re.MULTILINE)
            assert found, name
            assert float(found.group(1)) == pytest.approx(100 * row["scores"]["accuracy"], abs=0.06)
    assert "Each ran with 2 seeds (0, 5)" in page
    assert "drawn by film" in page
    assert "on 160 labelled examples, the students were trained on 80 examples" in page
    assert "on the 100 examples of the test split" in page
    assert (output / "comparison.png").read_bytes().startswith(b"\x89PNG")
    assert out.endswith(f"The report is {output}/report.md\n")


def test_the_folder_holds_every_model_and_nothing_else(compared):
    output, _ = compared
    found = sorted(path.name for path in output.iterdir())
    written = ["comparison.png", "config.yaml", "report.md", "rows.json", "setting.json"]
    assert found == [*written, "students", "teacher", "tfaugkd.json"]
    students = sorted(path.name for path in (output / "students").iterdir())
    assert students == ["ft", "kd", "kd_mix"]
    for name in students:
        for seed in SEEDS:
            folder = output / "students" / name / f"seed_{seed}"
            assert sorted(path.name for path in folder.iterdir()) == RUN
    assert sorted(path.name for path in (output / "teacher").iterdir()) == RUN


def test_fine_tuning_is_not_taught(compared):
    output, _ = compared

    def columns(name):
        path = output / "students" / name / "seed_0" / "logs" / "history.csv"
        first, second = (line.split(",") for line in path.read_text().splitlines())
        # Keras writes NA where there is no score of a validation split.
        return {name for name, value in zip(first, second, strict=True) if value != "NA"}

    def card(name):
        return (output / "students" / name / "seed_0" / "model" / "README.md").read_text()

    assert columns("ft") == {"epoch", "loss", "student_loss"}
    assert columns("kd") == {"epoch", "loss", "student_loss", "distillation_loss"}
    assert "**Teacher:**" not in card("ft")
    assert f"**Teacher:** {output}/teacher\n" in card("kd")


def test_an_augmentation_that_changes_nothing_is_an_error_and_no_row(data, preset, tmp_path):
    config = config_of(
        tmp_path,
        data,
        preset,
        methods={"KD": {"augment": [{"name": "augpro_mix", "weight": 1.0}]}},
        teacher_train=TRAIN | {"steps": 1},
        check_teacher=False,
    )
    status, out, err = command("compare", *config)
    assert (status, out) == (2, "")
    assert "tfaugkd: error: augpro_mix leaves the texts as they are" in err.splitlines()[-1]
    found = {path.name for path in (tmp_path / "output").iterdir()}
    assert not found & {"report.md", "rows.json", "comparison.png"}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"methods": METHODS | {"X": {"augment": [{"name": "mixip"}]}}}, "Did you mean 'mixup'?"),
        ({"methods": METHODS | {"X": {"augment": [{}]}}}, "Unknown augmentation"),
        ({"methods": METHODS | {"X": {"loss": {"hard": 0, "soft": 0}}}}, "no loss is left"),
        ({"methods": METHODS | {"KD+Mix": {}}}, "'KD+Mix' in methods is too much like 'KD + Mix'"),
        ({"methods": METHODS | {"Teacher": {}}}, "'Teacher' in methods is not free"),
        ({"methods": METHODS | {"+": {}}}, "'+' in methods is not free"),
        ({"student": {"layers": 3}}, "student.layers is 3, but must be from 1 to 2"),
        ({"data": {"sequence_length": 32}}, "but the teacher reads at most 16 tokens."),
        ({"student": {}}, "The student comes from nowhere"),
        ({"teacher_preset": "no_such_encoder"}, "Cannot load a text classifier"),
        ({"split": "held_out"}, "data.held_out is 0"),
        ({"split": "tset"}, "Unknown split: 'tset'. Did you mean 'test'?"),
        ({"baseline": "kd"}, "baseline is 'kd', but must be one of FT, KD, KD + Mix."),
        ({"seeds": [1, 1]}, "seeds is [1, 1], but must be different numbers"),
        ({"seeds": []}, "seeds is [], but must be different numbers, at least one."),
        ({"teacher_examples": 161}, "data.train_examples is 161"),
        ({"teacher_share": 0.001}, "data.train_share is 0.001, which is 0"),
        (
            {"data": {"labels": False}},
            "methods.FT.loss.hard is 1, but no training text has a label (data.labels is false): "
            "set it to 0, and leave out methods that learn from labels alone.",
        ),
        (
            {"data": {"labels": False}, "methods": {"KD": UNLABELLED | {"augment": MIXUP}}},
            "hard of methods.KD.augment's mixup is 1, but no training text has a label",
        ),
    ],
)
def test_what_cannot_be_used_stops_it_before_it_trains(
    changed, message, data, preset, tmp_path, monkeypatch
):
    monkeypatch.setattr(comparison_training, "train", lambda *_: pytest.fail("it trains"))
    _, out, err = command("compare", *config_of(tmp_path, data, preset, **changed))
    assert message in err.splitlines()[-1]
    assert (out, [path.name for path in tmp_path.iterdir()]) == ("", ["a.yaml"])


def test_a_labelled_tenth_for_the_teacher_and_the_rest_without_labels(
    data, preset, tmp_path, monkeypatch
):
    """AugPro's Tables 2, 4 and 8."""
    seen = {}

    def untrained(teacher, student, texts, *_):
        seen["teacher" if teacher is None else "student"] = texts.train
        return Trained(student, 0.1)

    monkeypatch.setattr(comparison_training, "train", untrained)
    config = config_of(
        tmp_path,
        data,
        preset,
        data={"train_examples": None, "skip_share": 0.1, "labels": False},
        teacher_share=0.1,
        methods={"KD": UNLABELLED},
        check_teacher=False,
        seeds=[0],
    )
    status, _, err = command("compare", *config)
    assert status == 0, err
    assert "16 labelled examples for the teacher, 144 (0 with labels) for the students" in err
    assert seen["teacher"].labelled.all()
    assert seen["student"].labels is None
    ids = seen["teacher"].ids + seen["student"].ids
    assert sorted(ids, key=int) == [str(row) for row in range(160)]
    rows = json.loads((tmp_path / "output" / "rows.json").read_text())["rows"]
    assert [row["labelled_examples"] for row in rows] == [16, 0]


def test_scores_are_compared_by_their_correlation(preset, tmp_path):
    examples = sentiment(80)
    rows = [
        {"text": text, "label": f"{label}.5"}
        for text, label in zip(examples.text_a, examples.labels, strict=True)
    ]
    write_rows(tmp_path / "scores.csv", rows)
    file = str(tmp_path / "scores.csv")
    files = {"train_file": file, "dev_file": file, "test_file": file}
    config = config_of(
        tmp_path,
        files | {"label_names": [], "sequence_length": 12},
        preset,
        teacher_train=TRAIN | {"steps": 40},
        methods={"KD": {}, "Teacher alone": UNLABELLED},
        seeds=[0],
    )
    status, out, err = command("compare", *config)
    assert status == 0, err
    found = {
        row["name"]: row
        for row in json.loads((tmp_path / "output" / "rows.json").read_text())["rows"]
    }
    assert found["Teacher"]["scores"]["pearson"] > 0.5
    for row in found.values():
        assert list(row["scores"]) == ["pearson", "spearmanr"]
    difference = found["Teacher alone"]["scores"]["pearson"] - found["KD"]["scores"]["pearson"]
    interval = found["Teacher alone"]["interval"]
    assert interval["mean"] == pytest.approx(difference)
    assert interval["low"] < interval["mean"] < interval["high"]
    assert "earson" in out
    # With kl there would be nothing to learn.
    refused = config_of(
        tmp_path,
        files | {"label_names": [], "sequence_length": 12},
        preset,
        methods={"KD": {"loss": {"distance": "kl"}}},
    )
    _, _, err = command("compare", *refused, "--overwrite")
    assert "always zero for a model with one output (regression); use 'mse'." in err


def test_a_split_without_labels_stops_it_before_it_trains(data, preset, tmp_path, monkeypatch):
    monkeypatch.setattr(comparison_training, "train", lambda *_: pytest.fail("it trains"))
    path = tmp_path / "test.csv"
    path.write_text("text\nthe film was good\n")
    config = config_of(tmp_path, data, preset, data={"test_file": str(path)})
    assert complaint("compare", *config) == "Scoring needs labels, but these texts have none."


def test_an_output_of_others_is_refused_first(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    options = ["--methods", "{KD: {}}", "--output", tmp_path]
    assert "which is not empty" in complaint("compare", *options)
    assert "will not be emptied" in complaint("compare", *options, "--overwrite")


def test_a_teacher_that_learns_nothing_stops_it(data, preset, tmp_path, monkeypatch):
    def untrained(teacher, student, *_):
        if teacher is not None:
            raise InputError("a student is trained")
        # Always the same answer.
        student.classifier.output_dense.kernel.assign(np.zeros((16, 2)))
        return Trained(student, 0.1)

    monkeypatch.setattr(comparison_training, "train", untrained)
    config = config_of(tmp_path, data, preset, methods={"KD": {}})
    status, _, err = command("compare", *config)
    assert status == 2
    assert "The teacher's accuracy on 64 examples is 0." in err.splitlines()[-1]
    assert not list(Path(tmp_path).rglob("model"))
    _, _, err = command("compare", *config, "--check_teacher", "false", "--overwrite")
    assert err.splitlines()[-1] == "tfaugkd: error: a student is trained"


@pytest.fixture
def again(compared, data, preset, tmp_path):
    """A copy of the comparison, and a way to run its command again with some keys changed."""
    copy = shutil.copytree(compared[0], tmp_path / "output")

    def run(*options, **changed):
        return compare(*config_of(tmp_path, data, preset, **changed), *options)

    return copy, run


@pytest.fixture
def untrained(monkeypatch):
    """Stops a comparison where it would begin to train."""

    def stop(*_):
        raise InputError("training begins")

    monkeypatch.setattr(comparison_training, "train", stop)


def said(err):
    """Gives what was logged, without the times."""
    return [line.partition(" ")[2] for line in err.splitlines()]


def without_times(path):
    """Reads rows.json, but for what differs between two runs of anything."""
    found = json.loads(path.read_text())
    for row in found["rows"]:
        for name in ("seconds_per_step", "latency_one_s", "latency_batch_s", "size_bytes"):
            assert row.pop(name) > 0
    return {"rows": found["rows"], "seeds": found["seeds"], "machine": found["machine"]}


def test_an_interrupted_comparison_goes_on_and_ends_as_if_it_had_not_been(
    again, compared, monkeypatch
):
    output, run = again
    for name in ("report.md", "rows.json", "comparison.png"):
        (output / name).unlink()
    # One student was saved but not scored to the end, and one had not begun.
    (output / "students" / "ft" / "seed_0" / "run.json").unlink()
    shutil.rmtree(output / "students" / "kd_mix" / "seed_5")
    real, trained = comparison_training.train, []

    def once(*arguments):
        if trained:
            raise KeyboardInterrupt
        trained.append(arguments)
        return real(*arguments)

    monkeypatch.setattr(comparison_training, "train", once)
    # Compiling for it takes most of the time, and it differs from run to run.
    monkeypatch.setattr(comparison_rows, "_latencies", lambda *_: (0.1, 0.2))
    status, out, err = run()
    assert (status, out) == (130, "")
    assert "Taken over: teacher, 4 of 6 students." in said(err)
    assert not (output / "report.md").exists()
    assert not (output / "students" / "kd_mix" / "seed_5" / "run.json").exists()

    trained.clear()
    status, _, err = run()
    assert status == 0, err
    assert "Taken over: teacher, 5 of 6 students." in said(err)
    assert len(trained) == 1
    assert without_times(output / "rows.json") == without_times(compared[0] / "rows.json")
    for folder in ("students/ft/seed_0", "students/kd_mix/seed_5"):
        logits = [np.load(place / folder / "logits.npy") for place in (output, compared[0])]
        # Equal to the bit with XLA; without, two runs of anything may differ in the last ones.
        np.testing.assert_allclose(*logits, rtol=0, atol=1e-5)
        assert len(list((output / folder / "logs" / "train").rglob("events.*"))) == 1

    # The seconds of what was taken over count, too.
    records = [json.loads(path.read_text()) for path in output.rglob("run.json")]
    taken = sum(record["wall_time_s"] for record in records)
    assert json.loads((output / "rows.json").read_text())["wall_time_s"] > taken > 0


def test_only_what_is_new_or_changed_is_trained(again, untrained):
    output, run = again
    more = {"Better": {"augment": [{"name": "mixup"}]}}
    status, _, err = run(methods=METHODS | more, seeds=[0, 5, 6])
    assert status == 2
    assert said(err)[-3:-1] == [
        "Taken over: teacher, 6 of 12 students.",
        "Better, seed 0: 20 steps.",
    ]
    assert "seeds:\n- 0\n- 5\n- 6\n" in (output / "config.yaml").read_text()
    status, _, err = run(methods=METHODS | {"FT": {"loss": {"soft": 0.0, "hard": 2.0}}})
    assert status == 2
    assert said(err)[-5:-1] == [
        "FT, seed 0 is trained again: it was made with method.loss.hard 1.0, not 2.0.",
        "FT, seed 5 is trained again: it was made with method.loss.hard 1.0, not 2.0.",
        "Taken over: teacher, 4 of 6 students.",
        "FT, seed 0: 20 steps.",
    ]


def test_another_setting_is_refused_and_nothing_is_lost(again, untrained):
    output, run = again
    before = sorted(path for path in output.rglob("*"))
    status, _, err = run(teacher_train=TRAIN | {"steps": 81})
    assert status == 2
    assert err.splitlines()[-1] == (
        f"tfaugkd: error: output is '{output}', which holds a comparison with teacher_train.steps "
        "80, not 81; name another folder or set overwrite: true."
    )
    status, _, err = run(data={"train_examples": 81})
    assert "with texts.students '80 texts, sha256 " in err.splitlines()[-1]
    assert sorted(path for path in output.rglob("*")) == before


def test_overwrite_begins_anew(again, untrained):
    output, run = again
    status, _, err = run("--overwrite")
    assert status == 2
    assert said(err)[-2].startswith("Teacher: fine-tuning")
    assert not list(output.rglob("run.json"))


def test_two_processes_do_not_write_into_one_folder(again, untrained):
    output, run = again
    with only_writer(output):
        for options in ([], ["--overwrite"]):
            status, _, err = run(*options)
            assert status == 2
            assert err.startswith(f"tfaugkd: error: output is '{output}', where another run is wri")
    assert (output / "teacher" / "run.json").exists()


def test_a_teacher_that_is_there_is_taken(data, teacher_output, tmp_path, monkeypatch, request):
    monkeypatch.setattr(comparison_rows, "_latencies", lambda *_: (0.1, 0.2))
    config = write_yaml(
        tmp_path / "a.yaml",
        data=data,
        teacher=str(teacher_output),
        student={"layers": 1},
        train=TRAIN | {"steps": 2},
        methods={"KD": {}},
        output=str(tmp_path / "output"),
    )
    status, _, err = command("compare", *config)
    assert status == 0, err
    output = tmp_path / "output"
    assert "teacher" not in [path.name for path in output.iterdir()]
    teacher, student = json.loads((output / "rows.json").read_text())["rows"]
    scores = tmp_path / "scores.json"
    options = write_yaml(tmp_path / "b.yaml", data=data, split="test", model=str(teacher_output))
    assert command("evaluate", *options, "--output", scores)[0] == 0
    assert teacher["scores"] == json.loads(scores.read_text())["scores"]
    for name in ("labelled_examples", "steps", "seconds_per_step"):
        assert teacher[name] is None
        assert student[name] is not None
    page = (output / "report.md").read_text()
    assert f"The teacher is the one in {teacher_output}, the students were trained on 160" in page
    card = (output / "students" / "kd" / "seed_0" / "model" / "README.md").read_text()
    assert f"**Teacher:** {teacher_output}\n" in card

    # Whatever its folder is called, it is the same teacher.
    request.getfixturevalue("untrained")
    options = ["--teacher", teacher_output / "model", "--seeds", "[0, 1]"]
    assert said(command("compare", *config, *options)[2])[-3] == "Taken over: 1 of 2 students."


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("teacher_examples", "100"),
        ("teacher_preset", "a"),
        ("teacher_pooling", "mean"),
        ("teacher_train.steps", "5"),
    ],
)
def test_there_is_one_teacher(option, value, tmp_path):
    options = ["--methods", "{KD: {}}", "--teacher", "x", "--output", tmp_path / "output"]
    key = option.partition(".")[0]
    expected = f"teacher is 'x', which is trained already, so {key} must be left out."
    assert complaint("compare", *options, f"--{option}", value) == expected


def test_a_teacher_that_is_there_must_know_something(data, tmp_path, untrained):
    # Always the same answer.
    classifier = bert(layers=1, seed=1)
    classifier.output_dense.kernel.assign(np.zeros((8, 2)))
    facts = ModelFacts("custom", ("negative", "positive"), LENGTH)
    save_model(classifier, tmp_path / "teacher" / "model", facts, "")
    config = write_yaml(
        tmp_path / "a.yaml",
        data=data,
        teacher=str(tmp_path / "teacher"),
        student={"layers": 1},
        methods={"KD": {}},
        output=str(tmp_path / "output"),
    )
    _, _, err = command("compare", *config)
    assert "The teacher's accuracy on 64 examples is 0." in err.splitlines()[-1]
    swapped = ["--data.label_names", "[positive, negative]"]
    assert "The teacher's labels are" in command("compare", *config, *swapped)[2].splitlines()[-1]
    assert not (tmp_path / "output").exists()
    _, _, err = command("compare", *config, "--check_teacher", "false")
    assert err.splitlines()[-1] == "tfaugkd: error: training begins"
