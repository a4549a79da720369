import numpy as np
import pytest
import tensorflow as tf
from conftest import LENGTH, bert, sentiment, store

from tfaugkd.data.examples import Examples
from tfaugkd.data.shards.records import decoded, encoded
from tfaugkd.data.tokenisation import tokenise


@pytest.fixture(scope="module")
def model():
    return bert(layers=1)


def test_any_tensorflow_program_reads_a_record(model):
    texts = Examples(["a good film", "bad"], None, np.array([1, 0]), ["7", "x"], ("no", "yes"))
    tokens = tokenise(model.preprocessor, texts, LENGTH)
    first, second = encoded(texts, tokens, teacher_logits=np.array([[0.5, -1], [2, 3]]))
    found = tf.train.Example.FromString(first).features.feature
    assert sorted(found) == ["id", "label", "segment_ids", "teacher_logits", "text_a", "token_ids"]
    assert found["id"].bytes_list.value == [b"7"]
    assert found["text_a"].bytes_list.value == [b"a good film"]
    assert found["label"].int64_list.value == [1]
    # [CLS] a good film [SEP], without the padding.
    assert found["token_ids"].int64_list.value == [2, 12, 7, 13, 3]
    assert found["teacher_logits"].float_list.value == [0.5, -1.0]
    assert tf.train.Example.FromString(second).features.feature["label"].int64_list.value == [0]


def test_scores_and_withheld_labels_are_stored_as_they_are(model, tmp_path):
    texts = Examples(["a", "b"], None, np.array([np.nan, 2.5], np.float32))
    prepared = store(tmp_path / "a", texts, model)
    _, y = decoded(tf.constant(prepared.records(np.arange(2))), prepared.reader.manifest)
    np.testing.assert_array_equal(y, np.array([np.nan, 2.5], np.float32))
    texts = Examples(["a", "b"], None, np.array([-1, 1], np.int32), label_names=("no", "yes"))
    prepared = store(tmp_path / "b", texts, model)
    _, y = decoded(tf.constant(prepared.records(np.arange(2))), prepared.reader.manifest)
    assert y.dtype == tf.int32
    assert y.numpy().tolist() == [-1, 1]


def test_texts_come_back_whatever_their_letters(model, tmp_path):
    texts = sentiment(3, pairs=True)
    texts = Examples(
        ["é\u2028", "\n", "\U0001f600"], texts.text_b, texts.labels, label_names=texts.label_names
    )
    found = store(tmp_path, texts, model).examples()
    assert found.text_a == texts.text_a
    assert found.text_b == texts.text_b
    assert found.ids == ["0", "1", "2"]
    np.testing.assert_array_equal(found.labels, texts.labels)
