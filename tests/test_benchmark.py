"""The job `tfaugkd benchmark` from its command to its files, at sizes of no interest."""

import json
import logging

import numpy as np
import pytest
import tensorflow as tf
from conftest import command, complaint

from tfaugkd.benchmark import agreement
from tfaugkd.benchmark.agreement import check_steps
from tfaugkd.benchmark.config import BenchmarkConfig, SizeConfig
from tfaugkd.benchmark.floor import step_operations
from tfaugkd.benchmark.rows import RATIOS, ROWS
from tfaugkd.benchmark.setting import Setting
from tfaugkd.benchmark.steps import timed_step
from tfaugkd.config import StudentConfig
from tfaugkd.data_config import DataConfig

NAMES = [
    "finetune",
    "kd",
    "kd_stored_logits",
    "mixup",
    "tmix",
    "fgsm",
    "pga",
    "augpro_mix",
    "augpro_mix_stored_logits",
    "augpro_mix_naive",
    "augpro_fgsm",
    "augpro_mix_fgsm",
    "knn",
    "eda",
    "random_replacement",
    "keras_distiller",
]
TIMED = ["kd", "keras_distiller"]
SIZE = SizeConfig(layers=2, width=8, heads=2, inner=16, vocabulary=60)
TINY = [
    *("--teacher", "random", "--size.layers", 2, "--size.width", 8, "--size.heads", 2),
    *("--size.inner", 16, "--size.vocabulary", 60, "--student.layers", 1),
    *("--batch_size", 8, "--data.sequence_length", 12, "--data.train_examples", 16),
    *("--repeats", 2),
]


@pytest.fixture(scope="module")
def setting():
    return Setting(
        BenchmarkConfig(
            data=DataConfig(sequence_length=12, train_examples=16),
            teacher="random",
            size=SIZE,
            student=StudentConfig(layers=1),
            batch_size=8,
        )
    )


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """What a run printed, the numbers it wrote, and its page."""
    folder = tmp_path_factory.mktemp("benchmark")
    files = ["--json", folder / "a.json", "--markdown", folder / "a.md"]
    status, out, err = command("benchmark", *TINY, "--rows", json.dumps(TIMED), *files)
    assert status == 0, err
    return out, err, json.loads((folder / "a.json").read_text()), (folder / "a.md").read_text()


def test_there_is_a_row_for_every_name_and_each_can_be_built(setting):
    assert list(ROWS) == NAMES
    for row in ROWS.values():
        step = timed_step(row, setting)
        learned = step.model.trainable_variables
        assert {v.shape for v in learned} >= {v.shape for v in setting.student.classifier.weights}
    assert {name for ratio in RATIOS for name in ratio[:2]} <= set(NAMES)


def test_the_numbers_have_the_names_that_are_promised(ran):
    _, _, numbers, _ = ran
    assert list(numbers) == ["machine", "shapes", "steps", "projection"]
    assert list(numbers["steps"]) == TIMED
    for step in numbers["steps"].values():
        assert 0 < step["min_s"] <= step["median_s"] <= step["max_s"]
        assert step["floor_s"] > 0
    for way in ("naive", "blockwise", "certified"):
        assert numbers["projection"][way]["median_s"] > 0
        assert numbers["projection"][way]["extra_bytes"] >= 0
    assert sum(numbers["projection"]["tiers"]) == pytest.approx(1.0)
    assert numbers["projection"]["vocabulary"] == numbers["shapes"]["vocabulary"] == 60
    assert numbers["shapes"]["teacher"]["layers"] == 2


def test_a_floor_is_the_counted_operations_at_the_measured_speed(ran, setting):
    _, _, numbers, _ = ran
    speed = numbers["machine"]["products_per_s"]
    # A text of made-up words is as long as it may be: all is text but [CLS] and [SEP].
    assert numbers["shapes"]["text_positions"] == 80 == setting.shapes.text_positions
    # The teacher has two layers, 1,060,864 operations each, the student one.
    for name, step in numbers["steps"].items():
        of_step = (ROWS[name].passes, setting.teacher, setting.student, setting.shapes)
        assert step["operations"] == step_operations(*of_step)
        assert step["floor_s"] == pytest.approx(step["operations"] / speed)


def test_it_prints_and_writes_tables(ran):
    out, _, _, page = ran
    for text in (out, page):
        for expected in (*TIMED, "kd / keras_distiller", "0.90", "certified", "Median / floor"):
            assert expected in text
    assert page.startswith("    ")
    assert "| --- | --: |" in page


def test_it_says_what_it_has_checked_and_how_far_it_is(ran):
    _, err, _, _ = ran
    assert "kd, keras_distiller have one loss" in err
    for way in ("naive", "blockwise", "certified"):
        assert f"projection, {way}: its tokens equal brute force at 80 positions" in err
    assert "Round 2 is done" in err


def test_the_projection_alone_over_a_random_table(tmp_path):
    path = tmp_path / "a.json"
    status, out, err = command("benchmark", *TINY, "--projection", "--check", 200, "--json", path)
    assert status == 0, err
    numbers = json.loads(path.read_text())
    assert numbers["steps"] == {}
    assert numbers["projection"]["positions"] == numbers["projection"]["with_text"] == 96
    checked = numbers["projection"]["checked"]
    assert 190 <= sum(case["positions"] for case in checked) <= 200
    assert sum(case["wrong"] for case in checked) == 0
    assert "made to defeat the certificate" in out


def test_a_projection_to_the_wrong_tokens_is_not_timed(setting, monkeypatch, caplog):
    steps = {"augpro_mix_naive": timed_step(ROWS["augpro_mix_naive"], setting)}
    with caplog.at_level(logging.INFO, logger="tfaugkd"):
        check_steps(steps)
    found = "augpro_mix_naive: the tokens of augpro_mix"
    assert f"{found} equal brute force at 80 positions" in caplog.text

    class Elsewhere(agreement.BruteForce):
        def __init__(self, unit_table, producible):
            super().__init__(-unit_table, producible)

    monkeypatch.setattr(agreement, "BruteForce", Elsewhere)
    with pytest.raises(RuntimeError, match=f"{found} are wrong at"):
        check_steps(steps)


def test_another_loss_is_not_timed(setting, monkeypatch):
    steps = {name: timed_step(ROWS[name], setting) for name in ("kd", "kd_stored_logits")}
    losses = iter([0.5, 0.51])
    monkeypatch.setattr(agreement, "_clean_loss", lambda step: next(losses))
    with pytest.raises(RuntimeError, match=r"kd_stored_logits has a loss of 0\.51"):
        check_steps(steps)


def test_the_naive_projection_is_left_out_where_it_does_not_fit(tmp_path, monkeypatch):
    from tfaugkd.benchmark import projections

    monkeypatch.setattr(projections, "available_memory", lambda: 2**20)
    status, out, err = command("benchmark", *TINY, "--projection")
    assert status == 0, err
    assert "The naive projection is left out" in err
    assert "naive" not in out


def test_what_cannot_be_used_is_refused(tmp_path):
    assert "Did you mean 'augpro_mix'" in complaint("benchmark", "--rows", "[augpro-mix]")
    assert "batch_size is 12" in complaint("benchmark", "--batch_size", 12)
    assert "check is 50" in complaint("benchmark", "--check", 50)
    assert "size.heads is 5" in complaint("benchmark", "--size.heads", 5)
    path = tmp_path / "a.json"
    path.write_text("{}")
    assert "exists already" in complaint("benchmark", "--json", path)


def test_stored_logits_are_the_teachers(setting):
    step = timed_step(ROWS["kd_stored_logits"], setting)
    x, *_ = next(iter(step.batches))
    asked = setting.teacher.classifier(
        {name: x[name] for name in ("token_ids", "segment_ids", "padding_mask")}
    )
    assert x["teacher_logits"].numpy() == pytest.approx(np.asarray(asked), abs=1e-5)
    assert isinstance(x["teacher_logits"], tf.Tensor)
