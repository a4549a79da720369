import xml.etree.ElementTree as ElementTree

import pytest
import tensorflow as tf

from tfaugkd.curves import Curve, draw_curves, read_curves


def test_scalars_are_read_and_nothing_else(tmp_path):
    writer = tf.summary.create_file_writer(str(tmp_path))
    with writer.as_default():
        for step, loss in ((1, 0.5), (4, 0.25)):
            tf.summary.scalar("batch_loss", loss, step)
        tf.summary.text("note", "some text", 1)
    writer.close()
    assert read_curves(tmp_path) == {"batch_loss": Curve((1, 4), (0.5, 0.25))}


def test_where_there_is_no_folder_there_are_no_curves(tmp_path):
    assert read_curves(tmp_path / "missing") == {}


def test_a_picture_has_axes_and_a_legend():
    curves = {f"run {n}": Curve((1, 2), (n, n + 1.0)) for n in range(6)}
    svg = draw_curves(curves, xlabel="Step", ylabel="Loss", title="A title")
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    for said in ("Step", "Loss", "A title", "run 5"):
        # Letters are drawn as paths; what they say stands in comments.
        assert f"<!-- {said} -->".encode() in svg


@pytest.mark.parametrize("count", [1, 12])
def test_curves_can_be_told_without_colour(count, monkeypatch):
    looks = []
    from matplotlib.axes import Axes

    plot = Axes.plot

    def kept(self, *arguments, **options):
        looks.append((arguments[2], options["marker"], options["color"]))
        return plot(self, *arguments, **options)

    monkeypatch.setattr(Axes, "plot", kept)
    draw_curves({str(n): Curve((1,), (1.0,)) for n in range(count)}, xlabel="x", ylabel="y")
    assert len(set(looks)) == count
