import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import bert, sentiment

from tfaugkd import Distiller, training_batches
from tfaugkd.augment.augpro import augpro_mix
from tfaugkd.augment.mixup import MixUp
from tfaugkd.errors import InputError
from tfaugkd.length_buckets import in_buckets, longest_text, with_longest


def lengths_run(lengths, masks, **parts):
    """Gives the length that the step is run at."""
    step = in_buckets(lambda x, add: tf.shape(x["token_ids"])[1] + add, lengths)
    mask = tf.sequence_mask(masks, 16, tf.int32)
    return int(step({"token_ids": mask, "padding_mask": mask} | parts, 0))


@pytest.mark.parametrize(("longest", "expected"), [(3, 8), (8, 8), (9, 12), (13, 16), (16, 16)])
def test_the_shortest_length_that_holds_every_text_is_taken(longest, expected):
    assert lengths_run([8, 12], [2, longest, 1]) == expected


def test_lengths_beyond_the_batch_change_nothing():
    assert lengths_run([16, 32], [3]) == 16
    assert lengths_run([], [3]) == 16


def test_the_teachers_tokens_and_variants_are_held_too():
    mask = tf.sequence_mask([11], 16, tf.int32)
    other = {"token_ids": mask, "padding_mask": mask}
    assert lengths_run([8, 12], [3], teacher=other) == 12
    assert lengths_run([8, 12], [3], draws={"variants": other}) == 12


def test_a_part_of_a_batch_is_cut_as_the_whole_batch_is():
    mask = tf.sequence_mask([3, 11], 16, tf.int32)
    x = {"token_ids": mask, "padding_mask": mask}
    whole = with_longest(x, longest_text(tf.constant([3, 11]), {}))
    variants = {"variants": {"padding_mask": tf.sequence_mask([14], 16, tf.int32)}}
    assert int(longest_text(tf.constant([3, 11]), variants)) == 14
    part = {name: values[:1] for name, values in whole.items()}
    step = in_buckets(lambda x: tf.shape(x["token_ids"])[1], [8, 12])
    assert int(step(part)) == 12
    assert int(step({"token_ids": mask[:1], "padding_mask": mask[:1]})) == 8


@pytest.mark.parametrize("lengths", [[12, 8], [8, 8], [4, 8]])
def test_lengths_that_do_not_rise_are_refused(lengths):
    with pytest.raises(InputError, match="rising numbers from 8 on"):
        in_buckets(lambda x: x, lengths)


def test_a_shorter_batch_gives_the_same_losses_and_gradients_with_and_without_xla():
    teacher, student = bert(layers=1, seed=1), bert(layers=1, seed=2)
    methods = [MixUp(), augpro_mix()]
    data = training_batches(sentiment(16), student.preprocessor, 8, 16, methods)
    x, y, weight = next(iter(data))
    assert int(tf.reduce_max(tf.reduce_sum(x["padding_mask"], axis=1))) <= 12
    found = []
    for options in (
        {"run_eagerly": True},
        {"length_buckets": [8, 12], "run_eagerly": True},
        {"length_buckets": [8, 12]},
    ):
        distiller = Distiller(teacher, student, augmentations=methods)
        distiller.compile(keras.optimizers.SGD(0.1), **options)
        terms, logits, gradients = distiller.losses_and_gradients(x, y, weight)
        values = {name: term.values for name, term in terms.items()}
        found.append(tf.nest.map_structure(np.asarray, (values, logits, gradients)))
    for other in found[1:]:
        for one, two in zip(*map(tf.nest.flatten, (found[0], other)), strict=True):
            np.testing.assert_allclose(two, one, rtol=1e-4, atol=1e-5)


def test_a_student_learns_in_buckets():
    student = bert(layers=1, seed=2)
    data = training_batches(sentiment(32), student.preprocessor, 8, 16, length_window=4)
    distiller = Distiller(bert(layers=1, seed=1), student)
    distiller.compile(keras.optimizers.Adam(0.02), length_buckets=[8])
    history = distiller.fit(data, epochs=3, steps_per_epoch=8, verbose=0).history
    assert history["loss"][-1] < 0.6 * history["loss"][0]
