import json
from contextlib import contextmanager

import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf
from conftest import FAMILIES, LENGTH, bert, both, clean, command, eight, sentiment, write_yaml
from every_method import EVERY_METHOD
from test_replicas import replicas as replicas_of

from tfaugkd.augment.augpro import augpro_mix
from tfaugkd.augment.mixup import MixUp
from tfaugkd.classifier import SplitClassifier
from tfaugkd.config import DeepDistillation, Objective
from tfaugkd.data.batches import training_batches
from tfaugkd.distiller import Distiller
from tfaugkd.presets import in_float32
from tfaugkd.strategy import in_precision

HALF = {"mixed_bfloat16": tf.bfloat16, "mixed_float16": tf.float16}
DEEP = Objective(deep=DeepDistillation(hidden=1.0, attention=1.0))


def distiller_of(policy, methods=(), objective=None, strategy=None, **options):
    with in_precision(policy), (strategy or tf.distribute.get_strategy()).scope():
        teacher, student = bert(layers=2, seed=1), bert(layers=1, seed=2)
        distiller = Distiller(teacher, student, objective, list(methods))
        distiller.compile(keras.optimizers.SGD(0.05), **options)
    return distiller


def batches(methods=(), count=64):
    return training_batches(
        sentiment(count), bert(layers=1).preprocessor, 16, LENGTH, list(methods)
    )


def weights_of(distiller):
    return [weight.numpy() for weight in distiller.step.learned]


@pytest.mark.parametrize("policy", HALF)
@pytest.mark.parametrize("family", FAMILIES)
def test_models_compute_in_half_and_answer_in_whole_precision(family, policy, examples):
    exact = SplitClassifier(FAMILIES[family](layers=2, seed=1))
    tokens = eight(examples, exact)
    with in_precision(policy):
        half = SplitClassifier(FAMILIES[family](layers=2, seed=1))
    embeddings = half.embed(tokens.token_ids)
    assert embeddings.dtype == half.logits(tokens).dtype == tf.float32
    np.testing.assert_array_equal(embeddings, exact.embed(tokens.token_ids))
    assert half.encode(embeddings, *tokens[1:3]).dtype == HALF[policy]
    tolerance = 0.1 if policy == "mixed_bfloat16" else 0.03
    assert half.logits(tokens).numpy() == pytest.approx(exact.logits(tokens).numpy(), abs=tolerance)


@pytest.mark.parametrize("policy", HALF)
def test_the_certificate_finds_in_any_precision_what_the_full_search_finds(policy, examples):
    exact = SplitClassifier(bert(layers=2, seed=1))
    batch = clean(eight(examples, exact))
    with in_precision(policy):
        half = SplitClassifier(bert(layers=2, seed=1))
    certified = augpro_mix().prepared(half)(batch, {}, both(half, half))
    # Not prepared it knows no neighbours, and searches.
    full = augpro_mix()(batch, {}, both(exact, exact))
    assert certified.degree.numpy().max() > 0
    np.testing.assert_array_equal(certified.student.token_ids, full.student.token_ids)


@pytest.mark.parametrize("policy", HALF)
def test_every_term_is_float32(policy):
    distiller = distiller_of(policy, EVERY_METHOD.values(), DEEP, run_eagerly=True)
    terms, logits, gradients = distiller.losses_and_gradients(
        *next(iter(batches(EVERY_METHOD.values())))
    )
    assert logits.dtype == tf.float32
    for name, term in terms.items():
        assert term.values.dtype == tf.float32, name
        assert np.isfinite(term.values).all(), name
    assert {gradient.dtype for gradient in gradients} == {tf.float32}


@pytest.mark.parametrize("policy", HALF)
def test_a_student_learns(policy):
    methods = [MixUp(), augpro_mix(rotation=2)]
    with in_precision(policy):
        teacher, student = bert(layers=2, seed=1), bert(layers=1, seed=2, scale=0.2)
        distiller = Distiller(teacher, student, Objective(hard=0.0), methods)
        distiller.compile(keras.optimizers.Adam(0.01), jit_compile=False)
    history = distiller.fit(batches(methods), epochs=2, steps_per_epoch=25, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert history["distillation_loss"][1] < 0.8 * history["distillation_loss"][0]


def test_without_scaling_small_gradients_would_vanish():
    # A 16th of this is below the smallest number of float16.
    small = Objective(hard=1e-7, soft=1e-7)
    batch = next(iter(batches()))
    exact = distiller_of("float32", (), small, run_eagerly=True)
    half = distiller_of("mixed_float16", (), small, run_eagerly=True)
    expected = exact.losses_and_gradients(*batch)[2]
    scale = half.optimizer.dynamic_scale.numpy()
    found = [gradient / scale for gradient in half.losses_and_gradients(*batch)[2]]
    norms = [[float(tf.norm(gradient)) for gradient in part] for part in (expected, found)]
    for one, other in zip(*norms, strict=True):
        assert other == pytest.approx(one, rel=0.1, abs=1e-9)
    half.step.scale_loss = tf.identity
    vanished = half.losses_and_gradients(*batch)[2]
    assert not any(np.any(gradient) for gradient in vanished)


@pytest.mark.parametrize("replicas", [1, 2])
def test_a_step_that_overflows_is_left_out_and_the_scale_halved(replicas):
    strategy = replicas_of(2) if replicas == 2 else None
    methods = [EVERY_METHOD["fgsm"]]
    distiller = distiller_of("mixed_float16", methods, strategy=strategy, jit_compile=False)
    optimizer = distiller.optimizer
    optimizer.dynamic_scale.assign(2.0**40)
    before = weights_of(distiller)
    data = batches(methods)
    history = distiller.fit(data, steps_per_epoch=1, verbose=0).history
    assert optimizer.dynamic_scale.numpy() == 2.0**39
    assert optimizer.iterations.numpy() == 0
    for one, other in zip(before, weights_of(distiller), strict=True):
        np.testing.assert_array_equal(one, other)
    # What was logged was computed before the overflow.
    assert np.isfinite([values[0] for values in history.values()]).all()
    optimizer.dynamic_scale.assign(8.0)
    distiller.fit(data, steps_per_epoch=1, verbose=0)
    assert (optimizer.dynamic_scale.numpy(), optimizer.iterations.numpy()) == (8.0, 1)
    assert all(
        np.any(one != other) or "key/bias" in variable.path
        for variable, one, other in zip(
            distiller.step.learned, before, weights_of(distiller), strict=True
        )
    )


def test_an_optimizer_that_scales_is_not_put_into_another():
    with in_precision("mixed_float16"):
        distiller = Distiller(bert(layers=1, seed=1), bert(layers=1, seed=2))
    given = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1), initial_scale=4.0)
    distiller.compile(given, run_eagerly=True)
    assert distiller.optimizer is given


@pytest.mark.parametrize("family", FAMILIES)
def test_a_copy_in_float32_has_the_same_weights(family):
    with in_precision("mixed_bfloat16"):
        half = FAMILIES[family](layers=2, seed=3)
    copy = in_float32(half)
    assert {layer.compute_dtype for layer in copy.layers if layer.weights} == {"float32"}
    assert in_float32(copy) is copy
    own, others = (
        [weight.numpy() for weight in model.weights if "seed_generator" not in weight.path]
        for model in (half, copy)
    )
    for one, other in zip(own, others, strict=True):
        np.testing.assert_array_equal(one, other)


@contextmanager
def unchanged_policy():
    before = keras.config.dtype_policy().name
    yield
    assert keras.config.dtype_policy().name == before


def test_a_job_computes_in_half_and_saves_a_model_in_float32(data, teacher_output, tmp_path):
    output = tmp_path / "student"
    config = write_yaml(
        tmp_path / "half.yaml",
        data=data,
        teacher=str(teacher_output),
        student={"layers": 1},
        train={"steps": 2, "batch_size": 8, "jit_compile": False},
        precision="mixed_bfloat16",
        output=str(output),
    )
    with unchanged_policy():
        status, _, err = command("distill", *config)
    assert status == 0, err
    assert "bfloat16" not in (output / "model" / "config.json").read_text()
    classifier = keras_hub.models.TextClassifier.from_preset(str(output / "model"))
    assert classifier.backbone.compute_dtype == "float32"
    assert json.loads((output / "scores.json").read_text())["scores"]["accuracy"] > 0
