import struct

from tfaugkd.intervals import Interval
from tfaugkd.plot import draw_comparison
from tfaugkd.table import Row


def size(png):
    content = png.read_bytes()
    assert content.startswith(b"\x89PNG")
    return struct.unpack(">II", content[16:24])


def test_a_picture_grows_with_the_methods(tmp_path):
    teacher = Row("Teacher", 1, 1, {"accuracy": 0.86})
    rows = [
        Row(f"method {i}", 1, 1, {"accuracy": 0.8 + i / 100}, interval=Interval(i / 100, 0, 0.1))
        for i in range(6)
    ]
    heights = []
    for count in (2, 6):
        path = tmp_path / f"{count}.png"
        draw_comparison(path, [teacher, *rows[:count]], baseline="method 0", teacher="Teacher")
        heights.append(size(path)[1])
    assert heights[1] > heights[0] + 100
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2.png", "6.png"]


def test_rows_without_the_score_are_left_out(tmp_path):
    rows = [Row("KD", 1, 1, {"f1": 0.5}), Row("MixUp", 1, 1, {"accuracy": float("nan")})]
    draw_comparison(tmp_path / "empty.png", rows, baseline="KD")
    assert size(tmp_path / "empty.png")[0] > 100
