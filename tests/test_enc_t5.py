import subprocess
import sys

import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf
from conftest import LENGTH, bert, enc_t5, randomise, sentiment, t5_tokenizer

from tfaugkd.augment.augpro import augpro_mix
from tfaugkd.classifier import SplitClassifier
from tfaugkd.config import Objective
from tfaugkd.data.batches import training_batches
from tfaugkd.distiller import Distiller
from tfaugkd.enc_t5 import EncT5Backbone, EncT5TextClassifier, EncT5TextClassifierPreprocessor
from tfaugkd.errors import InputError
from tfaugkd.presets import load_classifier, student_from_teacher

IDS = np.array([[5, 3, 9, 1, 0, 0], [4, 1, 0, 0, 0, 0], [7, 8, 3, 6, 4, 1]], np.int32)
MASK = (IDS != 0).astype(np.int32)
INPUTS = {"token_ids": IDS, "padding_mask": MASK}


def t5(layers=2, tied=False):
    backbone = keras_hub.models.T5Backbone(
        vocabulary_size=40,
        num_layers=layers,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        key_value_dim=3,
        activation="gelu",
        tie_embedding_weights=tied,
    )
    return randomise(backbone, 1)


def t5_inputs():
    return {
        "encoder_token_ids": IDS,
        "encoder_padding_mask": MASK,
        "decoder_token_ids": np.zeros((3, 1), np.int32),
        "decoder_padding_mask": np.ones((3, 1), np.int32),
    }


def test_its_encoder_is_t5s():
    for tied in (False, True):
        whole = t5(tied=tied)
        states = EncT5Backbone.from_t5(whole)(INPUTS)["sequence_output"]
        expected = whole(t5_inputs())["encoder_sequence_output"]
        np.testing.assert_allclose(states, expected, atol=1e-6)
        assert np.std(expected) > 0.1


def test_its_decoder_is_t5s_first_without_attention_to_itself():
    # T5 reads the query as the embedding of its first token, with one decoder layer and with its
    # attention to itself adding nothing.
    whole = t5(layers=1)
    self_attention = whole.decoder_transformer_layers[0].self_attention
    self_attention.output_projector.kernel.assign(tf.zeros((6, 8)))
    table = whole.token_embedding.embeddings.numpy()
    made = EncT5Backbone.from_t5(whole)
    table[0] = made.pool.query.numpy()[0]
    whole.token_embedding.embeddings.assign(table)
    expected = whole(t5_inputs())["decoder_sequence_output"][:, 0]
    np.testing.assert_allclose(made(INPUTS)["pooled_output"], expected, atol=1e-5)
    assert np.std(expected, axis=0).min() > 1e-3


def test_a_mean_is_taken_over_real_tokens():
    outputs = EncT5Backbone.from_t5(t5(), "mean")(INPUTS)
    states = outputs["sequence_output"].numpy()
    expected = [states[0, :4].mean(0), states[1, :2].mean(0), states[2].mean(0)]
    np.testing.assert_allclose(outputs["pooled_output"], expected, atol=1e-6)


def test_the_query_is_new_and_the_rest_is_trainable_even_of_a_frozen_t5():
    frozen = t5()
    frozen.trainable = False
    keras.utils.set_random_seed(1)
    one, other = EncT5Backbone.from_t5(frozen), EncT5Backbone.from_t5(frozen)
    assert not np.array_equal(one.pool.query, other.pool.query)
    assert len(one.trainable_variables) == len(one.weights)
    kernel = one.pool.output_projector.kernel
    np.testing.assert_array_equal(
        kernel, frozen.decoder_transformer_layers[0].output_projector.kernel
    )


def test_the_small_one_has_the_size_that_augpro_prints():
    # T5 1.1 small, worked out by hand: 16,449,536 for words, 192 for positions, 8 layers of
    # 2,360,320, 512 for the norm, 2,361,344 for the decoder; AugPro's Table 1 says 37M.
    small = EncT5Backbone(32128, 8, 6, 512, 1024, key_value_dim=64, activation="gelu")
    assert small.count_params() == 37_694_144


def test_an_unknown_pooling_is_refused():
    with pytest.raises(InputError, match=r"pooling is 'max', but must be one of decoder, mean\."):
        EncT5Backbone(40, 1, 2, 8, 16, pooling="max")


def pieces(rows):
    words = t5_tokenizer().get_vocabulary()
    return [" ".join(words[i] for i in row if i).replace("▁", "") for row in np.asarray(rows)]


def test_texts_and_pairs_are_read_as_t5_reads_them():
    preprocessor = EncT5TextClassifierPreprocessor(t5_tokenizer(), sequence_length=8)
    single = preprocessor(["good film", "bad"])
    assert sorted(single) == ["padding_mask", "token_ids"]
    assert pieces(single["token_ids"]) == ["good film </s>", "bad </s>"]
    np.testing.assert_array_equal(
        np.asarray(single["padding_mask"]).astype(int), [[1] * 3 + [0] * 5, [1] * 2 + [0] * 6]
    )
    pair = preprocessor((["good film", "bad"], ["very", "the plot"]), y=None)
    assert pieces(pair["token_ids"]) == ["good film </s> very </s>", "bad </s> the plot </s>"]


def test_long_texts_are_cut_and_their_ends_stay():
    preprocessor = EncT5TextClassifierPreprocessor(t5_tokenizer(), sequence_length=4)
    assert pieces(preprocessor(["good film was very dull"])["token_ids"]) == ["good film was </s>"]
    pair = preprocessor((["good film was"], ["very dull"]), y=None)["token_ids"]
    assert pieces(pair) == ["good </s> very </s>"]


def test_a_pipeline_reads_as_a_call_does():
    preprocessor = EncT5TextClassifierPreprocessor(t5_tokenizer(), sequence_length=8)
    texts = (["good film", "bad"], ["very", "the plot"])
    dataset = tf.data.Dataset.from_tensors(texts).map(lambda *x: preprocessor(x, y=None))
    (found,) = dataset
    for name, rows in preprocessor(texts, y=None).items():
        np.testing.assert_array_equal(found[name], rows)


@pytest.mark.parametrize("pooling", ["decoder", "mean"])
def test_it_is_saved_and_comes_back(pooling, tmp_path):
    classifier = enc_t5(num_classes=3, pooling=pooling)
    classifier.save_to_preset(str(tmp_path))
    loaded = keras_hub.models.TextClassifier.from_preset(str(tmp_path))
    assert type(loaded) is EncT5TextClassifier
    assert loaded.backbone.pooling == pooling
    texts = ["good film", "bad"]
    expected = classifier(classifier.preprocessor(texts))
    np.testing.assert_array_equal(loaded(loaded.preprocessor(texts)), expected)


def test_a_student_of_it_is_saved_and_comes_back(tmp_path):
    student = student_from_teacher(enc_t5(layers=3), 2, select="top")
    student.save_to_preset(str(tmp_path))
    loaded = load_classifier(str(tmp_path))
    assert SplitClassifier(loaded).num_layers == 2
    for one, other in zip(loaded.weights, student.weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_it_keeps_its_weights_in_one_file(tmp_path):
    classifier = enc_t5()
    classifier.save(tmp_path / "a.keras")
    loaded = keras.saving.load_model(tmp_path / "a.keras")
    for one, other in zip(loaded.weights, classifier.weights, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.fixture(scope="module")
def t5_preset(tmp_path_factory):
    """A T5 in the way that KerasHub's presets hold it."""
    folder = str(tmp_path_factory.mktemp("t5"))
    whole = t5()
    whole.save_to_preset(folder)
    tokenizer = t5_tokenizer()
    tokenizer.save_to_preset(folder)
    return folder, whole


@pytest.mark.parametrize("pooling", [None, "decoder", "mean"])
def test_a_t5_preset_becomes_one_with_a_new_head(t5_preset, pooling):
    folder, whole = t5_preset
    loaded = load_classifier(folder, num_classes=3, pooling=pooling)
    assert type(loaded) is EncT5TextClassifier
    assert loaded.num_classes == 3
    assert loaded.backbone.pooling == (pooling or "decoder")
    np.testing.assert_array_equal(
        loaded.backbone.token_embedding.embeddings, whole.token_embedding.embeddings
    )
    logits = SplitClassifier(loaded).classifier(loaded.preprocessor(["good film", "bad"]))
    assert logits.shape == (2, 3)


def test_a_t5_preset_has_no_head(t5_preset):
    with pytest.raises(InputError, match="give num_classes to put a new one on it"):
        load_classifier(t5_preset[0])


@pytest.mark.parametrize("classifier", [bert(layers=1), enc_t5(layers=1)], ids=["bert", "enc_t5"])
def test_pooling_is_for_t5_presets(classifier, tmp_path):
    classifier.save_to_preset(str(tmp_path))
    with pytest.raises(InputError) as refused:
        load_classifier(str(tmp_path), num_classes=2, pooling="mean")
    assert str(refused.value) == (
        f"pooling is 'mean', but {str(tmp_path)!r} is no T5 of which an EncT5 could be made; "
        "leave it out."
    )


def test_its_specials_are_neither_replaced_nor_produced():
    vocabulary = SplitClassifier(enc_t5(layers=1)).vocabulary
    words = t5_tokenizer().get_vocabulary()
    assert {words[i] for i in np.flatnonzero(vocabulary.special)} == {"<pad>", "</s>"}
    assert not (vocabulary.producible & vocabulary.special).any()
    assert vocabulary.producible[words.index("▁good")]


def test_it_learns_and_is_distilled_with_augpro_mix():
    teacher = enc_t5(layers=2, seed=1)
    data = training_batches(sentiment(64), teacher.preprocessor, 16, LENGTH)
    tuned = Distiller(None, teacher, Objective(soft=0.0))
    tuned.compile(keras.optimizers.Adam(0.01), metrics=["accuracy"], jit_compile=False)
    log = tuned.fit(data, epochs=2, steps_per_epoch=80, verbose=0).history
    assert log["accuracy"][-1] > 0.95
    student = student_from_teacher(teacher, 1)
    mix = [augpro_mix()]
    data = training_batches(sentiment(64), student.preprocessor, 16, LENGTH, mix)
    distiller = Distiller(teacher, student, augmentations=mix)
    distiller.compile(keras.optimizers.Adam(0.01), jit_compile=False)
    log = distiller.fit(data, epochs=2, steps_per_epoch=20, verbose=0).history
    assert log["augpro_mix_degree"][0] > 0.05
    assert log["augpro_mix_distillation_loss"][1] < 0.9 * log["augpro_mix_distillation_loss"][0]


def test_its_name_is_known_to_keras_hub_that_is_imported_later(tmp_path):
    enc_t5(layers=1).save_to_preset(str(tmp_path))
    script = """
import sys
import tfaugkd
assert "keras_hub" not in sys.modules
import keras_hub
print(type(keras_hub.models.TextClassifier.from_preset(sys.argv[1])).__name__)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "EncT5TextClassifier"
