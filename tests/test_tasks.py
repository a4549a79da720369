import pytest

from tfaugkd.data.tasks import TASKS, find_task
from tfaugkd.errors import InputError

_METRICS = {"accuracy", "f1", "matthews_correlation", "pearson", "spearmanr"}


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("sst2", "sst2"),
        ("SST-2", "sst2"),
        ("sst_2", "sst2"),
        ("glue/sst2", "sst2"),
        ("GLUE/SST-2", "sst2"),
        ("MNLI", "mnli"),
        ("STS-B", "stsb"),
        ("sts_b", "stsb"),
        ("CoLA", "cola"),
        ("Reviews", "reviews"),
        ("custom", "custom"),
    ],
)
def test_names_are_spelled_freely(spelling: str, name: str):
    assert find_task(spelling).name == name


def test_unknown_name_lists_tasks_and_the_nearest():
    with pytest.raises(InputError, match=r"Unknown task: 'sst3'. Did you mean 'sst2'\?.* wnli"):
        find_task("sst3")


def test_all_of_glue_is_there():
    glue = {name for name, task in TASKS.items() if task.glue_folder}

    assert glue == {"ax", "cola", "sst2", "mrpc", "stsb", "qqp", "mnli", "qnli", "rte", "wnli"}


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("mnli", ("entailment", "neutral", "contradiction")),
        ("rte", ("entailment", "not_entailment")),
        ("wnli", ("not_entailment", "entailment")),
        ("stsb", ()),
    ],
)
def test_labels_are_in_the_order_of_tfds(name: str, labels: tuple[str, ...]):
    assert TASKS[name].label_names == labels


def test_only_stsb_of_glue_is_regression():
    assert [n for n, t in TASKS.items() if t.regression and n != "custom"] == ["stsb"]


def test_metrics_are_known_names():
    assert {metric for task in TASKS.values() for metric in task.metrics} == _METRICS


def test_tasks_can_be_keys():
    assert len(set(TASKS.values())) == len(TASKS)


def test_table_equals_the_one_of_tfds():
    glue = pytest.importorskip("tensorflow_datasets.text.glue")
    theirs = {config.name: config for config in glue.Glue.BUILDER_CONFIGS}

    for task in TASKS.values():
        if task.tfds_name is None:
            continue
        config = theirs[task.tfds_name.removeprefix("glue/")]
        assert tuple(config.label_classes or ()) == task.label_names
        assert tuple(config.text_features) == (task.tfds_texts or task.texts)
        if task.name not in ("cola", "ax"):  # Files without a header, and without labels.
            assert config.label_column == task.label
        if task.name not in ("mrpc", "ax"):  # Their files come from elsewhere.
            assert config.data_dir == task.glue_folder
            assert tuple(config.text_features.values()) == task.texts
