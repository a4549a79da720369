import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import bert, enc_t5

from tfaugkd.optimizer import WarmupLinearDecay, build_optimizer
from tfaugkd.train_config import TrainConfig


def rates(schedule, count):
    return [float(schedule(tf.constant(step, tf.int64))) for step in range(count)]


def test_the_rate_rises_to_its_highest_value_and_falls_in_a_line():
    schedule = WarmupLinearDecay(0.8, steps=10, warmup_steps=4)
    # Up by a quarter of 0.8 a step, and from the 4th update on down by a seventh of it: the 11th
    # update, which there is none of, would have a rate of zero.
    rising = [0.2, 0.4, 0.6]
    falling = [0.8 * share / 7 for share in (7, 6, 5, 4, 3, 2, 1)]
    np.testing.assert_allclose(rates(schedule, 10), rising + falling, rtol=1e-6)
    assert rates(schedule, 13)[10:] == [0.0, 0.0, 0.0]


def test_without_warm_up_the_rate_only_falls():
    schedule = WarmupLinearDecay(1.0, steps=4, warmup_steps=0)
    np.testing.assert_allclose(rates(schedule, 4), [0.8, 0.6, 0.4, 0.2], rtol=1e-6)


def test_warm_up_may_take_all_steps():
    schedule = WarmupLinearDecay(1.0, steps=4, warmup_steps=4)
    np.testing.assert_allclose(rates(schedule, 4), [0.25, 0.5, 0.75, 1.0], rtol=1e-6)


@pytest.mark.parametrize(("warmup", "steps"), [(0.0, 0), (0.1, 10), (0.25, 25), (1.0, 100)])
def test_warm_up_is_a_share_of_the_steps(warmup, steps):
    config = TrainConfig(steps=100, warmup=warmup, learning_rate=3e-4)
    schedule = build_optimizer(config)._learning_rate
    assert schedule.get_config() == {
        "learning_rate": 3e-4,
        "steps": 100,
        "warmup_steps": steps,
        "decay": "linear",
    }


def test_the_rate_may_stay():
    schedule = build_optimizer(TrainConfig(steps=4, warmup=0.5, decay="none"))._learning_rate
    np.testing.assert_allclose(rates(schedule, 4), [2.5e-5, 5e-5, 5e-5, 5e-5], rtol=1e-6)


@pytest.mark.parametrize("name", ["adamw", "adafactor", "sgd"])
def test_every_optimizer_takes_the_same_options(name):
    config = TrainConfig(steps=4, optimizer=name, weight_decay=0.02, clip_norm=0.5)
    optimizer = build_optimizer(config)
    assert type(optimizer).__name__.lower() == name
    assert (optimizer.weight_decay, optimizer.global_clipnorm) == (0.02, 0.5)


def test_the_optimizer_can_be_saved_and_loaded():
    optimizer = build_optimizer(TrainConfig(steps=10, learning_rate=0.1))
    plain = json.loads(json.dumps(keras.saving.serialize_keras_object(optimizer)))
    loaded = keras.saving.deserialize_keras_object(plain)
    assert loaded.global_clipnorm == optimizer.global_clipnorm
    assert loaded.weight_decay == optimizer.weight_decay
    assert isinstance(loaded._learning_rate, WarmupLinearDecay)
    assert rates(loaded._learning_rate, 10) == rates(optimizer._learning_rate, 10)


@pytest.mark.parametrize(("given", "used"), [(0.5, 0.5), (0.0, None)])
def test_a_clip_norm_of_zero_does_not_clip(given, used):
    assert build_optimizer(TrainConfig(clip_norm=given)).global_clipnorm == used


def test_the_whole_gradient_is_clipped():
    optimizer = build_optimizer(TrainConfig(clip_norm=1.0))
    clipped = optimizer._clip_gradients([tf.constant([2.0, 4.0]), tf.constant([4.0])])
    # The norm of (2, 4, 4) is 6.
    np.testing.assert_allclose(np.concatenate(clipped), [1 / 3, 2 / 3, 2 / 3], rtol=1e-6)


@pytest.mark.parametrize(
    ("family", "constant", "shrinking"),
    [
        (bert, {"bias", "beta", "gamma"}, {"embeddings", "kernel"}),
        (enc_t5, {"bias", "weight"}, {"embeddings", "kernel", "query"}),
    ],
)
def test_biases_and_layer_norms_do_not_decay(family, constant, shrinking):
    classifier = family(layers=1, seed=3)
    config = TrainConfig(steps=10, warmup=0.0, learning_rate=0.1, weight_decay=0.5)
    before = [variable.numpy() for variable in classifier.trainable_variables]
    gradients = [tf.zeros(variable.shape) for variable in classifier.trainable_variables]
    build_optimizer(config).apply(gradients, classifier.trainable_variables)
    # The first of ten updates has 10 / 11 of the highest rate.
    shrunk = 1 - 0.1 * 10 / 11 * 0.5
    kept, decayed = set(), set()
    for variable, old in zip(classifier.trainable_variables, before, strict=True):
        stays = variable.name in constant
        np.testing.assert_allclose(variable.numpy(), old if stays else shrunk * old, rtol=1e-5)
        (kept if stays else decayed).add(variable.name)
    assert kept == constant
    assert decayed == shrinking
