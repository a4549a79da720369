import json

import keras
import numpy as np
import pytest
from conftest import LENGTH, bert, sentiment
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tfaugkd.augment import build_augmentations
from tfaugkd.data.batches import training_batches
from tfaugkd.distiller import Distiller
from tfaugkd.tensorboard import AugmentedExamples

NAMES = ("negative", "positive")


def trained(*callbacks_of, entries=({"name": "knn", "degree": 0.5, "k": 4}, {"name": "tmix"})):
    """Trains for four steps with dropout on; gives the student's weights."""
    teacher = bert(layers=2, seed=1, dropout=0.2)
    student = bert(layers=2, seed=2, dropout=0.2)
    methods = build_augmentations(list(entries))
    distiller = Distiller(teacher, student, augmentations=methods)
    distiller.compile(keras.optimizers.SGD(0.1), jit_compile=False)
    data = training_batches(sentiment(32), student.preprocessor, 8, LENGTH, methods)
    callbacks = [make(data) for make in callbacks_of]
    distiller.fit(data, steps_per_epoch=4, verbose=0, callbacks=callbacks)
    return [weight.numpy() for weight in student.weights]


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    """What the pages hold after a run with one each two steps; and the student's weights."""
    folder = tmp_path_factory.mktemp("logs")
    weights = trained(lambda data: AugmentedExamples(folder, data, 3, every=2, label_names=NAMES))
    return folder, weights


def pages(folder):
    accumulator = EventAccumulator(str(folder / "augmentation"), size_guidance={"tensors": 0})
    accumulator.Reload()
    return {
        tag: {
            event.step: event.tensor_proto.string_val[0].decode()
            for event in accumulator.Tensors(tag)
        }
        for tag in accumulator.Tags()["tensors"]
    }


def test_there_is_a_page_of_each_method_at_the_start_at_chosen_steps_and_at_the_end(logged):
    found = pages(logged[0])
    assert sorted(found) == ["augmented/knn", "augmented/tmix"]
    assert list(found["augmented/knn"]) == [0, 2, 4]
    for page in found["augmented/knn"].values():
        summary, _, head, _, *lines = page.splitlines()
        assert "of the tokens changed" in summary
        assert head == "| Label | Original | Augmented | teacher before | teacher after |"
        assert len(lines) == 3
        assert any("**" in line for line in lines)
    assert "no text; moved by" in found["augmented/tmix"][4]


def test_pages_show_the_same_texts_each_time(logged):
    originals = [
        [line.split(" | ")[1].replace("*", "") for line in page.splitlines()[4:]]
        for page in pages(logged[0])["augmented/knn"].values()
    ]
    assert originals[0] == originals[1] == originals[2]


def test_the_last_page_is_kept_for_the_report(logged):
    found = json.loads((logged[0] / "examples.json").read_text())
    assert (found["step"], found["label_names"]) == (4, list(NAMES))
    assert [[one["method"] for one in text] for text in found["texts"]] == [["knn", "tmix"]] * 3
    assert set(found["texts"][0][0]["original"][0]) == {"text", "changed"}


def test_training_goes_on_as_if_nobody_had_looked(logged):
    for watched, alone in zip(logged[1], trained(), strict=True):
        np.testing.assert_array_equal(watched, alone)


def test_without_augmentations_there_is_no_page(tmp_path):
    trained(lambda data: AugmentedExamples(tmp_path, data), entries=())
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_goes_on_has_its_first_page_already(tmp_path):
    callback = AugmentedExamples(tmp_path, None)
    assert callback.get_state() == {"written_at": -1}
    callback.set_state({"written_at": 4})
    callback.on_train_batch_begin(0)
    assert list(tmp_path.iterdir()) == []
