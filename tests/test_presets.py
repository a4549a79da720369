import json
import shutil
from pathlib import Path

import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf
from conftest import FAMILIES, bert, classified, eight, sentiment

from tfaugkd.classifier import SplitClassifier
from tfaugkd.errors import InputError
from tfaugkd.presets import load_classifier, student_from_preset, student_from_teacher

EXAMPLES = sentiment(8)


@pytest.fixture(scope="module", params=FAMILIES)
def deep(request):
    """A frozen teacher of three layers of each family, with dropout."""
    classifier = FAMILIES[request.param](layers=3, num_classes=3, seed=4, dropout=0.1)
    classifier.trainable = False
    return SplitClassifier(classifier)


def states(model, tokens, layer):
    embeddings = model.embed(tokens.token_ids)
    return model.encode(embeddings, *tokens[1:3], to_layer=layer).numpy()


def test_a_student_is_the_teachers_first_layers(deep):
    tokens = eight(EXAMPLES, deep)
    student = SplitClassifier(student_from_teacher(deep.classifier, 2))
    assert student.num_layers == 2
    assert student.num_classes == 3
    for layer in (0, 1, 2):
        assert np.array_equal(states(student, tokens, layer), states(deep, tokens, layer))
    assert not np.array_equal(states(deep, tokens, 2), states(deep, tokens, 3))


def test_a_student_with_all_layers_answers_as_its_teacher(deep):
    tokens = eight(EXAMPLES, deep)
    student = student_from_teacher(deep.classifier, 3)
    assert np.array_equal(classified(student, tokens), classified(deep.classifier, tokens))


def test_a_student_of_a_frozen_teacher_is_trainable_and_has_its_dropout(deep):
    assert not deep.classifier.trainable_variables
    student = student_from_teacher(deep.classifier, 3)
    assert len(student.trainable_variables) == len(deep.classifier.variables) - sum(
        "seed_generator" in variable.path for variable in deep.classifier.variables
    )
    tokens = eight(EXAMPLES, deep)
    once, again = (classified(student, tokens, training=True) for _ in range(2))
    assert not np.array_equal(once, again)


def test_a_student_owns_its_weights_and_its_sequence_length(deep):
    before = [weight.numpy().copy() for weight in deep.classifier.weights]
    student = student_from_teacher(deep.classifier, 2)
    for weight in student.weights:
        weight.assign(tf.ones_like(weight))
    student.preprocessor.sequence_length = 9
    for weight, value in zip(deep.classifier.weights, before, strict=True):
        assert np.array_equal(weight.numpy(), value)
    assert deep.classifier.preprocessor.sequence_length != 9
    assert student.preprocessor.tokenizer is deep.classifier.preprocessor.tokenizer


@pytest.mark.parametrize("layers", [0, 4])
def test_more_layers_than_the_teacher_has_are_refused(teacher, layers):
    with pytest.raises(InputError, match=f"student.layers is {layers}, but must be from 1 to 3"):
        student_from_teacher(teacher.classifier, layers)


@pytest.mark.parametrize(("select", "taken"), [("top", 1), ("skip", 0), ("bottom", 0)])
def test_a_student_can_be_other_layers_of_the_teacher(deep, select, taken):
    tokens = eight(EXAMPLES, deep)
    student = SplitClassifier(student_from_teacher(deep.classifier, 2, select))
    embeddings = deep.embed(tokens.token_ids)
    frame = tokens[1:3]
    entered = deep.encode(embeddings, *frame, to_layer=1)
    # An albert's layers are all the same one.
    shared = isinstance(deep.classifier, keras_hub.models.AlbertTextClassifier)
    expected = deep.encode(entered, *frame, from_layer=1 + taken, to_layer=2 + taken)
    found = student.encode(entered, *frame, from_layer=1, to_layer=2)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert (
        shared
        or taken == 0
        or not np.allclose(found, deep.encode(entered, *frame, from_layer=1, to_layer=2))
    )


def heads(classifier):
    layers = [layer for layer in classifier.layers if layer is not classifier.backbone]
    return [weight.numpy() for layer in layers for weight in layer.weights]


@pytest.mark.parametrize(
    ("select", "head", "copied"),
    [
        ("bottom", "auto", True),
        ("top", "copy", True),
        ("skip", "new", False),
        ("none", "auto", False),
        ("none", "copy", True),
    ],
)
def test_a_students_head_is_copied_or_new(deep, select, head, copied):
    student = student_from_teacher(deep.classifier, 2, select, head)
    kernels = [
        pair
        for pair in zip(heads(student), heads(deep.classifier), strict=True)
        if pair[0].ndim == 2
    ]
    assert len(kernels) in (1, 2)
    assert all(np.array_equal(*pair) == copied for pair in kernels)


def test_a_student_without_the_teachers_weights_has_its_shape_alone(deep):
    student = student_from_teacher(deep.classifier, 2, select="none")
    whole = SplitClassifier(student)
    assert (whole.num_layers, whole.num_classes) == (2, 3)
    assert whole.table.shape == deep.table.shape
    assert not np.array_equal(whole.table, deep.table)


def test_an_unknown_head_is_refused(teacher):
    with pytest.raises(InputError, match=r"student\.head is 'own', but must be one of auto, copy,"):
        student_from_teacher(teacher.classifier, 1, head="own")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Folders with a classifier, an encoder without a head, and an encoder of images."""
    folder = tmp_path_factory.mktemp("presets")
    classifier = bert(layers=1, num_classes=2, seed=9)
    classifier.save_to_preset(str(folder / "classifier"))
    classifier.backbone.save_to_preset(str(folder / "encoder"))
    classifier.preprocessor.tokenizer.save_to_preset(str(folder / "encoder"))
    images = keras_hub.models.ViTBackbone((8, 8, 3), (4, 4), 1, 1, 4, 4)
    keras_hub.models.ViTImageClassifier(images, num_classes=2).save_to_preset(
        str(folder / "images")
    )
    return folder, classifier


def test_a_saved_classifier_comes_back_whole(saved):
    folder, classifier = saved
    loaded = load_classifier(str(folder / "classifier"))
    for one, other in zip(loaded.get_weights(), classifier.get_weights(), strict=True):
        assert np.array_equal(one, other)
    assert loaded.preprocessor.tokenizer.get_vocabulary() == (
        classifier.preprocessor.tokenizer.get_vocabulary()
    )


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_new_head_can_be_put_on_a_saved_classifier(saved, count):
    folder, classifier = saved
    loaded = load_classifier(str(folder / "classifier"), num_classes=count)
    kernel = loaded.output_dense.kernel.numpy()
    assert kernel.shape == (8, count)
    assert not np.array_equal(kernel[:, :1], classifier.output_dense.kernel.numpy()[:, :1])
    table = loaded.backbone.token_embedding.embeddings.numpy()
    assert np.array_equal(table, classifier.backbone.token_embedding.embeddings.numpy())


def test_an_encoder_needs_a_head(saved):
    folder, _ = saved
    assert load_classifier(str(folder / "encoder"), num_classes=2).num_classes == 2
    with pytest.raises(InputError, match=r"encoder.*without a classifier's head; give num_classes"):
        load_classifier(str(folder / "encoder"))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nowhere", "Unknown preset identifier"),
        ("", "has no config.json"),
        ("images", "Unable to find a subclass of TextClassifier"),
    ],
)
def test_a_folder_that_is_no_text_classifier_is_refused_in_a_sentence(saved, name, reason):
    folder, _ = saved
    path = str(folder / name)
    with pytest.raises(InputError) as refused:
        load_classifier(path, num_classes=2)
    message = str(refused.value)
    assert message.startswith(f"Cannot load a text classifier from {path!r}: ")
    assert reason in message
    assert message.endswith("or 'packaged'.")
    assert "\n" not in message


@pytest.mark.filterwarnings("ignore:The object being serialized includes a `lambda`")
def test_code_in_a_preset_is_not_run(saved, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder, _ = saved
    shutil.copytree(folder / "classifier", "model")
    task = json.loads(Path("model/task.json").read_text())
    code = keras.saving.serialize_keras_object(lambda x: __import__("os").mkdir("made"))
    assert code["class_name"] == "__lambda__"
    task["config"]["activation"] = code
    Path("model/task.json").write_text(json.dumps(task))
    with pytest.raises(InputError, match="arbitrary code"):
        load_classifier("model")
    assert not Path("made").exists()


def test_a_name_that_no_preset_has_is_refused_in_a_sentence():
    with pytest.raises(InputError) as refused:
        load_classifier("bert_tiny_enn")
    assert str(refused.value) == (
        "Cannot load a text classifier from 'bert_tiny_enn': Unknown preset identifier. Name a "
        "KerasHub preset, a folder in KerasHub's or Hugging Face's format, or 'packaged'."
    )


@pytest.fixture(scope="module")
def six_layers(tmp_path_factory):
    """A preset with six layers, as DistilBERT has."""
    folder = str(tmp_path_factory.mktemp("distil_bert"))
    whole = FAMILIES["distil_bert"](layers=6, seed=8)
    whole.save_to_preset(folder)
    return folder, whole


@pytest.mark.parametrize(
    ("select", "indices"), [("bottom", [0, 1, 2]), ("top", [3, 4, 5]), ("skip", [0, 2, 4])]
)
def test_a_student_is_three_of_a_presets_six_layers(six_layers, select, indices):
    folder, whole = six_layers
    student = student_from_preset(folder, 3, layers=3, select=select)
    assert student.num_classes == 3
    for layer, index in zip(student.backbone.transformer_layers, indices, strict=True):
        its = whole.backbone.transformer_layers[index]
        for one, other in zip(layer.get_weights(), its.get_weights(), strict=True):
            assert np.array_equal(one, other)


def test_a_preset_is_taken_whole_or_in_its_shape_alone(six_layers):
    folder, whole = six_layers
    for select, copied in (("bottom", True), ("none", False)):
        student = SplitClassifier(student_from_preset(folder, 2, select=select))
        assert student.num_layers == 6
        assert np.array_equal(student.table, SplitClassifier(whole).table) == copied


def test_more_layers_than_a_preset_has_are_refused(six_layers):
    with pytest.raises(
        InputError, match=r"layers is 7, but must be from 1 to 6, .* preset's layers"
    ):
        student_from_preset(six_layers[0], 2, layers=7)
