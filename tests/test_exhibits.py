import re
from pathlib import Path

import pytest

from tfaugkd.errors import InputError
from tfaugkd.reproduce.exhibits import PAPERS, exhibits_of, find_exhibit

CONFIGS = Path(__file__).parents[1] / "configs"
# How many numbers each table has in its paper, counted there.
COUNTS = {
    # Eleven rows of twelve numbers, and one of back-translation.
    "augpro.table1": 11 * 12 + 1,
    "augpro.table2": 7 * 4,
    "augpro.table3": 8,
    "augpro.table4": 4 * 4,
    "augpro.table5": 3 * 3 * 2,
    "augpro.table6": 9 * 3,
    "augpro.table7": 6 * 12,
    "augpro.table8": 9 * 4,
    "augpro.figure3": 7 * 2,
    "augpro.figure5": 7,
    "da_for_kd.table1": 6,
    "da_for_kd.table2": 8 * 9,
    "da_for_kd.table3": 4 * 5,
    "da_for_kd.table4": 4 * 5,
    "da_for_kd.table5": 3 * 9,
    "da_for_kd.table8": 9 + 2,
    "da_for_kd.figure1": 4,
    "da_for_kd.figure2": 0,
    "da_for_kd.figure3": 2,
    "da_for_kd.figure4": 9,
    "da_for_kd.figure5": 5,
    # Fourteen rows of eight numbers; DistilBERT has no F1 on QQP.
    "mixkd.table1": 14 * 8 - 1,
    "mixkd.table2": 3 * 2,
    "mixkd.table3": 9 * 9,
    "mixkd.table4": 3 * 2,
    "mixkd.table5": 4 * 5,
    "mixkd.figure1": 4 * 2,
    "mixkd.figure2": 0,
    "mixkd.figure3": 0,
    "ad2.table1": 5 * 13,
    "ad2.table2": 2 * 7,
    # The first row is cut short in the text at hand.
    "ad2.table3": 5 + 3 * 10,
    "ad2.table4": 2 * 10 + 2 * 3,
    "ad2.table5": 2 * 8 + 2,
    "ad2.figure2": 8 + 1 + 2,
}
# Read from the papers by eye: exhibit, row, column, task, split, metric, value.
CELLS = [
    ("augpro.table1", "EncT5_24-FT (354M)", "", "mnli", "dev_mismatched", "accuracy", 91.40),
    ("augpro.table1", "EncT5_24-FT (354M)", "", "mnli", "dev", "accuracy", 91.10),
    ("augpro.table1", "+BT", "", "rte", "dev", "accuracy", 61.73),
    ("augpro.table1", "+AugPro-FGSM+AugPro-Mix", "", "rte", "dev", "accuracy", 74.73),
    ("augpro.table1", "+AugPro-Mix", "", "mrpc", "dev", "f1", 92.34),
    ("augpro.table1", "+KNN", "", "cola", "dev", "matthews_correlation", 54.60),
    ("augpro.table2", "+AugPro-FGSM", "", "sst2", "dev", "accuracy", 94.27),
    ("augpro.table3", "+BT", "", "", "", "minutes_per_1000_steps", 13.15),
    ("augpro.table3", "+AugPro-FGSM", "", "", "", "minutes_per_1000_steps", 3.24),
    ("augpro.table4", "100", "", "mnli", "dev", "accuracy", 84.74),
    ("augpro.table5", "AugPro-Mix", "50%", "mnli", "dev", "accuracy", 82.60),
    ("augpro.table6", "+MixUp+AugPro-FGSM_R", "", "mnli", "dev", "accuracy", 87.49),
    ("augpro.table7", "+Random", "", "stsb", "dev", "spearmanr", 87.57),
    ("augpro.table8", "KD+AugPro-FGSM_R", "", "mnli", "dev_mismatched", "accuracy", 85.6),
    ("da_for_kd.table1", "kNN (k=15) 4x", "", "mnli", "", "minutes", 0.5),
    ("da_for_kd.table2", "1%", "40%", "mnli", "dev", "accuracy", 78.06),
    ("da_for_kd.table2", "20%", "80%", "qnli", "dev", "accuracy", 86.31),
    ("da_for_kd.table3", "100%", "10%", "mnli", "dev", "accuracy", 82.27),
    ("da_for_kd.table4", "kNN", "50%", "cola", "dev", "matthews_correlation", 59.78),
    ("da_for_kd.table5", "Random Replacement", "20%", "mnli", "dev", "accuracy", 76.94),
    ("da_for_kd.table8", "kNN", "30%", "gad", "dev", "accuracy", 81.11),
    ("mixkd.table1", "BERT_12", "", "mrpc", "dev", "f1", 90.53),
    ("mixkd.table1", "BERT_12", "", "mrpc", "dev", "accuracy", 86.52),
    ("mixkd.table1", "BERT_3-SM+TMKD+BT", "", "rte", "dev", "accuracy", 60.65),
    ("mixkd.table1", "DistilBERT_6", "", "qqp", "dev", "accuracy", 88.5),
    ("mixkd.table2", "BERT_6 Student", "", "sst2", "", "parameters", 66956546),
    ("mixkd.table2", "BERT_3 Student", "", "sst2", "", "samples_per_second", 397),
    ("mixkd.table3", "BERT_6-PKD", "", "mnli", "test_mismatched", "accuracy", 81.0),
    ("mixkd.table4", "BERT_6 + TinyBERT DA module", "", "sst2", "dev", "accuracy", 91.3),
    ("mixkd.figure1", "MixKD", "1%", "qnli", "dev", "gain", 4.1),
    ("ad2.table1", "AD^2", "", "cola", "dev", "matthews_correlation", 54.7),
    ("ad2.table1", "BERT-PKD", "", "stsb", "dev", "spearmanr", 84.7),
    ("ad2.table2", "+AD^2", "", "rte", "dev", "accuracy", 72.9),
    ("ad2.table3", "-KD", "", "mrpc", "dev", "accuracy", 85.2),
    ("ad2.table3", "-KD", "", "mrpc", "dev", "f1", 89.9),
    ("ad2.table3", "-AD", "", "mrpc", "dev", "f1", 86.6),
    ("ad2.table4", "Skip", "", "mnli", "dev_mismatched", "accuracy", 76.5),
    ("ad2.table4", "+ AD^2", "", "mrpc", "dev", "f1", 87.4),
    ("ad2.table5", "BERT_24 + KD", "", "rte", "dev", "accuracy", 65.3),
    ("ad2.figure2", "TinyBERT", "", "mnli", "", "hours", 85),
]


def every_exhibit():
    return [exhibit for paper in PAPERS for exhibit in exhibits_of(paper).values()]


def test_every_table_and_figure_has_all_its_numbers():
    assert {each.name: len(each.printed) for each in every_exhibit()} == COUNTS


@pytest.mark.parametrize("cell", CELLS)
def test_numbers_are_the_papers(cell):
    name, *place, value = cell
    found = [
        each.value
        for each in find_exhibit(name).printed
        if [each.row, each.column, each.task, each.split, each.metric] == place
    ]
    assert found == [value]


def test_deviations_are_the_papers():
    printed = find_exhibit("mixkd.table5").printed
    spreads = {(n.row, n.task, n.metric): n.spread for n in printed}
    assert spreads["BERT_6-TMKD+BT", "mrpc", "f1"] == 0.27
    assert spreads["BERT_6-TMKD+BT", "mrpc", "accuracy"] == 0.48
    assert spreads["BERT_3-SM+TMKD+BT", "rte", "accuracy"] == 0.18


@pytest.mark.parametrize("exhibit", every_exhibit(), ids=lambda each: each.name)
def test_each_number_stands_in_the_cell_that_it_is_from(exhibit):
    for number in exhibit.printed:
        digits = re.findall(r"\d[\d,]*\.?\d*", number.printed)
        assert number.value in [float(found.replace(",", "")) for found in digits], number
    places = {(n.row, n.column, n.task, n.split, n.metric) for n in exhibit.printed}
    assert len(places) == len(exhibit.printed)


@pytest.mark.parametrize("exhibit", every_exhibit(), ids=lambda each: each.name)
def test_each_number_has_an_experiment(exhibit):
    for number in exhibit.printed:
        # The average over tasks is no task's.
        if number.task != "average":
            cells = exhibit.cells(number.task or exhibit.tasks[0])
            assert (number.row, number.column) in cells


@pytest.mark.parametrize("exhibit", every_exhibit(), ids=lambda each: each.name)
def test_each_experiment_has_a_config(exhibit):
    for task in exhibit.tasks:
        cells = exhibit.cells(task)
        assert cells
        for cell in cells.values():
            assert (CONFIGS / exhibit.paper / f"{cell.config}.yaml").is_file() or cell.reason


def test_rows_are_those_of_the_task():
    exhibit = find_exhibit("da_for_kd.table2")
    rows = {task: {row for row, _ in exhibit.cells(task)} for task in ("mnli", "qnli", "sst2")}
    assert rows["mnli"] == rows["sst2"] == {"1%", "2%", "10%", "100%"}
    assert rows["qnli"] == {"3%", "6%", "20%", "100%"}


def test_a_method_may_be_named_by_row_and_column():
    cells = find_exhibit("mixkd.figure3").cells("sst2")
    assert cells["SM 0.1", "TMKD 10.0"].method == "SM 0.1, TMKD 10.0"
    assert cells["ratio 3, SM 2.0", "TMKD 0.5"].config == "figure3_ratio"
    assert ("ratio 3, SM 2.0", "TMKD 10.0") not in cells


def test_an_unknown_exhibit_is_refused_by_name():
    with pytest.raises(InputError, match=r"'bert\.table1'.*augpro, da_for_kd, mixkd, ad2"):
        find_exhibit("bert.table1")
    with pytest.raises(InputError, match=r"'table9'.*table8"):
        find_exhibit("augpro.table9")
