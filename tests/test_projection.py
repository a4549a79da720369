from functools import partial

import numpy as np
import pytest
import tensorflow as tf

from tfaugkd import projection
from tfaugkd.projection import nearest_tokens, project, unit_rows

EVERY = tf.ones([4], tf.bool)
# For (1, 1) the products are 10, 2, 1 and -3, and the cosines 0.71, 1, 0.71 and -0.95.
TABLE = tf.constant([[10.0, 0.0], [1.0, 1.0], [0.0, 1.0], [-1.0, -2.0]])


def brute_force(embeddings, table, producible):
    lengths = np.linalg.norm(table, axis=1)
    lengths[lengths == 0] = 1.0
    similarity = embeddings @ (table / lengths[:, None]).T
    similarity[:, ~producible | ~table.any(axis=1)] = -np.inf
    return similarity.argmax(axis=1)


def test_unit_rows_have_length_one_and_a_zero_row_stays_zero():
    rows = unit_rows(tf.constant([[3.0, 4.0], [0.0, 0.0]])).numpy()
    assert rows == pytest.approx(np.array([[0.6, 0.8], [0.0, 0.0]]))


def test_the_largest_cosine_wins_not_the_largest_product():
    query = tf.constant([[1.0, 1.0]])
    assert int(tf.argmax(TABLE @ tf.transpose(query))[0]) == 0
    assert nearest_tokens(query, unit_rows(TABLE), EVERY).numpy().tolist() == [1]


def test_the_length_of_an_embedding_does_not_matter():
    # The cosines are 0.45, 0.95, 0.89 and -1.
    queries = tf.constant([[0.5, 1.0], [50.0, 100.0], [0.005, 0.01]])
    assert nearest_tokens(queries, unit_rows(TABLE), EVERY).numpy().tolist() == [1, 1, 1]


def test_of_equally_near_tokens_the_lowest_is_found():
    table = unit_rows(tf.constant([[0.0, 1.0], [2.0, 0.0], [1.0, 0.0], [4.0, 0.0]]))
    query = tf.constant([[3.0, 0.0]])
    assert nearest_tokens(query, table, EVERY).numpy().tolist() == [1]
    without_one = tf.constant([True, False, True, True])
    assert nearest_tokens(query, table, without_one).numpy().tolist() == [2]


def test_what_cannot_be_produced_is_never_found():
    unit_table = unit_rows(TABLE)
    producible = tf.constant([False, True, False, False])
    queries = tf.constant(np.random.default_rng(0).normal(size=(50, 2)), tf.float32)
    assert set(nearest_tokens(queries, unit_table, producible).numpy()) == {1}


def test_a_zero_row_is_never_found_even_where_every_other_token_points_away():
    table = unit_rows(tf.constant([[0.0, 0.0], [-1.0, 0.0], [-1.0, -1.0], [0.0, 0.0]]))
    assert nearest_tokens(tf.constant([[1.0, 0.0]]), table, EVERY).numpy().tolist() == [2]


def test_a_zero_embedding_gives_the_lowest_token_that_can_be_produced():
    producible = tf.constant([False, False, True, True])
    found = nearest_tokens(tf.zeros([1, 2]), unit_rows(TABLE), producible)
    assert found.numpy().tolist() == [2]


@pytest.mark.parametrize("count", [1, 255, 256, 257, 700])
def test_blocks_find_what_brute_force_finds(count):
    random = np.random.default_rng(count)
    table = random.normal(size=(97, 6)).astype(np.float32)
    table[[3, 40]] = 0.0
    producible = random.random(97) < 0.7
    queries = random.normal(size=(count, 6)).astype(np.float32)
    inputs = (tf.constant(queries), unit_rows(table), tf.constant(producible))
    eager = nearest_tokens(*inputs)
    compiled = tf.function(nearest_tokens, jit_compile=True)(*inputs)
    assert eager.dtype == tf.int32
    assert eager.numpy().tolist() == brute_force(queries, table, producible).tolist()
    assert compiled.numpy().tolist() == eager.numpy().tolist()


def test_a_tokens_own_embedding_projects_to_the_token():
    table = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    found = nearest_tokens(tf.constant(table), unit_rows(table), tf.ones([300], tf.bool))
    assert found.numpy().tolist() == list(range(300))


@pytest.mark.parametrize("compiled", [False, True])
def test_only_text_that_has_a_direction_is_projected(compiled):
    run = tf.function(project, jit_compile=True) if compiled else project
    embeddings = tf.constant([[[1.0, 1.0], [1.0, 1.0], [0.0, 0.0], [0.0, 2.0]]])
    is_text = tf.constant([[False, True, True, True]])
    token_ids = tf.constant([[3, 3, 3, 3]])
    found = run(embeddings, token_ids, is_text, unit_rows(TABLE), EVERY)
    assert found.numpy().tolist() == [[3, 1, 3, 2]]


@pytest.mark.parametrize("compiled", [False, True])
def test_only_what_is_wanted_is_searched(compiled):
    random = np.random.default_rng(7)
    table = random.normal(size=(50, 6)).astype(np.float32)
    queries = random.normal(size=(600, 6)).astype(np.float32)
    wanted = random.random(600) < 0.4
    inputs = (tf.constant(queries), unit_rows(table), tf.ones([50], tf.bool), tf.constant(wanted))
    run = tf.function(nearest_tokens, jit_compile=True) if compiled else nearest_tokens
    expected = np.where(wanted, brute_force(queries, table, np.ones(50, bool)), 0)
    assert run(*inputs).numpy().tolist() == expected.tolist()


def test_a_block_of_similarities_fills_32_megabytes_at_most():
    for size, at_once in ((40, 256), (30_522, 256), (32_128, 256), (250_002, 33), (5_000_000, 8)):
        assert projection._queries_at_once(size) == at_once
        assert at_once == 8 or at_once * size * 4 <= 2**25


def test_a_search_with_a_recall_finds_all_on_a_cpu():
    random = np.random.default_rng(8)
    table = random.normal(size=(500, 8)).astype(np.float32)
    queries = random.normal(size=(300, 8)).astype(np.float32)
    inputs = (tf.constant(queries), unit_rows(table), tf.ones([500], tf.bool))
    search = partial(nearest_tokens, recall=0.9)
    expected = brute_force(queries, table, np.ones(500, bool)).tolist()
    assert search(*inputs).numpy().tolist() == expected
    assert tf.function(search, jit_compile=True)(*inputs).numpy().tolist() == expected


def test_a_recall_is_told_to_the_search(monkeypatch):
    told = {}

    def approx_max_k(values, k, recall_target):
        told["recall"] = recall_target
        return tf.math.top_k(values, k)

    monkeypatch.setattr(projection.tf.math, "approx_max_k", approx_max_k)
    embeddings = tf.ones([1, 2, 2])
    token_ids = tf.constant([[3, 3]])
    project(embeddings, token_ids, tf.ones([1, 2], tf.bool), unit_rows(TABLE), EVERY)
    assert told == {}
    found = project(embeddings, token_ids, token_ids > 0, unit_rows(TABLE), EVERY, recall=0.8)
    assert (told, found.numpy().tolist()) == ({"recall": 0.8}, [[1, 1]])
