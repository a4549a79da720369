import pytest
from rich.console import Console

from tfaugkd.intervals import Interval
from tfaugkd.table import Row, markdown_table, print_table, signed_interval

KD = Row("KD", 15_500_000, 62_100_000, {"accuracy": 0.803}, {"accuracy": 0.004})
MIX = Row(
    "AugPro-Mix + AugPro-FGSM",
    parameters=15_500_000,
    size_bytes=62_100_000,
    scores={"accuracy": 0.8156, "f1": 0.8},
    interval=Interval(0.0126, 0.004, 0.022),
    agreement=0.9,
    labelled_examples=1000,
    steps=400,
    seconds_per_step=0.614,
    latency_one_s=0.0041,
    latency_batch_s=0.0552,
    degree={"augpro_mix": 0.3, "augpro_fgsm": 0.421},
    distinct={"augpro_mix": 1.0, "augpro_fgsm": 0.95},
)


def test_differences_are_signed_points():
    assert signed_interval(Interval(0.0126, 0.004, 0.022)) == "+1.3 [+0.4, +2.2]"
    assert signed_interval(Interval(-0.0001, -0.01, 0.01)) == "+0.0 [-1.0, +1.0]"
    assert signed_interval(Interval(float("nan"), 0, 0)) == signed_interval(None) == "-"


def test_markdown_says_every_number_in_its_unit():
    text = markdown_table([KD, MIX], baseline="KD", batch_size=64)
    lines = text.splitlines()
    assert lines[2] == "| Method | Accuracy % | F1 % | Accuracy vs KD | Same as teacher % |"
    assert lines[4] == "| KD | 80.3 ± 0.4 | - | baseline | - |"
    assert lines[5] == "| AugPro-Mix + AugPro-FGSM | 81.6 | 80.0 | +1.3 [+0.4, +2.2] | 90.0 |"
    assert "| Method | Weights (M) | Size (MB) | 1 text (ms) | 64 texts (ms) |" in lines
    assert "| AugPro-Mix + AugPro-FGSM | 15.5 | 62.1 | 4.1 | 55.2 |" in lines
    assert (
        "| AugPro-Mix + AugPro-FGSM | 1,000 | 400 | 0.61 "
        "| augpro_mix 30.0<br>augpro_fgsm 42.1 | augpro_mix 100.0<br>augpro_fgsm 95.0 |"
    ) in lines


def test_what_nobody_measured_is_left_out():
    text = markdown_table([KD], baseline="KD")
    assert "Same as teacher" not in text
    assert "Training" not in text
    assert markdown_table([], baseline="KD") == ""


def test_names_cannot_break_a_table(capsys):
    odd = Row("a|b [bold]", 1, 1, {"accuracy": float("nan")})
    assert "| a\\|b [bold] | - |" in markdown_table([odd, KD], baseline="a|b [bold]")
    print_table([odd, KD], baseline="a|b [bold]")
    assert "a|b [bold]" in capsys.readouterr().out


@pytest.mark.parametrize("width", [80, None])
def test_nothing_is_cut_on_the_terminal_or_in_a_file(width, capsys):
    both = [Row("KD", 1, 1, {"accuracy": 0.8, "f1": 0.8}, {"accuracy": 0.01, "f1": 0.02}), MIX]
    console = Console(width=width) if width else None
    print_table(both, baseline="KD", batch_size=64, console=console)
    output = capsys.readouterr().out
    assert max(map(len, output.splitlines())) <= (width or 120)
    for whole in ("80.0 ± 1.0", "+1.3 [+0.4, +2.2]", "augpro_fgsm 95.0", "55.2", "90.0"):
        assert whole in output
    assert "…" not in output
