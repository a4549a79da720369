from pathlib import Path

from tfaugkd.reproduce.exhibits import find_exhibit
from tfaugkd.reproduce.layout import number, tables
from tfaugkd.reproduce.plan import Place, Plan
from tfaugkd.reproduce.results import Line


def plan_of(name, task):
    exhibit = find_exhibit(name)
    places = dict.fromkeys((Place(task, *at) for at in exhibit.cells(task)), "not run")
    return Plan(exhibit, Path("results"), {}, places, [], {})


def test_ours_stands_beside_the_papers():
    line = Line("augpro.table1", "rte", "EncT5_8-KD", "", "dev", "accuracy", paper=61.37, ours=58.0)
    mixed = Line(
        "augpro.table1", "rte", "+MixUp", "", "dev", "accuracy",
        paper=62.82, ours=59.125, spread=0.5, difference=1.125, low=-0.5, high=2.75,
        compared="accuracy", baseline="EncT5_8-KD",
    )  # fmt: skip
    missing = Line("augpro.table1", "rte", "+BT", "", "dev", "accuracy", left_out="no file")
    ((title, rows),) = tables(plan_of("augpro.table1", "rte"), [line, mixed, missing])
    assert title == "rte"
    assert rows == [
        ["Row", "Paper, accuracy %", "Ours", "Ours, accuracy against the baseline, 95 % interval"],
        ["EncT5_8-KD", "61.37", "58.00", "-"],
        ["+MixUp", "62.82", "59.12 ± 0.50", "+1.1 [-0.5, +2.8] to EncT5_8-KD"],
        ["+BT", "-", "-", "left out: no file"],
    ]


def test_columns_that_are_experiments_are_columns():
    lines = [
        Line("da_for_kd.table5", "mnli", "EDA", column, "dev", "accuracy", paper=paper, ours=ours)
        for column, paper, ours in (("0%", 68.89, 40.0), ("10%", 75.81, None), ("30%", None, 41.0))
    ]
    ((title, rows),) = tables(plan_of("da_for_kd.table5", "mnli"), lines)
    assert title == "mnli, accuracy %: ours (the paper's)"
    assert rows[0] == ["Row", *(f"{ten}0%" if ten else "0%" for ten in range(9))]
    assert rows[1] == ["EDA", "40.00 (68.89)", "- (75.81)", "-", "41.00", *["-"] * 5]


def test_numbers_are_written_as_the_papers_do():
    assert number(109483778) == "109,483,778"
    assert number(0.5) == "0.50"
    assert number(None) == number(float("nan")) == "-"
