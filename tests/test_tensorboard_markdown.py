import html

import pytest
from tensorboard.plugin_util import markdown_to_safe_html

from tfaugkd.augmentation_examples import Example, Span
from tfaugkd.tensorboard.markdown import distribution, escaped, page

KNN = Example(
    method="knn",
    original=(Span("so", False), Span("good", True)),
    made=(Span("so", False), Span("<b>|*bad*", True)),
    partner="",
    label="positive",
    before=(0.1, 0.9),
    after=(0.75, 0.25),
    reader="teacher",
    flips=True,
    degree=0.5,
    moved=0.4,
)
NAMES = ("negative", "positive")


def test_a_page_marks_changes_and_labels_that_flip():
    lines = page([KNN, KNN._replace(flips=False, degree=0.3)], NAMES).splitlines()
    assert lines[0] == (
        "**knn**: 40 % of the tokens changed; embeddings moved by 40 %; the teacher gives 1 of 2 "
        "another label."
    )
    assert lines[4].startswith("| positive | so *good* | so **&#60;b&#62;&#124;&#42;bad&#42;** | ")
    before = "positive 90 &#37;&#44; negative 10 &#37;"
    assert lines[4].endswith(f"| {before} | **negative 75 &#37;&#44; positive 25 &#37;** (flips) |")


def test_tensorboard_shows_a_text_as_it_was_written():
    shown = markdown_to_safe_html(page([KNN], NAMES))
    assert shown.count("<tr>") == 2
    assert "<em>good</em>" in shown
    assert "<b>" not in shown
    assert "<strong><b>|*bad*</strong>" in html.unescape(shown)


def test_what_has_no_text_says_so_and_who_was_asked():
    fgsm = KNN._replace(method="fgsm", made=(), degree=None, reader="student", partner="a plot")
    text = page([fgsm], NAMES)
    assert "no text; moved by 40 % (with: a plot)" in text
    assert "the student gives 1 of 1 another label. The teacher reads the original." in text


def test_a_score_has_no_labels_to_flip():
    text = page([KNN._replace(before=(2.5,), after=(3.0,), flips=False)])
    assert "another label" not in text
    assert text.endswith("| 2&#46;50 | 3&#46;00 |")


@pytest.mark.parametrize(
    ("values", "names", "expected"),
    [
        ((0.07, 0.93), NAMES, "positive 93 %, negative 7 %"),
        ((0.1, 0.2, 0.3, 0.4), (), "3 40 %, 2 30 %, 1 20 %"),
        ((1.234,), (), "1.23"),
    ],
)
def test_a_distribution_begins_with_the_likeliest(values, names, expected):
    assert distribution(values, names) == expected


def test_escaping_keeps_letters_and_makes_one_line():
    assert escaped("a\n b é_1") == "a b é&#95;1"
