import pytest
import yaml
from conftest import command, complaint

from tfaugkd.augment import eda
from tfaugkd.errors import InputError


@pytest.fixture
def preview(data, teacher_output):
    """Options that show methods on the task's first texts."""

    def options(*more, methods=None):
        keys = yaml.safe_dump(data, default_flow_style=True, width=10_000).strip()
        listed = [] if methods is None else ["--augment", methods]
        fixed = ["--data", keys, "--teacher", teacher_output, "--batch_size", 16]
        return ["augment", *fixed, "--jit_compile", "false", *listed, *more]

    return options


def test_examples_and_statistics_are_printed_and_no_file_is_written(preview, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    methods = "[{name: knn, degree: 0.5, k: 4}, {name: fgsm, epsilon: 0.2}, {name: tinybert}]"
    status, out, err = command(*preview("--show", 2, "--stats", methods=methods))
    assert status == 0, err
    assert list(tmp_path.iterdir()) == []
    assert "Text 2, labelled " in out
    assert "Text 3" not in out
    assert "{+" in out
    assert "no text; moved by " in out
    lines = {line.split()[0]: line.split() for line in out.splitlines() if line.strip()}
    # Changed, moved, labels, entropy, distinct, distance, tokens a second.
    assert len(lines["knn"]) == len(lines["tinybert"]) == len(lines["fgsm"]) == 8
    assert 10 < float(lines["knn"][1]) < 90
    assert lines["fgsm"][1] == lines["fgsm"][5] == "-"
    assert float(lines["fgsm"][2]) > 1
    assert "Augmentations of 160 texts" in out


def test_every_method_that_needs_no_option_is_shown_if_none_is_listed(preview, monkeypatch):
    def refuse():
        raise InputError("there are no synonyms here.")

    monkeypatch.setattr(eda, "require_synonyms", refuse)
    status, out, err = command(*preview("--show", 1))
    assert status == 0, err
    shown = [line.split()[0] for line in out.splitlines() if line.strip()]
    assert shown[1:] == [
        *("original", "mixup", "tmix", "fgsm", "pga", "augpro_mix", "augpro_fgsm", "augpro_pga"),
        *("knn", "random_replacement", "random_generation", "tinybert"),
    ]
    assert "Left out eda: there are no synonyms here." in err
    assert "Left out variants, which needs options" in err


def test_a_file_is_written_beside(preview, tmp_path):
    output = tmp_path / "aug.tsv"
    methods = "[{name: random_replacement, degree: 0.5}]"
    options = ("--show", 1, "--output", output, "--copies", 1)
    status, out, err = command(*preview(*options, methods=methods))
    assert status == 0, err
    assert out.index("Text 1") < out.index("Wrote ")
    assert output.exists()


def test_what_cannot_be_shown_is_refused(preview):
    assert "output is None, but must be a file, where neither show nor stats" in complaint(
        *preview()
    )
    assert "show is -1, but must be 0 or more" in complaint(*preview("--show", -1))
    refused = complaint(*preview("--stats", methods="[{name: pga}]"))
    assert refused.startswith("pga climbs the distance between student and teacher")
