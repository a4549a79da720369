import numpy as np
import pytest
from conftest import LENGTH, bert, classified, enc_t5, sentiment

from tfaugkd.augment import build_augmentations
from tfaugkd.augmentation_views import look, look_at_texts
from tfaugkd.classifier import SplitClassifier
from tfaugkd.data.batches import training_batches
from tfaugkd.data.examples import Examples
from tfaugkd.data.inputs import read_inputs
from tfaugkd.distiller import Distiller

METHODS = [
    {"name": "mixup"},
    {"name": "tmix", "student_layer": 1, "teacher_layer": 2},
    {"name": "fgsm", "epsilon": 0.3},
    {"name": "augpro_mix"},
    {"name": "knn", "degree": 0.5, "k": 4},
]


def distiller_of(*entries, dropout=0.0, teacher=None, student=None):
    teacher = SplitClassifier(teacher or bert(layers=3, seed=1, dropout=dropout))
    student = SplitClassifier(student or bert(layers=2, seed=2, dropout=dropout))
    return Distiller(teacher, student, augmentations=build_augmentations(list(entries)))


def batches_of(distiller, texts=16):
    return training_batches(
        sentiment(texts),
        distiller.student.classifier.preprocessor,
        *(8, LENGTH, distiller.augmentations),
    )


@pytest.fixture(scope="module")
def distiller():
    return distiller_of(*METHODS)


@pytest.fixture(scope="module")
def looked(distiller):
    return look(distiller, batches_of(distiller), 12)


def test_as_many_texts_are_looked_at_as_are_asked_for_by_every_method(looked):
    assert list(looked.made) == ["mixup", "tmix", "fgsm", "augpro_mix", "knn"]
    assert looked.labels.shape == (12,)
    for made in (looked.clean, *looked.made.values()):
        assert made.moved.shape == (12,)
        assert made.of_teacher.logits.shape == made.of_student.logits.shape == (12, 2)
        assert made.of_student.states.shape == (12, 8)


def test_both_models_answer_the_texts_as_keras_would_have_it(distiller, looked):
    tokens = read_inputs(next(iter(batches_of(distiller)))[0]).student
    for model, found in (
        (distiller.teacher, looked.clean.of_teacher),
        (distiller.student, looked.clean.of_student),
    ):
        logits = classified(model.classifier, tokens).numpy()
        np.testing.assert_allclose(found.logits[:8], logits, atol=1e-5)
    states = distiller.student.trace(tokens, attention=False).states[-1][:, 0]
    np.testing.assert_allclose(looked.clean.of_student.states[:8], states, atol=1e-5)


def test_how_far_texts_move_is_measured_in_the_students_embeddings(distiller, looked):
    table = distiller.student.table.numpy()
    old, new = looked.clean.token_ids, looked.made["knn"].token_ids
    real = (old != 0)[..., np.newaxis]
    was, now = table[old] * real, table[new] * real
    expected = np.sqrt(((now - was) ** 2).sum((1, 2)) / (was**2).sum((1, 2)))
    np.testing.assert_allclose(looked.made["knn"].moved, expected, rtol=1e-5)
    assert (looked.clean.moved == 0).all()
    for name in ("mixup", "tmix", "fgsm"):
        assert looked.made[name].token_ids is None
        assert (looked.made[name].moved > 0).all()


def test_who_reads_the_original_is_told(looked):
    assert [made.reads_clean for made in looked.made.values()] == [False, False, True, False, False]
    fgsm, clean = looked.made["fgsm"], looked.clean
    np.testing.assert_array_equal(fgsm.of_teacher.logits, clean.of_teacher.logits)
    assert (fgsm.of_student.logits != clean.of_student.logits).any()
    assert (looked.made["mixup"].of_teacher.logits != clean.of_teacher.logits).any()


def test_what_changes_nothing_moves_nothing():
    distiller = distiller_of({"name": "mixup", "weight": 1.0}, {"name": "knn", "degree": 0.0})
    found = look(distiller, batches_of(distiller), 8)
    for made in found.made.values():
        np.testing.assert_allclose(made.moved, 0, atol=1e-6)
        np.testing.assert_allclose(made.of_student.logits, found.clean.of_student.logits, atol=1e-5)


def test_nothing_is_left_behind_in_the_models():
    distiller = distiller_of({"name": "tmix"}, dropout=0.3)
    models = (distiller.teacher.classifier, distiller.student.classifier)
    before = [variable.numpy() for model in models for variable in model.variables]
    look(distiller, batches_of(distiller), 8)
    after = [variable.numpy() for model in models for variable in model.variables]
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)


def test_without_a_teacher_the_student_answers_alone():
    student = bert(layers=1, seed=2)
    found = look(Distiller(None, student, _labels_alone()), batches_of_student(student), 8)
    assert found.made == {}
    assert found.clean.of_teacher is None


def _labels_alone():
    from tfaugkd.config import Objective

    return Objective(soft=0.0)


def batches_of_student(student):
    return training_batches(sentiment(16), student.preprocessor, 8, LENGTH)


def test_the_first_tokens_state_is_taken_where_there_is_no_cls():
    distiller = distiller_of(
        {"name": "random_replacement"}, teacher=enc_t5(), student=enc_t5(seed=1)
    )
    found = look(distiller, batches_of(distiller), 8)
    assert found.made["random_replacement"].of_teacher.states.shape == (8, 8)


def test_rewritten_texts_are_asked_about_likewise(teacher):
    originals = Examples(["good film", "the film was bad", "dull"])
    rewritten = Examples(["great film", "the film was bad", "dull dull"])
    made = look_at_texts(teacher, originals, rewritten, LENGTH, batch_size=2)
    # One of two tokens; none; the second position is new, of two.
    np.testing.assert_allclose(made.degree, [0.5, 0.0, 0.5])
    assert made.moved[1] == 0 < made.moved[0]
    again = look_at_texts(teacher, rewritten, rewritten, LENGTH, batch_size=8)
    np.testing.assert_allclose(made.of_teacher.logits, again.of_student.logits, atol=1e-6)
