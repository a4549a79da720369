"""TPUs run XLA programs of fixed shapes: every step must become one, though no TPU is here."""

import re

import keras
import pytest
import tensorflow as tf
from conftest import LENGTH, bert, enc_t5, sentiment
from every_method import EVERY_METHOD, with_variants

from tfaugkd.config import DeepDistillation, Objective
from tfaugkd.data.batches import evaluation_batches, training_batches
from tfaugkd.distiller import Distiller

# What a program for TPUs cannot have. A custom call is code of the CPU or GPU library.
FORBIDDEN = {
    "a dynamic dimension": r"<=\d",
    "a size that is read while it runs": r"get-dimension-size",
    "a shape that is made while it runs": r"dynamic-reshape",
    "a custom call": r"custom-call|custom_call_target",
    "a call of the host": r"infeed|outfeed|\b(send|recv)\(",
}
DEEP = Objective(deep=DeepDistillation(hidden=1.0, attention=1.0))


def program_of(function, *arguments):
    """Lowers a function to XLA's own language, before any backend has its say."""
    compiled = tf.function(function, jit_compile=True, autograph=False)
    return compiled.experimental_get_compiler_ir(*arguments)(stage="hlo")


def faults(program):
    return [fault for fault, pattern in FORBIDDEN.items() if re.search(pattern, program)]


def step_and_batch(methods, objective=DEEP, family=bert, examples=None):
    methods = list(methods)
    student = family(layers=1, seed=2, dropout=0.1)
    teacher = family(layers=1, seed=1, dropout=0.1)
    distiller = Distiller(teacher, student, objective, methods, teacher_dropout=True)
    distiller.compile("adamw")
    examples = examples or sentiment(16)
    data = training_batches(examples, student.preprocessor, 16, LENGTH, methods)
    return distiller, next(iter(data))


def check(program):
    assert faults(program) == []
    # One program, whole: what it computes is there.
    assert program.startswith("HloModule")
    assert " dot(" in program


def test_all_methods_become_a_program_of_fixed_shapes_and_so_does_an_evaluation(tmp_path):
    examples = sentiment(16)
    distiller, batch = step_and_batch(with_variants(tmp_path, examples).values(), examples=examples)
    check(program_of(distiller.step.losses_and_gradients, *batch))
    student = distiller.student_classifier
    x, y, _ = next(iter(evaluation_batches(examples, student.preprocessor, 8, LENGTH)))
    check(program_of(distiller.step.losses_and_logits, x, y))


def test_a_step_of_enc_t5_does():
    distiller, batch = step_and_batch([EVERY_METHOD["augpro_mix"]], Objective(), enc_t5)
    check(program_of(distiller.step.losses_and_gradients, *batch))


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_does_and_computes_in_it(policy):
    keras.config.set_dtype_policy(policy)
    try:
        distiller, batch = step_and_batch([EVERY_METHOD["augpro_mix"]])
    finally:
        keras.config.set_dtype_policy("float32")
    program = program_of(distiller.step.losses_and_gradients, *batch)
    check(program)
    half = {"mixed_bfloat16": "bf16", "mixed_float16": "f16"}[policy]
    assert re.search(rf"= {half}\[[^\n]* dot\(", program)


def test_the_update_becomes_a_program():
    distiller, _ = step_and_batch([])
    gradients = [tf.zeros(weight.shape) for weight in distiller.step.learned]
    assert faults(program_of(distiller._update, gradients)) == []


@pytest.mark.parametrize(
    ("function", "fault"),
    [
        (lambda x: tf.boolean_mask(x, x > 0), "a dynamic dimension"),
        (lambda x: tf.shape(tf.where(x > 0))[0], "a size that is read while it runs"),
    ],
)
def test_what_is_forbidden_would_be_found(function, fault):
    assert fault in faults(program_of(function, tf.constant([1.0, -1.0, 2.0])))


@pytest.mark.parametrize("function", [tf.print, lambda x: tf.py_function(abs, [x], tf.float32)])
def test_a_call_of_the_host_does_not_become_a_program(function):
    def calls(x):
        function(x)
        return x

    with pytest.raises(Exception, match=r"unsupported operations|not supported"):
        program_of(calls, tf.constant([1.0]))
