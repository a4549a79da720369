import io

import pytest
from rich.console import Console

from tfaugkd.augmentation_examples import Example, Span
from tfaugkd.augmentation_lines import answer_of, print_examples

KNN = Example(
    method="knn",
    original=(Span("a", False), Span("[bad]", True)),
    made=(Span("a", False), Span("good", True)),
    partner="",
    label="negative",
    before=(0.9, 0.1),
    after=(0.2, 0.8),
    reader="teacher",
    flips=True,
    degree=0.5,
    moved=0.4,
)
MIXUP = KNN._replace(method="mixup", made=(), partner="the plot", after=(0.6, 0.4), flips=False)
NAMES = ("negative", "positive")


def printed(**options):
    file = io.StringIO()
    print_examples([[KNN, MIXUP]], NAMES, Console(file=file, width=70, **options))
    return file.getvalue()


def test_a_text_stands_above_what_was_made_of_it():
    lines = [" ".join(line.split()) for line in printed().splitlines() if line.strip()]
    assert lines == [
        "Text 1, labelled negative",
        "original a [bad] negative 90 %",
        "knn a {+good+} positive 80 %",
        "mixup no text; moved by 40 % (with: the plot) negative 60 %",
    ]


def test_on_a_terminal_colours_mark_what_changed_and_what_flips():
    text = printed(force_terminal=True, color_system="standard")
    assert "{+" not in text
    assert "\x1b[1;32m good" in text
    assert "\x1b[1;31mpositive 80 %" in text


@pytest.mark.parametrize(
    ("values", "names", "expected"),
    [((0.2, 0.8), NAMES, "positive 80 %"), ((0.7, 0.3), (), "0 70 %"), ((3.14159,), (), "3.14")],
)
def test_an_answer_is_the_likeliest_class_or_the_score(values, names, expected):
    assert answer_of(values, names) == expected
