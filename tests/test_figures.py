from pathlib import Path

import pytest

from tfaugkd.reproduce.exhibits import find_exhibit
from tfaugkd.reproduce.figures import exhibit_figure, place_of
from tfaugkd.reproduce.plan import Place, Plan
from tfaugkd.reproduce.results import Line
from tfaugkd.reproduce.run import Outcome


def plan_of(name, task):
    exhibit = find_exhibit(name)
    places = dict.fromkeys((Place(task, *at) for at in exhibit.cells(task)), "not run")
    return Plan(exhibit, Path("results"), {}, places, [], {})


def line(name, task, row, column="", **numbers):
    return Line(name, task, row, column, "dev", "accuracy", **numbers)


def test_bars_show_ours_and_the_papers_with_our_intervals():
    numbers = {"paper": 62.8, "ours": 59.0, "difference": 1.0, "low": -0.5, "high": 2.5}
    lines = [
        line("augpro.table1", "rte", "EncT5_8-KD", paper=61.4, ours=58.0),
        line("augpro.table1", "rte", "+MixUp", compared="accuracy", **numbers),
        line("augpro.table1", "rte", "+BT", paper=61.7),
    ]
    (axes,) = exhibit_figure(plan_of("augpro.table1", "rte"), lines, {}).axes
    assert [bar.get_width() for bar in axes.patches] == [61.4, 62.8, 61.7, 58.0, 59.0, 0.0]
    assert {bar.get_hatch() for bar in axes.patches} == {"///", None}
    assert [text.get_text() for text in axes.get_yticklabels()] == ["EncT5_8-KD", "+MixUp", "+BT"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["the paper's", "ours"]
    assert axes.get_xlabel().startswith("rte: accuracy %, axis not from 0\nWhiskers: ")
    ((_, caps, _),) = [whisker.lines for whisker in axes.containers if hasattr(whisker, "lines")]
    assert [cap.get_xdata()[0] for cap in caps] == [pytest.approx(57.5), pytest.approx(60.5)]


def test_times_have_an_axis_from_nothing_and_no_whiskers():
    times = Line(
        "augpro.table3", "sst2", "KD", "", "", "minutes_per_1000_steps", paper=1.68, ours=4.0
    )
    (axes,) = exhibit_figure(plan_of("augpro.table3", "sst2"), [times], {}).axes
    assert axes.get_xlabel() == "sst2: minutes for 1,000 steps"
    assert axes.get_xlim()[0] == 0


def test_curves_stand_beside_the_papers_on_one_scale():
    lines = [
        line("da_for_kd.table5", "mnli", row, f"{degree}%", paper=70 + degree, ours=40 + degree)
        for row in ("kNN", "EDA")
        for degree in (0, 10, 20)
    ]
    ours, papers = exhibit_figure(plan_of("da_for_kd.table5", "mnli"), lines, {}).axes
    assert [list(curve.get_ydata()) for curve in ours.lines] == [[40, 50, 60]] * 2
    assert [list(curve.get_ydata()) for curve in papers.lines] == [[70, 80, 90]] * 2
    assert list(ours.lines[0].get_xdata()) == [0, 10, 20]
    styles = {(curve.get_linestyle(), curve.get_marker()) for curve in ours.lines}
    assert len(styles) == 2
    assert ours.get_xlabel() == "Semantic shift degree (%)"
    assert ours.get_ylabel() == "mnli: accuracy %"
    assert ours.get_ylim() == papers.get_ylim()
    assert ours.get_legend() is not None


def test_a_figure_without_numbers_says_so():
    lines = [line("mixkd.figure3", "sst2", "SM 0.1", "TMKD 0.5", ours=80.0)]
    ours, papers = exhibit_figure(plan_of("mixkd.figure3", "sst2"), lines, {}).axes
    assert (len(ours.lines), len(papers.lines)) == (1, 0)
    assert ours.get_xscale() == "log"
    assert [text.get_text() for text in papers.texts] == ["no numbers"]


def test_scores_over_the_steps_are_means_over_seeds(tmp_path):
    records = []
    for seed, scores in enumerate(((0.5, 0.7), (0.6, 0.9))):
        logs = tmp_path / str(seed) / "logs"
        logs.mkdir(parents=True)
        table = "".join(f"{epoch},{score}\n" for epoch, score in enumerate(scores))
        (logs / "history.csv").write_text("epoch,val_accuracy\n" + table)
        records.append(logs.parent / "run.json")
    outcome = Outcome({"accuracy": 0.8}, steps=100, records=records)
    lines = [line("da_for_kd.figure4", "mnli", "30%", ours=80.0)]
    places = {Place("mnli", "30%", ""): outcome}
    (axes,) = exhibit_figure(plan_of("da_for_kd.figure4", "mnli"), lines, places).axes
    (curve,) = axes.lines
    assert list(curve.get_xdata()) == [50, 100]
    assert list(curve.get_ydata()) == [pytest.approx(55), pytest.approx(80)]
    assert axes.get_xlabel() == "Training step"


def test_a_column_has_its_number():
    assert [place_of(name) for name in ("20%", "TMKD 0.5", "100%")] == [20, 0.5, 100]
