import csv
import json

import numpy as np
import pytest
import yaml
from conftest import command, complaint, sentiment, write_yaml

from tfaugkd import comparison
from tfaugkd.comparison_config import CompareConfig
from tfaugkd.config import MethodConfig
from tfaugkd.data.files import write_rows
from tfaugkd.data.variants import read_variants
from tfaugkd.data_config import DataConfig
from tfaugkd.offline import new_texts

TRAIN = {
    **{"steps": 40, "batch_size": 8, "learning_rate": 0.01, "jit_compile": False},
    "tensorboard": {"examples": 0},
}


def augment(data, teacher, output, *options, method="{name: tinybert}"):
    keys = ["--data", yaml.safe_dump(data, default_flow_style=True, width=10_000).strip()]
    return [
        *("augment", *keys, "--teacher", teacher, "--output", output, "--jit_compile", "false"),
        *("--augment", f"[{method}]", *options),
    ]


@pytest.fixture(scope="module")
def small(data):
    """The task's data with a training split of which a part is taken."""
    return data | {"train_examples": 24}


def test_new_texts_leave_out_what_repeats_or_is_empty():
    variants = [("It's  a Film",), ("it ' s a film",), ("good",), ("GOOD",), (" ",), (), ("bad",)]
    assert new_texts(("It's a film",), variants) == [("good",), ("bad",)]
    pairs = [("a", "b"), ("a", "c"), ("c",), ("ac", "")]
    assert new_texts(("a", "b"), pairs) == [("a", "c")]


def test_variants_are_written_by_several_methods(small, teacher_output, tmp_path):
    output = tmp_path / "new" / "aug.tsv"
    method = "{name: tinybert, probability: 0.9}, {name: augpro_mix}"
    status, out, err = command(
        *augment(small, teacher_output, output, "--copies", 2, method=method)
    )
    assert status == 0, err
    assert "Augmenting 24 texts by augpro_mix." in err
    with output.open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert list(rows[0]) == ["id", "text"]
    originals = sentiment(160).text_a
    ids = [row["id"] for row in rows]
    assert len(set(ids)) == 24
    assert max(ids.count(name) for name in ids) == 4
    assert all(row["text"] != originals[int(row["id"])] for row in rows)
    assert f"Wrote {len(rows)} variants of 24 texts to {output}.\n" in out
    left_out = 4 * 24 - len(rows)
    assert (f"Left out {left_out} that are empty or repeat a text." in out) is (left_out > 0)


def test_the_same_seed_writes_the_same_file(small, teacher_output, tmp_path):
    files = []
    for name, seed in (("a.jsonl", 3), ("b.jsonl", 3), ("c.jsonl", 4)):
        options = ("--seed", seed, "--copies", 1)
        assert command(*augment(small, teacher_output, tmp_path / name, *options))[0] == 0
        files.append((tmp_path / name).read_bytes())
    assert files[0] == files[1] != files[2]
    assert set(json.loads(files[0].splitlines()[0])) == {"id", "text"}


def test_an_encoder_serves_as_well_as_a_teacher(small, preset, tmp_path):
    assert command(*augment(small, preset, tmp_path / "a.csv", "--copies", 1))[0] == 0
    assert set(read_variants(tmp_path / "a.csv", ("text",)).ids) <= {str(i) for i in range(160)}


def test_what_cannot_be_used_is_refused_and_nothing_written(small, teacher_output, tmp_path):
    output = tmp_path / "aug.tsv"

    def refused(*options, teacher=teacher_output, method="{name: tinybert}", to=output):
        return complaint(*augment(small, teacher, to, *options, method=method))

    assert "Unknown augmentation: 'tinybrt'. Did you mean 'tinybert'?" in refused(
        method="{name: tinybrt}"
    )
    assert "must end in one of" in refused(to=tmp_path / "aug.txt")
    assert "There is no folder 'missing/teacher'" in refused(teacher="missing/teacher")
    assert "copies is 0" in refused("--copies", 0)
    assert "batch_size is 12, but must be a multiple of 8" in refused("--batch_size", 12)
    assert "augment is []" in refused(method="")
    assert "mixup makes no text that a file could hold" in refused(method="{name: mixup}")
    assert "but the run reads it" in refused("--overwrite", to=small["train_file"])
    assert not output.exists()
    output.write_text("mine")
    assert "exists already" in refused()
    assert output.read_text() == "mine"


def test_a_method_that_changes_nothing_writes_nothing(small, teacher_output, tmp_path):
    method = "{name: tinybert, probability: 0}"
    status, _, err = command(*augment(small, teacher_output, tmp_path / "a.tsv", method=method))
    assert status == 2
    assert err.endswith(
        "No variant of the 24 texts differs from its original; nothing is written.\n"
    )
    assert not (tmp_path / "a.tsv").exists()


def test_a_translator_can_be_put_in_its_place(small, tmp_path, monkeypatch):
    """What translates is a seam: the job does the same with any function of texts."""

    def load(folder):
        return lambda texts, count: [
            [f"{text} {folder.name}{n}" for n in range(count)] for text in texts
        ]

    monkeypatch.setattr("tfaugkd.back_translation.load_translator", load)
    output = tmp_path / "bt.csv"
    method = "{name: back_translation, models: folder, pivot: fr}"
    status, _, err = command(*augment(small, "missing", output, "--copies", 2, method=method))
    assert status == 0, err
    found = read_variants(output, ("text",))
    originals = sentiment(160).text_a
    assert found.text_a[:2] == [f"{originals[int(found.ids[0])]} en-fr{n} fr-en0" for n in (0, 1)]
    assert len(found) == 48


@pytest.fixture(scope="module")
def variants_file(data, teacher_output, tmp_path_factory):
    output = tmp_path_factory.mktemp("variants") / "aug.tsv"
    assert command(*augment(data, teacher_output, output, "--copies", 2))[0] == 0
    return str(output)


def test_a_student_is_distilled_on_added_and_on_shown_variants(
    data, teacher_output, variants_file, tmp_path
):
    config = write_yaml(
        tmp_path / "a.yaml",
        data=data | {"added_file": variants_file, "train_examples": 40},
        teacher=str(teacher_output),
        student={"layers": 1},
        augment=[{"name": "variants", "file": variants_file}],
        train=TRAIN,
        output=str(tmp_path / "output"),
    )
    status, out, err = command("distill", *config)
    assert status == 0, err
    names = read_variants(variants_file, ("text",)).ids
    subset = {str(i) for i in np.random.Generator(np.random.PCG64(0)).permutation(160)[:40]}
    added = sum(name in subset for name in names)
    assert f"Added {added} variants out of {variants_file} to 40 training examples." in err
    assert f"Distilling by KD + variants on {40 + added} examples." in err
    assert "variants: " in out
    scores = json.loads((tmp_path / "output" / "scores.json").read_text())
    assert 0.1 < scores["training"]["variants_degree"] < 0.6


@pytest.mark.parametrize("job", ["distill", "compare"])
def test_a_file_that_does_not_fit_stops_a_job_before_it_trains(
    job, data, teacher_output, preset, tmp_path
):
    write_rows(tmp_path / "aug.tsv", [{"id": 3, "text": "a"}, {"id": 160, "text": "b"}])
    augmentations = [{"name": "variants", "file": str(tmp_path / "aug.tsv")}]
    keys = {"data": data, "student": {"layers": 1}, "output": str(tmp_path / "output")}
    if job == "distill":
        keys |= {"teacher": str(teacher_output), "augment": augmentations, "train": TRAIN}
    else:
        keys |= {"teacher_preset": preset, "methods": {"KD": {"augment": augmentations}}}
    status, _, err = command(job, *write_yaml(tmp_path / "a.yaml", **keys))
    assert status == 2
    assert "aug.tsv, line 3: '160' is the id of none of the 160 training texts" in err
    assert not (tmp_path / "output").exists()


def test_a_comparisons_teacher_is_not_taught_what_is_added(data, variants_file):
    texts = DataConfig(**data, added_file=variants_file)
    config = CompareConfig({"KD": MethodConfig()}, texts, split="dev")
    setting = comparison._read(config)
    assert len(setting.teacher_texts.train) == 160
    assert len(setting.students.train) == 160 + len(read_variants(variants_file, ("text",)))
