import numpy as np
import pytest

from tfaugkd.classifier import SplitClassifier
from tfaugkd.config import StudentConfig
from tfaugkd.errors import InputError
from tfaugkd.presets import load_classifier
from tfaugkd.student import build_student


def test_a_student_of_the_teachers_first_layers(teacher):
    student = build_student(teacher, StudentConfig(layers=1), 2, seed=0)
    assert student.num_layers == 1
    np.testing.assert_array_equal(student.table, teacher.table)
    assert student.classifier.backbone is not teacher.classifier.backbone


def test_a_student_from_a_preset_has_a_new_head_that_depends_on_the_seed(preset):
    one, again, other = (
        build_student(None, StudentConfig(preset=preset), 3, seed) for seed in (0, 0, 1)
    )
    assert one.num_classes == 3
    head = one.classifier.output_dense.kernel.numpy()
    np.testing.assert_array_equal(head, again.classifier.output_dense.kernel)
    assert not np.array_equal(head, other.classifier.output_dense.kernel)


def test_a_student_has_layers_of_a_preset_and_a_head_of_its_own(teacher, preset):
    student = build_student(None, StudentConfig(layers=1, preset=preset, select="top"), 3, seed=0)
    assert (student.num_layers, student.num_classes) == (1, 3)
    layer = student.classifier.backbone.transformer_layers[0]
    its = load_classifier(preset).backbone.transformer_layers[1]
    for one, other in zip(layer.get_weights(), its.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_presets_student_can_have_the_teachers_head(preset):
    big = SplitClassifier(load_classifier(preset))
    config = StudentConfig(layers=1, preset=preset, head="copy")
    student = build_student(big, config, 2, seed=0)
    head, its = (model.classifier.output_dense.kernel for model in (student, big))
    np.testing.assert_array_equal(head, its)
    with pytest.raises(InputError, match=r"student\.head takes what is a teacher's"):
        build_student(None, config, 2, seed=0)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"preset": "x", "select": "skip"},
            "student.select is 'skip', but must be bottom or none without student.layers.",
        ),
        (
            {"layers": 2, "pooling": "mean"},
            "student.pooling is 'mean', but must be left out without student.preset.",
        ),
        ({"layers": 0}, "student.layers is 0, but must be 1 or more."),
    ],
)
def test_a_student_that_makes_no_sense(options, sentence):
    with pytest.raises(InputError) as refused:
        StudentConfig(**options)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (StudentConfig(), "The student comes from nowhere"),
        (StudentConfig(layers=4), "student.layers is 4, but must be from 1 to 3"),
        (StudentConfig(layers=4, select="top"), "student.layers is 4, but must be from 1 to 3"),
        (StudentConfig(preset="/no/such/folder"), "Cannot load a text classifier from '/no/such"),
    ],
)
def test_a_student_that_cannot_be_built(config, message, teacher):
    with pytest.raises(InputError, match=message):
        build_student(teacher, config, 2, seed=0)


def test_layers_of_a_teacher_that_is_not_there():
    with pytest.raises(InputError, match="there is no teacher"):
        build_student(None, StudentConfig(layers=1), 2, seed=0)
