import keras_hub
import numpy as np
import pytest
import tensorflow as tf
from conftest import FAMILIES, bert, classified, eight, sentiment

from tfaugkd.classifier import SplitClassifier
from tfaugkd.errors import InputError
from tfaugkd.presets import copy_preprocessor, load_classifier, student_from_teacher

EXAMPLES = sentiment(8)


@pytest.fixture(scope="module", params=FAMILIES)
def deep(request):
    """A frozen teacher of three layers of each family, with dropout."""
    classifier = FAMILIES[request.param](layers=3, num_classes=3, seed=4, dropout=0.1)
    classifier.trainable = False
    return SplitClassifier(classifier)


def states(model, tokens, layer):
    embeddings = model.embed(tokens.token_ids)
    return model.encode(embeddings, *tokens[1:], to_layer=layer).numpy()


def test_a_student_is_the_teachers_first_layers(deep):
    tokens = eight(EXAMPLES, deep)
    student = SplitClassifier(student_from_teacher(deep.classifier, 2))
    assert student.num_layers == 2
    assert student.num_classes == 3
    for layer in (0, 1, 2):
        assert np.array_equal(states(student, tokens, layer), states(deep, tokens, layer))
    assert not np.array_equal(states(deep, tokens, 2), states(deep, tokens, 3))


def test_a_students_head_is_the_teachers(deep):
    student = student_from_teacher(deep.classifier, 1)
    teacher = deep.classifier
    heads = [(student.output_dense, teacher.output_dense)]
    pooled = [
        getattr(c, "pooled_dense", None) or c.backbone.pooled_dense for c in (student, teacher)
    ]
    for own, its in [*heads, tuple(pooled)]:
        for one, other in zip(own.get_weights(), its.get_weights(), strict=True):
            assert np.array_equal(one, other)


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


def test_a_copied_preprocessor_reads_the_same(teacher):
    own = teacher.classifier.preprocessor
    copy = copy_preprocessor(own)
    assert copy is not own
    assert copy.get_config()["sequence_length"] == own.sequence_length
    assert copy.truncate == own.truncate
    assert np.array_equal(copy("a good film")["token_ids"], own("a good film")["token_ids"])


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


def test_a_name_that_no_preset_has_is_refused_in_a_sentence():
    with pytest.raises(InputError) as refused:
        load_classifier("bert_tiny_enn")
    assert str(refused.value) == (
        "Cannot load a text classifier from 'bert_tiny_enn': Unknown preset identifier. Name a "
        "KerasHub preset, a folder in KerasHub's or Hugging Face's format, or 'packaged'."
    )
