import re
import sys

import corpus_beyond_memory
import pytest
import tensorflow as tf
from conftest import WORDS, bert
from test_preparation import Loop

from tfaugkd import preparation
from tfaugkd.data.order import shuffled_indices


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A folder with an encoder whose tokenizer knows digits."""
    folder = tmp_path_factory.mktemp("preset") / "bert"
    bert(layers=1, words=[*WORDS, *map(str, range(10))]).save_to_preset(str(folder))
    return str(folder)


def run(tmp_path, monkeypatch, model, count):
    arguments = ["--texts", str(count), "--folder", str(tmp_path), "--model", model]
    monkeypatch.setattr(corpus_beyond_memory, "DIGITS", 4)
    monkeypatch.setattr(corpus_beyond_memory, "LENGTH", 16)
    monkeypatch.setattr(preparation, "_beam", Loop)
    monkeypatch.setattr(sys, "argv", ["corpus_beyond_memory.py", *arguments])
    corpus_beyond_memory.main()


def test_every_text_is_counted_once(tmp_path, monkeypatch, model, capsys):
    run(tmp_path, monkeypatch, model, 1300)
    out = capsys.readouterr().out
    assert "Prepared 1300 texts in 1 shards" in out
    assert re.search(r"Streamed 1300 texts in \d+ s, 0 lost, 0 doubled, at most \d", out)


def test_a_lost_and_a_doubled_text_would_be_seen(tmp_path, monkeypatch, model, capsys):
    def wrong(seed, numbers, count):
        found = shuffled_indices(seed, numbers, count)
        return tf.where(found == 7, tf.constant(8, tf.int64), found)

    monkeypatch.setattr("tfaugkd.data.batches.shuffled_indices", wrong)
    run(tmp_path, monkeypatch, model, 600)
    assert "1 lost, 1 doubled" in capsys.readouterr().out
