import numpy as np
import pytest
import tensorflow as tf
from conftest import FAMILIES, LENGTH, eight, sentiment

from tfaugkd.classifier import SplitClassifier
from tfaugkd.data.examples import Examples
from tfaugkd.encoders import encoder_of


@pytest.fixture(scope="module", params=FAMILIES)
def model(request):
    return SplitClassifier(FAMILIES[request.param](layers=2, seed=3))


@pytest.fixture(scope="module")
def entered(model):
    """The encoder, the states before its second layer, and the mask."""
    texts = ["good film", "bad", "a", "bad film", "good", "film", "good good", "a film"]
    tokens = eight(Examples(texts, None, None, list("12345678"), ()), model)
    states = model.encode(model.embed(tokens.token_ids), *tokens[1:3], to_layer=1)
    return encoder_of(model.classifier), states, tokens.padding_mask


def test_attention_is_shared_out_among_the_real_tokens(entered):
    encoder, states, mask = entered
    _, attention = encoder.layer_and_attention(1, states, mask, training=False)
    assert attention.shape == (8, 2, LENGTH, LENGTH)
    real = mask.numpy().astype(bool)
    assert not real.all()
    rows = attention.numpy().transpose(0, 2, 1, 3)[real]
    np.testing.assert_allclose(rows.sum(-1), 1, atol=1e-5)
    padding = np.broadcast_to(~real[:, None, None, :], attention.shape)
    padding = padding.transpose(0, 2, 1, 3)[real]
    assert rows[padding].max() < 1e-6
    assert np.std(rows[~padding]) > 0.01


def test_states_are_the_layers_own_beside_the_attention(entered):
    encoder, states, mask = entered
    both = tf.function(encoder.layer_and_attention, jit_compile=True, autograph=False)
    expected, seen = encoder.layer_and_attention(1, states, mask, False)
    np.testing.assert_array_equal(expected, encoder.layer(1, states, mask, False))
    compiled, compiled_seen = both(1, states, mask, False)
    np.testing.assert_allclose(compiled, expected, atol=1e-5)
    np.testing.assert_allclose(compiled_seen, seen, atol=1e-5)


def test_attention_worked_out_beside_t5_is_the_one_that_it_uses():
    model = SplitClassifier(FAMILIES["enc_t5"](layers=1, seed=3))
    tokens = eight(sentiment(8), model)
    encoder, states = encoder_of(model.classifier), model.embed(tokens.token_ids)
    _, attention = encoder.layer_and_attention(0, states, tokens.padding_mask, False)
    own = encoder.layers[0].self_attention
    normal = encoder.layers[0].self_attention_layer_norm(states)
    bias = encoder.backbone.position_bias(states, tokens.padding_mask)
    expected, *_ = own(normal, position_bias=bias)
    values = tf.reshape(own.value_projector(normal), [8, LENGTH, 2, 3])
    mixed = tf.einsum("bhqk,bkhd->bqhd", attention, values)
    found = own.output_projector(tf.reshape(mixed, [8, LENGTH, 6]))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_last_layer_is_run_for_what_the_head_reads(entered, model):
    encoder, states, mask = entered
    whole = encoder.layer(1, states, mask, False)
    read = whole[:, :1] if encoder.first_token_alone else whole
    found = encoder.last_layer(states, mask, False)
    np.testing.assert_allclose(found, read, atol=1e-5)
    compiled = tf.function(encoder.last_layer, jit_compile=True, autograph=False)
    np.testing.assert_allclose(compiled(states, mask, False), read, atol=1e-5)
    assert (found.shape[1] == 1) == model.first_token_alone
