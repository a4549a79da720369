import numpy as np
import pytest
from conftest import LENGTH, bert, roberta, sentiment, tokens_of

from tfaugkd.augment import build_augmentations
from tfaugkd.augmentation_examples import (
    Span,
    examples_of,
    label_of,
    marked_changes,
    words_of,
)
from tfaugkd.augmentation_views import Answers, Looked, Made
from tfaugkd.classifier import SplitClassifier


def made(texts, logits, degree=None, moved=0.0, reads_clean=False, student=None):
    """Eight texts as something made them, with given answers."""
    ids = None if texts is None else tokens_of(*texts).token_ids.numpy()
    states = np.zeros([8, 4])
    of_student = Answers(np.array(logits if student is None else student, float), states)
    degrees = None if degree is None else np.full(8, degree)
    moves = np.full(8, moved)
    return Made(
        ids, degrees, moves, of_student, Answers(np.array(logits, float), states), reads_clean
    )


@pytest.fixture
def looked():
    first = ["[CLS] the film was good [SEP]"]
    texts = first + [f"[CLS] {word} [SEP]" for word in ("plot", "actor", "scene") * 2 + ("it",)]
    yes, no = [0.0, np.log(3.0)], [np.log(3.0), 0.0]
    changed = ["[CLS] the movie was bad [SEP]", *texts[1:]]
    return Looked(
        labels=np.array([1, 0, -1, 0, 0, 0, 0, 0]),
        clean=made(texts, [yes] * 8),
        made={
            "knn": made(changed, [no] + [yes] * 7, degree=0.5, moved=0.25),
            "mixup": made(None, [yes] * 8, moved=0.5),
            "fgsm": made(None, [yes] * 8, moved=0.1, reads_clean=True, student=[no] * 8),
        },
    )


@pytest.fixture
def found(looked, student):
    methods = build_augmentations([{"name": n} for n in ("mixup", "fgsm")])
    return examples_of(looked, student, methods, ("negative", "positive"), texts=3)


def test_each_text_has_an_example_of_each_method(found):
    assert [[one.method for one in of_text] for of_text in found] == [["knn", "mixup", "fgsm"]] * 3
    assert [of_text[0].label for of_text in found] == ["positive", "negative", ""]


def test_changes_are_marked_and_labels_that_flip_are_told(found):
    knn, mixup, fgsm = found[0]
    assert knn.original == (
        *(Span("the", False), Span("film", True), Span("was", False), Span("good", True)),
    )
    assert knn.made[1] == Span("movie", True)
    assert knn.before == pytest.approx((0.25, 0.75))
    assert knn.after == pytest.approx((0.75, 0.25))
    assert (knn.flips, knn.reader, knn.degree, knn.moved) == (True, "teacher", 0.5, 0.25)
    assert not found[1][0].flips
    assert (mixup.made, mixup.flips, mixup.degree) == ((), False, None)
    assert mixup.original == (Span("the film was good", False),)
    # Its teacher reads the original, so that the student is asked.
    assert (fgsm.reader, fgsm.flips) == ("student", True)


def test_who_was_mixed_in_is_named(found):
    # Rotation 1: each with the next of its eight.
    assert [of_text[1].partner for of_text in found] == ["plot", "actor", "scene"]
    assert [of_text[0].partner for of_text in found] == ["", "", ""]


def test_scores_have_no_classes(looked, student):
    scores = [[0.5]] * 8
    clean, changed = made(["[CLS] it [SEP]"] * 8, scores), made(None, [[0.75]] * 8)
    regression = Looked(np.full(8, 2.5, np.float32), clean, {"mixup": changed})
    ((example,), *_) = examples_of(regression, student, [], texts=1)
    assert (example.before, example.after, example.flips) == ((0.5,), (0.75,), False)
    assert example.label == "2.5"


def test_marks_follow_the_longest_common_runs():
    original, new = list("abcde"), list("axcef")
    assert marked_changes(original, new) == (
        (Span("a", False), Span("b", True), Span("c", False), Span("d", True), Span("e", False)),
        (Span("a", False), Span("x", True), Span("c e", False), Span("f", True)),
    )
    assert marked_changes([], []) == ((), ())


def test_tokens_are_written_as_words_with_what_divides_a_pair(student):
    ids = tokens_of("[CLS] un ##likely plot ! [SEP] a film [SEP]", "[CLS] [SEP]").token_ids.numpy()
    assert words_of(student, ids) == [["unlikely", "plot", "!", "[SEP]", "a", "film"], []]


def test_words_of_byte_pairs_have_no_marks():
    model = SplitClassifier(roberta())
    preprocessor = model.classifier.preprocessor
    preprocessor.sequence_length = LENGTH
    ids = preprocessor(["good bad film"])["token_ids"].numpy()
    assert words_of(model, ids) == [["good", "bad", "film"]]


@pytest.mark.parametrize(
    ("label", "names", "expected"),
    [
        (np.int32(1), ("no", "yes"), "yes"),
        (np.int32(-1), ("no", "yes"), ""),
        (np.int32(1), (), "1"),
        (np.float32(np.nan), (), ""),
        (np.float32(-1), (), "-1"),
        (np.float32(2.5), (), "2.5"),
    ],
)
def test_labels_are_spelled(label, names, expected):
    assert label_of(label, names) == expected


def test_real_tokens_come_back_as_they_were_written(student):
    texts = sentiment(8).text_a
    preprocessor = bert().preprocessor
    ids = preprocessor(texts)["token_ids"].numpy()
    assert [" ".join(words) for words in words_of(student, ids)] == texts
