import re
from pathlib import Path

import numpy as np
import pytest
import two_dimensional

THEORY = Path(__file__).parent.parent / "docs" / "theory.md"


@pytest.mark.parametrize(
    ("trained_on", "beta", "b"),
    [
        (("x1", "x2", "x3", "x4"), (4 / 9, -1 / 18), 0),
        (("x1", "x3", "x_MixUp"), (250 / 533, 200 / 533), -12 / 13),
        (("x1", "x2", "x3"), (4 / 9, 0), 1 / 9),
        # By hand: x4 is -x2 and x3 is -x1, so b changes its sign.
        (("x1", "x3", "x4"), (4 / 9, 0), -1 / 9),
        # By hand: 2 d / |d|^2 for d = x1 - x3 = (5, 4).
        (("x1", "x3"), (10 / 41, 8 / 41), 0),
    ],
)
def test_lines_are_those_of_appendix_b(trained_on, beta, b):
    line = two_dimensional.train(trained_on)
    np.testing.assert_allclose([*line.beta, line.b], [*beta, b], atol=1e-6)


def test_numbers_said_to_be_printed_are_those_of_appendix_b():
    printed = [case.printed for case in two_dimensional.CASES if case.printed]
    expected = [(4 / 9, -1 / 18, 0), (250 / 533, 200 / 533, -12 / 13), (4 / 9, 0, 1 / 9)]
    np.testing.assert_allclose(np.array(printed, dtype=float), expected, rtol=1e-15)


def test_mixup_alone_misclassifies_a_point():
    wrong = {
        case.name: two_dimensional.train(case.trained_on).wrong() for case in two_dimensional.CASES
    }
    assert wrong.pop("MixUp") == ["x2"]
    assert set(map(tuple, wrong.values())) == {()}


def test_what_the_text_trains_on_misclassifies_another_point():
    # Section 3: {x2, x4, x_MixUp}, "sign(...) != y3".
    assert two_dimensional.train(("x2", "x4", "x_MixUp")).wrong() == ["x1"]


def test_neighbours_of_the_mixture():
    np.testing.assert_allclose(two_dimensional.MIXTURE, (-0.1, -0.08))
    assert two_dimensional.nearest() == ("x4", "x3")


def test_it_prints_what_the_documentation_shows(tmp_path, capsys):
    two_dimensional.main(["--output", str(tmp_path)])
    shown = re.findall(r"```text\n(.*?)```", THEORY.read_text(encoding="utf-8"), re.DOTALL)
    assert two_dimensional.table() + "\n" in shown
    assert two_dimensional.table() in capsys.readouterr().out
    assert (tmp_path / "two_dimensional.png").read_bytes().startswith(b"\x89PNG")
