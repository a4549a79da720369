import numpy as np

from tfaugkd.benchmark.brute_force import BruteForce, Verdict

# East, north, north again, west, and no direction.
TABLE = np.array([[1, 0], [0, 1], [0, 1], [-1, 0], [0, 0]], np.float32)
EVERY = np.ones(5, bool)
NORTH = np.array([[0.1, 3.0]], np.float32)


def judged(query, found, producible=EVERY):
    search = BruteForce(TABLE, producible)
    return search.judge(query, search.nearest(query), np.array([found]))


def test_the_nearest_token_is_right_and_others_are_wrong():
    assert judged(NORTH, 1) == Verdict(1, 0, 0)
    assert judged(NORTH, 0) == Verdict(1, 0, 1)
    assert judged(NORTH, 4) == Verdict(1, 0, 1)


def test_of_equal_tokens_only_the_lowest_is_right():
    assert judged(NORTH, 2) == Verdict(1, 0, 1)
    allowed = np.array([True, False, True, True, True])
    assert judged(NORTH, 2, allowed) == Verdict(1, 0, 0)
    assert judged(NORTH, 1, allowed) == Verdict(1, 0, 1)


def test_a_token_as_near_but_for_rounding_is_told_apart():
    # East is nearer by 1e-8 of the mixture's length, which float32 cannot tell.
    query = np.array([[1.0, 1.0 - 1e-8]], np.float64).astype(np.float32)
    table = TABLE.copy()
    table[0, 0] = 1.0 + 1e-7
    search = BruteForce(table, EVERY)
    assert search.nearest(query).tolist() == [0]
    assert search.judge(query, search.nearest(query), np.array([1])) == Verdict(1, 1, 0)


def test_many_queries_are_searched_in_blocks():
    random = np.random.default_rng(0)
    table = random.normal(size=(30, 4)).astype(np.float32)
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    queries = random.normal(size=(3000, 4)).astype(np.float32)
    search = BruteForce(table, np.ones(30, bool))
    nearest = search.nearest(queries)
    assert nearest.tolist() == (queries @ table.T).argmax(axis=1).tolist()
    found = nearest.copy()
    found[[5, 2999]] = (found[[5, 2999]] + 1) % 30
    assert search.judge(queries, nearest, found) == Verdict(3000, 0, 2)
