from pathlib import Path

import pytest

from tfaugkd.errors import InputError
from tfaugkd.reproduce import plan as module
from tfaugkd.reproduce.config import ReproduceConfig, SmallConfig, SourceConfig
from tfaugkd.reproduce.exhibits import find_exhibit
from tfaugkd.reproduce.plan import Place, make_plan

CONFIGS = str(Path(__file__).parents[1] / "configs")


@pytest.fixture(autouse=True)
def no_files(monkeypatch):
    monkeypatch.setattr(module, "training_ids", lambda data: list(range(5000)))


def plan(name, tasks="sst2", **changed):
    config = ReproduceConfig(
        exhibit=name, tasks=tasks, configs=CONFIGS, **({"data": SourceConfig("GLUE")} | changed)
    )
    return make_plan(find_exhibit(name), config)


def test_rows_that_share_all_but_their_method_are_one_comparison():
    found = plan("augpro.table1", "sst2,rte")
    assert [each.students.data.task for each in found.comparisons] == ["sst2", "rte"]
    job = found.comparisons[0].students
    assert list(job.methods)[:3] == ["table1_finetuned", "table1_kd", "table1_knn"]
    assert (len(job.methods), job.baseline, job.split) == (10, "table1_kd", "dev")
    assert set(found.teachers) == {
        Place(task, "EncT5_24-FT (354M)", "") for task in ("sst2", "rte")
    }
    assert found.teachers[Place("sst2", "EncT5_24-FT (354M)", "")].output == job.teacher
    assert set(found.left_out) == {Place(task, "+BT", "") for task in ("sst2", "rte")}


def test_tables_share_their_runs():
    first, sixth = plan("augpro.table1"), plan("augpro.table6")
    assert first.comparisons[0].students.output == sixth.comparisons[0].students.output
    assert first.folder != sixth.folder
    curves = plan("augpro.figure3")
    outputs = [each.students.output for each in curves.comparisons]
    assert len(set(outputs)) == len({each.teacher.output for each in curves.comparisons}) == 4
    assert outputs[-1] == first.comparisons[0].students.output


def test_papers_share_the_teacher_of_the_small_scale_alone():
    for scale, count in (("small", 1), ("paper", 3)):
        names = ("augpro.table1", "mixkd.table1", "da_for_kd.table4")
        teachers = [plan(name, scale=scale).comparisons[0].teacher.output for name in names]
        assert len(set(teachers)) == count


def test_a_size_of_the_data_is_a_comparison_with_the_same_teacher():
    found = plan("da_for_kd.table2", "mnli")
    assert [each.students.data.train_examples for each in found.comparisons] == [20, 40, 200, 2000]
    assert {each.students.baseline for each in found.comparisons} == {"table2_knn 0 %"}
    assert len({each.teacher.output for each in found.comparisons}) == 1


def test_another_scale_seed_or_model_is_another_run():
    one = plan("augpro.table4").comparisons[0].students
    paper = plan("augpro.table4", scale="paper").comparisons[0].students
    assert Path(one.output).parents[2].name == "small"
    assert Path(paper.output).parents[2].name == "paper"
    assert one.methods["table4_epsilon_100"] != paper.methods["table4_epsilon_100"]


def test_students_of_two_sizes_have_a_baseline_each():
    found = plan("mixkd.table1")
    jobs = [each.students for each in found.comparisons]
    assert [job.baseline for job in jobs] == ["table1_bert6_finetuned", "table1_bert3_finetuned"]
    assert found.left_out[Place("sst2", "DistilBERT_6", "")].startswith("quoted from")
    assert "back_translation.tsv" in found.left_out[Place("sst2", "BERT_3-FT+BT", "")]


def test_rows_with_files_are_run_where_these_are(tmp_path):
    (tmp_path / "sst2").mkdir()
    (tmp_path / "sst2" / "back_translation.tsv").write_text("id\tsentence\n")
    found = plan("augpro.table1", data=SourceConfig("GLUE", variants=str(tmp_path)))
    assert found.left_out == {}
    assert len(found.comparisons[0].students.methods) == 11


def test_files_that_can_be_written_are(tmp_path):
    found = plan("da_for_kd.figure3", "mnli", output=str(tmp_path))
    (four, eight) = found.made
    assert four == str(tmp_path / "small" / "da_for_kd" / "mnli" / "knn_4x.tsv")
    assert (found.made[eight].makes, found.made[eight].copies) == ("knn", 8)
    (job,) = (each.students for each in found.comparisons)
    assert job.methods["table1_knn_4x"].augment[0]["file"] == four


def test_what_has_no_counterpart_is_left_out():
    found = plan("ad2.table5")
    assert found.left_out[Place("sst2", "BERT_24 + KD", "")] == (
        "there is nothing like it at the scale small"
    )
    assert plan("ad2.table5", scale="paper").left_out == {}


def test_some_rows_only():
    found = plan("augpro.table1", rows=["+MixUp", "EncT5_8-KD"])
    assert [place.row for place in found.experiments] == ["EncT5_8-KD", "+MixUp"]
    with pytest.raises(InputError, match=r"rows names '\+Mixup', but the rows of augpro\.table1"):
        plan("augpro.table1", rows=["+Mixup"])


def test_tasks_are_those_that_are_there(tmp_path):
    for name in ("RTE", "SST-2"):
        (tmp_path / name).mkdir()
    found = plan("augpro.table1", None, data=SourceConfig(str(tmp_path)))
    assert found.tasks == ["sst2", "rte"]
    with pytest.raises(InputError, match=r"None of the tasks of da_for_kd\.table5 \(mnli\)"):
        plan("da_for_kd.table5", None, data=SourceConfig(str(tmp_path)))


def test_a_table_of_which_nothing_can_be_run_is_refused():
    with pytest.raises(InputError, match=r"Nothing of mixkd\.table5 can be run; sst2, BERT_6-TMKD"):
        plan("mixkd.table5")


def test_there_are_no_more_texts_than_the_task_has():
    job = plan("augpro.table4", small=SmallConfig(examples=9000)).comparisons[0].students
    # Nine tenths of all, without labels.
    assert (job.data.skip_examples, job.data.train_examples) == (500, 4500)
