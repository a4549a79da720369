import re
from pathlib import Path

import pytest
import tpu_cost
from tpu_cost import STUDENT, TEACHER, Cost, Model, forward, parameters, product, seconds, steps

SCALE = Path(__file__).parent.parent / "docs" / "scale.md"


def test_a_product_by_hand():
    # [2, 3] times [3, 5]: 30 multiplications and additions; 6 + 15 + 10 numbers of 2 bytes.
    assert product(2, 3, 5) == Cost(60.0, 62)
    assert product(2, 3, 5, count=4) == Cost(240.0, 248)


def test_a_pass_by_hand():
    # Two texts of three tokens; width 4, heads of 2 in all, feed-forward 5, one layer.
    attention = 4 * 2 * 6 * 4 * 2 + 2 * (2 * 2 * 3 * 3 * 2)
    feed_forward = 3 * 2 * 6 * 4 * 5
    pooling = 2 * 2 * 6 * 4 * 2
    found = forward(Model(layers=1, width=4, inner=2, feed_forward=5), batch=2, length=3)
    assert found.operations == attention + feed_forward + pooling


def test_the_models_are_as_large_as_the_paper_says():
    assert parameters(TEACHER) / 1e6 == pytest.approx(354, rel=0.01)
    assert parameters(STUDENT) / 1e6 == pytest.approx(37, rel=0.03)


def test_more_cores_need_less_time_and_more_exchange():
    cost = Cost(tpu_cost.CORE_OPERATIONS, 1.0)
    assert seconds(cost, 1) == 1.0
    assert 0.5 < seconds(cost, 2) < 0.51
    moved = Cost(1.0, 3 * tpu_cost.CORE_BYTES)
    assert seconds(moved, 1) == 3.0


def test_the_table_in_the_document_is_what_the_program_prints(capsys):
    tpu_cost.main()
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) == 2 + len(steps())
    assert re.search(re.escape(printed.strip()), SCALE.read_text())
