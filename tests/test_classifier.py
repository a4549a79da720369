import keras_hub
import numpy as np
import pytest
import tensorflow as tf
from conftest import FAMILIES, LENGTH, bert, classified, eight, sentiment

from tfaugkd.classifier import Hidden, SplitClassifier, Tokens
from tfaugkd.data.examples import Examples
from tfaugkd.data.inputs import read_inputs
from tfaugkd.data.tokenisation import tokenise
from tfaugkd.encoders import encoder_of
from tfaugkd.errors import InputError
from tfaugkd.presets import load_classifier


@pytest.fixture(scope="module", params=FAMILIES)
def split(request):
    return SplitClassifier(FAMILIES[request.param](layers=3, num_classes=3, dropout=0.1))


@pytest.fixture(scope="module")
def tokens(split):
    first = ["good film", "bad", "a", "bad film", "good", "film", "good good", "a film"]
    pairs = Examples(first, [first[-1 - i][:4] for i in range(8)], None, list("12345678"), ())
    return eight(pairs, split)


def difference(one, other):
    return np.abs(np.asarray(one) - np.asarray(other)).max()


def test_the_parts_give_the_classifiers_own_logits(split, tokens):
    expected = classified(split.classifier, tokens)
    assert np.abs(expected).max() > 0.1
    assert np.std(expected, axis=0).min() > 1e-3
    assert difference(split.logits(tokens), expected) < 1e-6


def test_the_compiled_parts_give_the_compiled_classifiers_logits(split, tokens):
    expected = tf.function(lambda t: classified(split.classifier, t), jit_compile=True)(tokens)
    compiled = tf.function(split.logits, jit_compile=True)(tokens)
    assert difference(compiled, expected) < 1e-6
    assert difference(compiled, split.logits(tokens)) < 2e-5


def test_a_model_can_be_entered_at_the_word_embeddings(split, tokens):
    embeddings = split.embed(tokens.token_ids)
    assert embeddings.shape == (8, LENGTH, split.table.shape[1])
    assert difference(embeddings, split.table.numpy()[tokens.token_ids.numpy()]) == 0
    entered = split.logits(Hidden(embeddings, tokens.segment_ids, tokens.padding_mask))
    assert difference(entered, split.logits(tokens)) == 0


@pytest.mark.parametrize("layer", [0, 1, 2, 3])
def test_a_model_can_be_left_and_entered_at_every_layer(split, tokens, layer):
    frame = (tokens.segment_ids, tokens.padding_mask)
    embeddings = split.embed(tokens.token_ids)
    whole = split.encode(embeddings, *frame)
    half = split.encode(embeddings, *frame, to_layer=layer)
    assert difference(split.encode(half, *frame, from_layer=layer), whole) == 0
    assert difference(split.logits(Hidden(half, *frame, layer)), split.logits(tokens)) == 0
    entered = half.shape != embeddings.shape or difference(half, embeddings) > 0
    assert entered == (layer > 0)
    assert (half.shape == whole.shape and difference(half, whole) == 0) == (layer == 3)


def test_padding_does_not_reach_the_logits(split, tokens):
    hidden = split.embed(tokens.token_ids)
    noise = tf.random.stateless_normal(hidden.shape, [1, 2])
    padded = tf.cast(tokens.padding_mask, tf.float32)[..., tf.newaxis]
    assert padded.numpy().min() == 0
    noisy = Hidden(hidden + (1 - padded) * noise, *tokens[1:3])
    assert difference(split.logits(noisy), split.logits(tokens)) < 1e-6
    noisy = Hidden(hidden + padded * noise, *tokens[1:3])
    assert difference(split.logits(noisy), split.logits(tokens)) > 0.01


def test_segments_are_read_where_the_family_has_them(pairs):
    split = SplitClassifier(bert())
    tokens = eight(pairs, split)
    without = tokens._replace(segment_ids=tf.zeros_like(tokens.segment_ids))
    assert difference(split.logits(without), split.logits(tokens)) > 0.01


def test_dropout_is_on_only_in_training(split, tokens):
    assert difference(split.logits(tokens), split.logits(tokens)) == 0
    assert difference(split.logits(tokens, training=True), split.logits(tokens)) > 0.01
    once, again = (split.logits(tokens, training=True) for _ in range(2))
    assert difference(once, again) > 0.01


def test_dropout_stands_where_the_classifier_has_it(split, tokens):
    seeds = [v for v in split.classifier.variables if "seed_generator" in v.path]
    states = [seed.numpy() for seed in seeds]
    own_layers = {id(layer) for layer in encoder_of(split.classifier).layers}
    assert len(seeds) >= 3 * len(own_layers) + 1
    whole = classified(split.classifier, tokens, training=True)
    for seed, state in zip(seeds, states, strict=True):
        assert not np.array_equal(seed.numpy(), state)
        seed.assign(state)
    # Of the last layer `logits` has fewer elements, and so another mask.
    assert difference(split.trace(tokens, training=True, attention=False).logits, whole) < 1e-6
    moved = [seed.numpy() for seed in seeds]
    for seed, state in zip(seeds, states, strict=True):
        seed.assign(state)
    split.logits(tokens, training=True)
    assert all(np.array_equal(seed, state) for seed, state in zip(seeds, moved, strict=True))


def test_gradients_are_those_of_the_whole_classifier(split, tokens):
    variables = split.classifier.trainable_variables

    def gradients(run):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(run()))
        found = tape.gradient(loss, variables)
        return [tf.convert_to_tensor(gradient).numpy() for gradient in found]

    whole = gradients(lambda: classified(split.classifier, tokens))
    parts = gradients(lambda: split.logits(tokens))
    for variable, one, other in zip(variables, whole, parts, strict=True):
        assert one.shape == variable.shape
        assert other == pytest.approx(one, abs=1e-5, rel=1e-5), variable.path


@pytest.mark.parametrize("family", ["deberta", "enc_t5"])
def test_gradients_can_be_compiled(family):
    split = SplitClassifier(FAMILIES[family](layers=1))
    tokens = eight(sentiment(8), split)

    def gradients():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(split.logits(tokens)))
        found = tape.gradient(loss, split.classifier.trainable_variables)
        return [tf.convert_to_tensor(gradient) for gradient in found]

    compiled = tf.function(gradients, jit_compile=True, autograph=False)()
    for one, other in zip(compiled, gradients(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4, rtol=1e-4)


def test_a_classifier_says_what_it_is(split):
    assert split.num_layers == 3
    assert split.num_classes == 3
    assert split.table.shape[0] == split.vocabulary.special.size
    trained = sum(np.prod(w.shape) for w in split.classifier.trainable_weights)
    assert split.parameter_count == trained


def test_the_packaged_encoder_is_cut_without_a_difference():
    split = SplitClassifier(load_classifier("packaged", num_classes=2))
    texts = ["A film that is, without doubt, the best of the year.", "Dull."]
    examples = Examples(texts, None, None, ["0", "1"], ())
    rows = tokenise(split.classifier.preprocessor, examples, 24)
    tokens = read_inputs({name: tf.constant(part) for name, part in rows.items()}).student
    assert tokens.padding_mask.numpy().sum(axis=1).tolist() == [16, 4]
    expected = classified(split.classifier, tokens)
    assert difference(split.logits(tokens), expected) < 1e-6
    assert split.num_layers == 6
    assert split.vocabulary.producible.sum() < len(split.vocabulary.tokens) - 900


def test_a_family_that_cannot_be_taken_apart_is_refused():
    backbone = keras_hub.models.FNetBackbone(
        vocabulary_size=20,
        num_layers=1,
        hidden_dim=8,
        intermediate_dim=8,
        max_sequence_length=8,
    )
    f_net = keras_hub.models.FNetTextClassifier(backbone, num_classes=2)
    with pytest.raises(InputError, match=r"FNetTextClassifier apart\. Allowed: Bert"):
        SplitClassifier(f_net)


def test_a_classifier_without_a_preprocessor_is_refused():
    whole = bert(layers=1)
    bare = keras_hub.models.BertTextClassifier(whole.backbone, num_classes=2)
    with pytest.raises(InputError, match="BertTextClassifier has no preprocessor"):
        SplitClassifier(bare)


def test_inputs_of_one_text_each_have_one_segment():
    split = SplitClassifier(bert(layers=1))
    tokens = eight(sentiment(8), split)
    assert isinstance(tokens, Tokens)
    assert not tokens.segment_ids.numpy().any()


def test_a_trace_has_every_layers_states_and_attention(split, tokens):
    answer = split.trace(tokens)
    assert difference(answer.logits, split.logits(tokens)) < 1e-5
    assert len(answer.states) == len(answer.attention) == split.num_layers == 3
    frame = (tokens.segment_ids, tokens.padding_mask)
    embeddings = split.embed(tokens.token_ids)
    for layer, states in enumerate(answer.states, start=1):
        expected = split.encode(embeddings, *frame, to_layer=layer)
        assert difference(states, expected) < 1e-5
    for maps in answer.attention:
        assert maps.shape == (8, split.num_heads, LENGTH, LENGTH)
        real = tokens.padding_mask.numpy()[:, None, None, :]
        assert difference((maps * real).numpy().sum(-1), 1.0) < 1e-5
    plainly = split.trace(tokens, attention=False)
    assert plainly.attention == ()
    assert difference(plainly.states[-1], answer.states[-1]) < 1e-5
