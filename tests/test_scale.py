from pathlib import Path

import pytest

from tfaugkd.config import PACKAGED, StudentConfig
from tfaugkd.errors import InputError
from tfaugkd.reproduce.config import SmallConfig, SourceConfig
from tfaugkd.reproduce.exhibits import find_exhibit
from tfaugkd.reproduce.experiment import paper_experiment
from tfaugkd.reproduce.scale import ENCODERS, Encoder, encoder_of_preset, small_experiment

CONFIGS = Path(__file__).parents[1] / "configs"
DEPTH = ENCODERS[PACKAGED].layers


def small(name, row, column="", task="sst2", examples=2000, **changed):
    exhibit, source = find_exhibit(name), SourceConfig(path="GLUE")
    cell = exhibit.cells(task)[row, column]
    paper = paper_experiment(exhibit, cell, task, source, CONFIGS)
    return small_experiment(paper, SmallConfig(**changed), DEPTH, examples)


@pytest.mark.parametrize(
    ("name", "row", "layers", "preset"),
    [
        ("augpro.table1", "EncT5_8-KD", 2, PACKAGED),  # 8 of 24
        ("da_for_kd.figure3", "Vanilla KD", 2, PACKAGED),  # 6 of 24, rounded up
        ("ad2.table1", "Vanilla KD", 3, PACKAGED),  # 6 of 12
        ("ad2.table2", "MiniLM", 6, PACKAGED),  # 12 of 12
        ("mixkd.table1", "BERT_6-FT", 3, None),  # 6 of the teacher's 12
        ("mixkd.table1", "BERT_3-FT", 2, None),  # 3 of the teacher's 12, rounded up
        ("mixkd.table3", "BERT_3-PKD", 2, PACKAGED),  # 3 of 12
    ],
)
def test_students_keep_their_share_of_the_teachers_layers(name, row, layers, preset):
    student = small(name, row).student
    assert (student.layers, student.preset, student.pooling) == (layers, preset, None)


def test_which_layers_stays_as_it_was():
    for row, select in (("Skip", "skip"), ("Top", "top"), ("Bottom", "bottom")):
        assert small("ad2.table4", row).student == StudentConfig(2, PACKAGED, select)


def test_the_objective_stays_and_the_optimisation_does_not():
    found = small("mixkd.table1", "BERT_6-SM+TMKD")
    assert found.method.loss.soft == 0.0
    assert found.method.augment == [{"name": "mixup", "alpha": 0.4}]
    assert (found.train.steps, found.train.batch_size, found.train.keep) == (240, 16, "last")
    assert (found.teacher.preset, found.teacher.train.steps) == (PACKAGED, 400)
    assert found.teacher.train.evaluate_every is found.train.evaluate_every is None


def test_the_best_weights_are_chosen_as_often():
    assert small("ad2.table1", "AD^2").train.evaluate_every == 40
    assert small("ad2.table1", "AD^2", steps=20).train.evaluate_every == 20
    assert small("da_for_kd.figure4", "30%").train.evaluate_every == 48


def test_epsilons_are_in_root_mean_squares_and_keep_their_ratio():
    epsilons = {}
    for row in ("30", "35", "40", "100"):
        (entry,) = small("augpro.table4", row).method.augment
        assert entry["unit"] == "rms"
        epsilons[row] = entry["epsilon"]
    assert epsilons["100"] / epsilons["35"] == pytest.approx(100 / 35, abs=1e-3)
    assert epsilons["30"] / epsilons["35"] == pytest.approx(30 / 35, abs=1e-3)


def test_a_table_row_keeps_a_radius():
    (entry,) = small("ad2.table3", "-DKD").method.augment
    assert (entry["radius"], entry["unit"]) == (1e-5, "absolute")


def test_states_are_mixed_in_the_middle():
    assert small("augpro.table1", "+TMix").method.augment == [{"name": "tmix", "weight": 0.5}]


def test_shares_are_of_the_small_scales_texts():
    found = small("da_for_kd.table2", "10%", "30%", "mnli")
    assert (found.data.train_examples, found.data.train_share) == (200, None)
    assert found.teacher.data.train_examples == 2000
    # A teacher with a tenth of the labels, a student with the other texts.
    found = small("augpro.table2", "KD")
    assert (found.data.skip_examples, found.data.train_examples) == (200, 1800)
    assert (found.data.skip_share, found.data.labels) == (0.0, False)
    assert found.teacher.data.train_examples == 200


def test_a_batch_has_eight_texts():
    assert small("da_for_kd.table2", "1%", "0%", "mnli", examples=100).data.train_examples == 8


def test_a_folders_size_is_read(preset):
    assert encoder_of_preset(preset) == Encoder(2, 16, 2 * 16, 39)
    with pytest.raises(InputError, match="'nothing_en' is not known"):
        encoder_of_preset("nothing_en")
