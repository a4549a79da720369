import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import bert

from tfaugkd.dropout import HashDropout, random_bits, use_hash_dropout

SHAPE = (16, 64, 48)
# Four standard errors of a share of, or a correlation between, so many elements.
NOISE = 4 / np.sqrt(np.prod(SHAPE))


def masks(count, seed=7, rate=0.5):
    layer = HashDropout(rate, seed=seed)
    ones = tf.ones(SHAPE)
    return [layer(ones, training=True).numpy() > 0 for _ in range(count)]


def correlation(one, other):
    return np.corrcoef(one.ravel(), other.ravel())[0, 1]


def by_hand(number, key):
    """The same hash with Python's whole numbers."""

    def mixed(bits):
        for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
            bits = (bits ^ (bits >> shift)) * factor % 2**32
        return bits ^ (bits >> 16)

    return mixed((mixed(number ^ key[0]) + key[1]) % 2**32)


def test_the_bits_are_those_of_whole_numbers():
    key = (0xDEADBEEF, 0x12345678)
    bits = random_bits(tf.constant(key, tf.uint32), (2, 3)).numpy()
    assert bits.ravel().tolist() == [by_hand(number, key) for number in range(6)]
    assert bits[0, :2].tolist() == [1860371868, 2919711306]


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_drops_as_many_as_asked_and_scales_the_rest(rate):
    x = tf.random.stateless_normal(SHAPE, [1, 2])
    dropped = HashDropout(rate, seed=3)(x, training=True).numpy()
    kept = dropped != 0
    assert abs(kept.mean() - (1 - rate)) < NOISE
    np.testing.assert_allclose(dropped[kept], x.numpy()[kept] / (1 - rate), rtol=1e-6)


def test_without_training_or_rate_nothing_changes():
    x = tf.ones([4, 4])
    np.testing.assert_array_equal(HashDropout(0.5)(x, training=False), x)
    np.testing.assert_array_equal(HashDropout(0.0)(x, training=True), x)
    np.testing.assert_array_equal(HashDropout(1.0)(x, training=True), tf.zeros_like(x))


def test_masks_of_steps_of_layers_and_of_neighbours_have_nothing_in_common():
    steps = masks(6)
    pairs = [(one, other) for i, one in enumerate(steps) for other in steps[:i]]
    pairs += list(zip(masks(3, seed=8), masks(3, seed=9), strict=True))
    for lag in (1, 2, SHAPE[2], SHAPE[1] * SHAPE[2]):
        pairs.append((steps[0].ravel()[lag:], steps[0].ravel()[:-lag]))
    for one, other in pairs:
        assert abs(correlation(one, other)) < NOISE


def test_one_seed_gives_one_sequence_of_masks():
    np.testing.assert_array_equal(masks(3), masks(3))


def test_xla_draws_the_same_masks():
    layers = [HashDropout(0.3, seed=5), HashDropout(0.3, seed=5)]
    x = tf.random.stateless_normal(SHAPE, [1, 2])
    compiled = tf.function(lambda: layers[1](x, training=True), jit_compile=True)
    for _ in range(2):
        np.testing.assert_array_equal(layers[0](x, training=True), compiled())


def test_the_gradient_is_that_of_the_kept_elements():
    x = tf.Variable(tf.ones([8, 8]))
    with tf.GradientTape() as tape:
        dropped = HashDropout(0.5, seed=1)(x, training=True)
    np.testing.assert_array_equal(tape.gradient(dropped, x), dropped)


def test_replicas_draw_different_masks():
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        layer = HashDropout(0.5, seed=1)
        layer.build(SHAPE)
    drawn = tf.function(lambda: strategy.run(lambda: layer(tf.ones(SHAPE), training=True)))()
    one, other = strategy.experimental_local_results(drawn)
    assert abs(correlation(one.numpy() > 0, other.numpy() > 0)) < NOISE


def test_a_model_keeps_its_configuration_and_its_weights():
    model, plain = bert(dropout=0.1), bert(dropout=0.1)
    before = sum(type(layer) is keras.layers.Dropout for layer in model._flatten_layers())
    use_hash_dropout(model)
    after = [layer for layer in model._flatten_layers() if isinstance(layer, HashDropout)]
    assert len(after) == before > 0
    name = {"name": ""}
    assert model.backbone.get_config() | name == plain.backbone.get_config() | name
    assert [v.shape for v in model.variables] == [v.shape for v in plain.variables]
