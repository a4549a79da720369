import threading

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import FAMILIES, LENGTH, bert, roberta, sentiment, store

from tfaugkd.augment.augpro import augpro_fgsm, augpro_mix
from tfaugkd.augment.eda import EDA
from tfaugkd.augment.mixup import MixUp
from tfaugkd.augment.variants import Variants
from tfaugkd.config import Objective
from tfaugkd.data.batches import training_batches
from tfaugkd.data.examples import Examples
from tfaugkd.data.shards.prepared_batches import damage_named
from tfaugkd.distiller import Distiller
from tfaugkd.errors import InputError

METHODS = (MixUp(alpha=0.4), augpro_mix(), augpro_fgsm(epsilon=1.0), EDA(degree=0.3, alpha_sr=0.0))


def batches(examples, student, count=7, **options):
    """Seven batches of 16: beyond two epochs of 40 texts."""
    dataset = training_batches(examples, student.preprocessor, 16, LENGTH, **options)
    return dataset, list(dataset.take(count).as_numpy_iterator())


def same(one, other):
    tf.nest.assert_same_structure(one, other)
    for a, b in zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True):
        assert np.asarray(a).dtype == np.asarray(b).dtype
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("pairs", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_batches_are_those_of_the_same_texts_in_memory(family, pairs, tmp_path):
    model, texts = FAMILIES[family](layers=1), sentiment(40, pairs=pairs)
    options = {"augmentations": METHODS[:2], "seed": 3}
    in_memory, expected = batches(texts, model, **options)
    streamed, found = batches(store(tmp_path, texts, model), model, **options)
    assert streamed.element_spec == in_memory.element_spec
    same(found, expected)


def test_whatever_else_a_batch_holds_is_the_same_too(tmp_path):
    model, master = bert(layers=1), roberta(layers=1)
    texts, logits = sentiment(40), np.random.default_rng(0).normal(size=(40, 2))
    texts = Examples(
        texts.text_a, None, texts.labels, texts.ids, texts.label_names, None, ("film",)
    )
    options = {"augmentations": METHODS, "teacher": master.preprocessor}
    options["sample_weight"] = np.linspace(0, 1, 40)
    prepared = store(tmp_path, texts, model, teacher=master, logits=logits, answered_by="it")
    _, expected = batches(texts, model, teacher_logits=logits, **options)
    _, found = batches(prepared.answered_by("it"), model, **options)
    same(found, expected)
    assert {"teacher", "teacher_logits", "protected", "draws"} <= set(found[0][0])
    del options["sample_weight"]
    options["length_window"] = 2
    _, expected = batches(texts.shuffled(4).take(range(24)), model, **options)
    _, found = batches(prepared.shuffled(4).take(range(24)), model, **options)
    same(found, expected)


def test_texts_without_labels_are_batched_as_in_memory(tmp_path):
    model, texts = bert(layers=1), sentiment(40)
    prepared = store(tmp_path, texts, model).without_labels()
    none = Examples(texts.text_a, None, None, texts.ids, texts.label_names)
    _, expected = batches(none, model, labels_required=False)
    same(batches(prepared, model, labels_required=False)[1], expected)
    with pytest.raises(InputError, match="Training needs labels"):
        batches(prepared, model)


@pytest.mark.parametrize("hosts", [2, 4])
def test_hosts_share_every_batch_and_read_no_more_than_theirs(hosts, tmp_path, monkeypatch):
    model, texts = bert(layers=1), sentiment(40)
    prepared = store(tmp_path, texts, model)
    # All hosts are told of the longest text of the whole batch.
    options = {"augmentations": METHODS, "length_window": 2}
    read = []
    records = prepared.reader.records

    def counting(places):
        read.append(len(places))
        return records(places)

    monkeypatch.setattr(prepared.reader, "records", counting)
    dataset = training_batches(texts, model.preprocessor, 32, LENGTH, **options)
    expected = list(dataset.take(3).as_numpy_iterator())
    parts = []
    for host in range(hosts):
        own = training_batches(prepared, model.preprocessor, 32, LENGTH, **options)
        parts.append(list(own.of_host(host, hosts).take(3).as_numpy_iterator()))
    joined = [
        tf.nest.map_structure(lambda *own: np.concatenate(own), *of_hosts)
        for of_hosts in zip(*parts, strict=True)
    ]
    same(joined, expected)
    assert set(read) == {32 // hosts}
    with pytest.raises(InputError, match=r"24, but must be a multiple of 8 on each of \d hosts"):
        training_batches(prepared, model.preprocessor, 24, LENGTH).of_host(0, hosts)


def test_any_batch_is_read_without_those_before_it(tmp_path):
    model = bert(layers=1)
    dataset, expected = batches(store(tmp_path, sentiment(40), model), model)
    same(next(dataset.skip(5).as_numpy_iterator()), expected[5])


def test_what_was_prepared_for_other_models_is_refused(tmp_path):
    prepared = store(tmp_path, sentiment(40), bert(layers=1))
    with pytest.raises(InputError, match=r"prepared with the tokenizer sha256 \w+, but the stud"):
        batches(prepared, roberta(layers=1))
    with pytest.raises(InputError, match="holds no tokens for a teacher whose vocabulary"):
        batches(prepared, bert(layers=1), teacher=roberta(layers=1).preprocessor)
    with pytest.raises(InputError, match=r"The sequence length is 10, but .+ prepared with 12"):
        training_batches(prepared, bert(layers=1).preprocessor, 16, 10)
    with pytest.raises(InputError, match="variants shows variants of texts in memory"):
        batches(prepared, bert(layers=1), augmentations=[Variants("a.tsv")])


def test_a_student_learns_from_shards_and_stored_answers(tmp_path):
    texts = sentiment(64)
    student = bert(layers=1, seed=2)
    # A teacher that is always right, and is not there.
    logits = np.where(np.eye(2)[texts.labels] > 0, 2.0, -2.0)
    prepared = store(tmp_path, texts, student, logits=logits, answered_by="it").answered_by("it")
    distiller = Distiller(None, student, Objective(hard=0.0, soft=1.0), stored_logits=True)
    distiller.compile(keras.optimizers.Adam(0.01), jit_compile=False)
    data = training_batches(prepared, student.preprocessor, 8, LENGTH)
    history = distiller.fit(data, epochs=2, steps_per_epoch=40, verbose=0).history
    assert history["loss"][-1] < 0.5 * history["loss"][0]


def test_damage_is_told_in_its_own_sentence(tmp_path):
    model = bert(layers=1)
    prepared = store(tmp_path, sentiment(40), model)
    path = tmp_path / "train-00001.array_record"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x40
    path.write_bytes(content)
    with (
        pytest.raises(InputError, match=r"^\S+train-00001\.array_record.+again, which writes"),
        damage_named(prepared),
    ):
        batches(prepared, model)
    with pytest.raises(tf.errors.OpError), damage_named(sentiment(4)):
        raise tf.errors.DataLossError(None, None, "another one")


def test_several_threads_read_at_once(tmp_path):
    prepared = store(tmp_path, sentiment(40), bert(layers=1), size=4)
    expected = prepared.records(np.arange(40)).tolist()
    wrong = []

    def read(seed):
        for place in np.random.default_rng(seed).integers(40, size=(50, 8)):
            if prepared.records(place).tolist() != [expected[each] for each in place]:
                wrong.append(place)

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
