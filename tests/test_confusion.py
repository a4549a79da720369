from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from conftest import LENGTH, bert, sentiment
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tfaugkd.confusion import confusion_counts, confusion_of, draw_confusion
from tfaugkd.data.examples import Examples
from tfaugkd.errors import InputError
from tfaugkd.tensorboard.confusion import ConfusionMatrix, write_confusion

LABELS = np.array([0, 0, 1, 2])
LOGITS = np.array([[2, 1, 0], [0, 1, 0], [0, 3, 0], [0, 3, 1.0]])


def test_rows_are_labels_and_columns_answers():
    expected = [[1, 1, 0], [0, 1, 0], [0, 1, 0]]
    np.testing.assert_array_equal(confusion_counts(LABELS, LOGITS), expected)
    assert confusion_of(LABELS, LOGITS) == expected
    assert confusion_of(LABELS, LOGITS[:, :1]) == []


@pytest.mark.parametrize("size", [2, 25])
def test_a_picture_is_a_png(size):
    picture = draw_confusion(np.eye(size, dtype=int), "student")
    assert picture.startswith(b"\x89PNG")


def images(folder):
    accumulator = EventAccumulator(str(folder / "confusion"), size_guidance={"tensors": 0})
    accumulator.Reload()
    tags = accumulator.Tags()["tensors"]
    return {
        tag: {event.step: event.tensor_proto.string_val for event in accumulator.Tensors(tag)}
        for tag in tags
    }


def test_tensorboard_gets_a_picture_for_each_step(tmp_path):
    for step in (3, 6):
        write_confusion(tmp_path, "teacher", LABELS, LOGITS, ("a", "b", "c"), step)
    found = images(tmp_path)
    assert list(found) == ["confusion/teacher"]
    assert list(found["confusion/teacher"]) == [3, 6]
    # Width, height and the PNG.
    assert found["confusion/teacher"][3][2].startswith(b"\x89PNG")


def test_a_model_that_trains_is_drawn_after_each_epoch(tmp_path):
    trains = SimpleNamespace(optimizer=SimpleNamespace(iterations=tf.Variable(5)))
    callback = ConfusionMatrix(tmp_path, sentiment(8), bert(layers=1), LENGTH)
    callback.set_model(trains)
    callback.on_epoch_end(0)
    assert list(images(tmp_path)["confusion/student"]) == [5]


def test_logits_that_are_there_are_taken(tmp_path):
    examples = Examples(["a"] * 4, labels=LABELS, label_names=("a", "b", "c"))
    callback = ConfusionMatrix(tmp_path, examples, bert(layers=1), logits=lambda: LOGITS)
    assert callback.logits() is LOGITS


@pytest.mark.parametrize(
    "examples",
    [
        Examples(["a"]),
        Examples(["a"], labels=np.array([0.5], np.float32)),
        Examples(["a"], labels=np.array([-1], np.int32), label_names=("no", "yes")),
    ],
)
def test_texts_without_classes_are_refused(examples, tmp_path):
    with pytest.raises(InputError, match="labelled with classes"):
        ConfusionMatrix(tmp_path, examples, bert(layers=1))
