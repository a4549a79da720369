import pytest

from tfaugkd.data.spreadsheet import without_formulas


@pytest.mark.parametrize(
    "cell", ["=1+1", "+cmd|'/c calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1+1"]
)
def test_text_that_would_be_run_is_text(cell):
    assert without_formulas([{"id": "0", "prediction": cell}]) == [
        {"id": "0", "prediction": f"'{cell}"}
    ]


@pytest.mark.parametrize("cell", ["good", "", "a=b", "-1", "+1", "-0.5e3", -0.5, "'=1", " x"])
def test_all_else_stays_as_it_is(cell):
    assert without_formulas([{"prediction": cell}]) == [{"prediction": cell}]
