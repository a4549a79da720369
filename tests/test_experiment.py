from pathlib import Path

import pytest

from tfaugkd.config import MethodConfig, Objective, StudentConfig
from tfaugkd.errors import InputError
from tfaugkd.reproduce.config import SourceConfig
from tfaugkd.reproduce.exhibits import Cell, find_exhibit
from tfaugkd.reproduce.experiment import files_of, paper_experiment

CONFIGS = Path(__file__).parents[1] / "configs"
GLUE = SourceConfig(path="GLUE")


def experiment(name, row, column="", task="sst2", source=GLUE):
    exhibit = find_exhibit(name)
    return paper_experiment(exhibit, exhibit.cells(task)[row, column], task, source, CONFIGS)


def test_a_row_is_its_config_on_the_task():
    found = experiment("augpro.table1", "+AugPro-Mix", task="rte")
    assert found.name == "table1_augpro_mix"
    assert (found.data.task, found.data.path, found.data.sequence_length) == ("rte", "GLUE", 128)
    assert found.student == StudentConfig(preset="t5_1.1_small", pooling="decoder")
    assert found.train.steps == 600_000
    assert found.method == MethodConfig(
        augment=[{"name": "augpro_mix", "weight": 0.5}], teacher_dropout=True
    )
    assert found.teacher.preset == "t5_1.1_large"
    assert (found.teacher.data.task, found.teacher.output) == ("rte", "")


def test_a_teacher_is_no_student():
    assert experiment("augpro.table1", "EncT5_24-FT (354M)").method is None
    assert experiment("da_for_kd.table8", "Teacher", "0%", "gad", FILES).method is None


def test_a_student_that_is_fine_tuned_alone_is_a_student():
    found = experiment("ad2.table1", "Fine-tune")
    assert found.method == MethodConfig(loss=Objective(hard=1.0, soft=0.0))
    assert found.student == StudentConfig(preset="distil_bert_base_en_uncased")
    assert found.teacher.preset == "bert_base_en_uncased"
    assert found.train == experiment("ad2.table1", "Vanilla KD").train


def test_shares_are_of_the_student_or_of_both():
    found = experiment("augpro.figure3", "KD", "20%")
    assert (found.data.train_share, found.teacher.data.train_share) == (0.2, 0.2)
    found = experiment("da_for_kd.table2", "1%", "30%", "mnli")
    assert (found.data.train_share, found.teacher.data.train_share) == (0.01, None)
    # A tenth of the labels is the config's own.
    found = experiment("augpro.table2", "KD")
    assert (found.data.skip_share, found.data.labels) == (0.1, False)
    assert found.teacher.data.train_share == 0.1


def test_all_of_the_data_is_the_same_experiment_as_no_share():
    assert experiment("augpro.figure3", "KD", "100%") == experiment("augpro.table1", "EncT5_8-KD")


def test_a_method_of_a_comparison():
    found = experiment("da_for_kd.table5", "EDA", "20%", "mnli")
    assert found.name == "table5_eda 20 %"
    assert found.method.augment == [{"name": "eda", "degree": 0.2, "soft": 0.5}]
    assert found.train.evaluate_every == 10_000


def test_scores_are_compared_by_their_square():
    classes, numbers = (experiment("ad2.table1", "BERT-PKD", task=task) for task in ("rte", "stsb"))
    assert (classes.method.loss.distance, classes.method.loss.temperature) == ("kl", 10.0)
    assert (numbers.method.loss.distance, numbers.method.loss.temperature) == ("mse", 1.0)
    assert numbers.method.loss.deep == classes.method.loss.deep


FILES = SourceConfig(train_file="train.tsv", dev_file="test.tsv")


def test_gad_is_read_from_files_as_its_config_says():
    data = experiment("da_for_kd.table8", "kNN", "30%", "gad", FILES).data
    assert (data.task, data.text_a, data.protect) == ("custom", "sentence", ["@GENE$", "@DISEASE$"])
    assert (data.train_file, data.dev_file, data.header) == (
        "train.tsv",
        "test.tsv",
        ["sentence", "label"],
    )
    with pytest.raises(InputError, match=r"gad is read from files: give --data\.train_file"):
        experiment("da_for_kd.table8", "kNN", "30%", "gad", GLUE)


def test_variants_are_read_from_the_folder_of_the_task():
    source = SourceConfig(path="GLUE", variants="made")
    found = experiment("mixkd.table1", "BERT_6-FT+BT", source=source)
    assert files_of(found) == [found.data.added_file] == ["made/sst2/back_translation.tsv"]
    found = experiment("augpro.table1", "+BT", source=source)
    assert files_of(found) == ["made/sst2/back_translation.tsv"]
    assert files_of(experiment("mixkd.table1", "BERT_6-FT", source=source)) == []


def test_an_unknown_method_or_config_is_refused():
    exhibit = find_exhibit("da_for_kd.table2")
    with pytest.raises(InputError, match=r"no method '15 %'; it has: 0 %, 10 %"):
        paper_experiment(exhibit, Cell("table2_knn", "15 %"), "mnli", GLUE, CONFIGS)
    with pytest.raises(InputError, match=r"--configs names the folder"):
        paper_experiment(exhibit, Cell("table2_knn", "0 %"), "mnli", GLUE, "nowhere")
