import pytest

from tfaugkd.comparison_training import Student, folder_name
from tfaugkd.config import DeepDistillation, MethodConfig, Objective


@pytest.mark.parametrize(
    ("name", "folder"),
    [("KD", "kd"), ("KD + AugPro-Mix", "kd_augpro-mix"), ("a/b: ../c (T=2.0)", "a_b_c_t_2_0")],
)
def test_the_folder_of_a_method(name, folder):
    assert folder_name(name) == folder


def test_a_student_has_a_name_for_people():
    assert Student("KD + MixUp", 3).title == "KD + MixUp, seed 3"


def test_a_teacher_is_asked_wherever_it_has_something_to_say():
    labels_alone = Objective(soft=0.0)
    assert not MethodConfig(loss=labels_alone).asks_teacher
    assert MethodConfig().asks_teacher
    assert MethodConfig(loss=labels_alone, augment=[{"name": "mixup"}]).asks_teacher
    insides = Objective(soft=0.0, deep=DeepDistillation(hidden=1.0))
    assert MethodConfig(loss=insides).asks_teacher
