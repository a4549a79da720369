import numpy as np
import pytest
from conftest import LENGTH, bert, sentiment
from google.protobuf import text_format
from tensorboard.plugins.projector import ProjectorConfig

from tfaugkd.augment import build_augmentations
from tfaugkd.data.batches import training_batches
from tfaugkd.distiller import Distiller
from tfaugkd.tensorboard import StateProjector


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    logs = tmp_path_factory.mktemp("logs")
    teacher, student = bert(layers=2, seed=1, width=16), bert(layers=1, seed=2)
    methods = build_augmentations([{"name": "random_replacement"}, {"name": "fgsm"}])
    distiller = Distiller(teacher, student, augmentations=methods)
    data = training_batches(sentiment(32), student.preprocessor, 8, LENGTH, methods)
    projector = StateProjector(logs, data, 5, ("negative", "positive"))
    projector.set_model(distiller)
    projector.on_train_end()
    return logs / "projector"


def test_the_configuration_names_files_that_are_there(folder):
    config = text_format.Parse((folder / "projector_config.pbtxt").read_text(), ProjectorConfig())
    assert [one.tensor_path for one in config.embeddings] == [
        "student_states.tsv",
        "teacher_states.tsv",
    ]
    for embedding in config.embeddings:
        assert (folder / embedding.tensor_path).is_file()
        assert (folder / embedding.metadata_path).is_file()


def test_every_point_has_a_line_about_it(folder):
    # The teacher of fgsm reads the original, which is there already.
    for model, width, points in (("student", 8, 15), ("teacher", 16, 10)):
        states = np.loadtxt(folder / f"{model}_states.tsv", delimiter="\t")
        assert states.shape == (points, width)
        head, *lines = (folder / f"{model}_texts.tsv").read_text().splitlines()
        assert head == "made by\tlabel\tanswer\ttext"
        assert len(lines) == points
        assert {len(line.split("\t")) for line in lines} == {4}
    made_by = [line.split("\t")[0] for line in lines]
    assert made_by == ["real"] * 5 + ["random_replacement"] * 5


def test_lines_tell_label_answer_and_text(folder):
    lines = [line.split("\t") for line in (folder / "student_texts.tsv").read_text().splitlines()]
    real, fgsm = lines[1:6], lines[11:]
    texts = sentiment(32).text_a
    assert all(text in texts for *_, text in real)
    assert {label for _, label, _, _ in real} <= {"negative", "positive"}
    assert {answer for _, _, answer, _ in real} <= {"negative", "positive"}
    assert [line[3] for line in fgsm] == ["(no text)"] * 5
    assert [line[1] for line in fgsm] == [line[1] for line in real]
