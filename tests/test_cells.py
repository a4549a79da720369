import io

from rich.console import Console

from tfaugkd.cells import Cells, default_console, print_cells


def test_a_table_stands_on_the_terminal_line_by_line():
    file = io.StringIO()
    cells = Cells("Scores", ["Method", "Accuracy %"], [["[bold]KD", "81.2"], ["MixUp", "80.7"]])
    print_cells(cells, Console(file=file, width=60))
    lines = [line.split() for line in file.getvalue().splitlines() if line.strip(" ─")]
    assert lines == [
        ["Scores"],
        ["Accuracy"],
        ["Method", "%"],
        ["[bold]KD", "81.2"],
        ["MixUp", "80.7"],
    ]


def test_a_pipe_has_room_for_120_columns(capsys):
    assert default_console().width == 120
