import numpy as np
import tensorflow as tf
from step_alternatives import ATTENTION, SEARCH, main


def test_every_way_to_attend_gives_the_same():
    shape = (3, 2, 5, 2, 4)
    inputs = tf.constant(np.random.default_rng(0).normal(size=shape), tf.float32)
    as_it_is, *others = (way(*inputs) for way in ATTENTION.values())
    for other in others:
        np.testing.assert_allclose(other, as_it_is, rtol=1e-5, atol=1e-6)


def test_every_way_to_search_finds_the_same():
    random = np.random.default_rng(0)
    queries, table = (tf.constant(random.normal(size=(n, 6)), tf.float32) for n in (7, 50))
    expected = np.argmax(queries.numpy() @ table.numpy().T, axis=-1)
    _, *searches = SEARCH.values()
    for search in searches:
        np.testing.assert_array_equal(search(queries, table), expected)


def test_the_tables(monkeypatch, capsys):
    monkeypatch.setattr("step_alternatives._timed", lambda calls, rounds: dict.fromkeys(calls, 0.5))
    monkeypatch.setattr("sys.argv", ["step_alternatives.py"])
    main()
    printed = capsys.readouterr().out
    assert "| plain products, with the way back | 500.0 |" in printed
    # 0.5 s for a block of 64 is 8 s for 1,024.
    assert "| and its largest | 8000 | 4000 | 2000 | 1000 | 500 |" in printed
