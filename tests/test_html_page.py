import base64

import jinja2
import pytest

from tfaugkd.cells import Cells
from tfaugkd.html_page import (
    AugmentedTexts,
    Code,
    Grid,
    Page,
    Paragraph,
    Picture,
    Section,
    data_url,
    rendered,
)

EVIL = "<script>alert('a')</script> & \"b\""
SAFE = "&lt;script&gt;alert(&#39;a&#39;)&lt;/script&gt; &amp; &#34;b&#34;"
EXAMPLE = {
    "label": EVIL,
    "original": [{"text": EVIL, "changed": True}],
    "made": [{"text": EVIL, "changed": True}],
    "partner": EVIL,
    "reader": "teacher",
    "before": EVIL,
    "after": EVIL,
    "flips": True,
    "moved": "40 %",
}


def page_with(*parts):
    return rendered(Page("A page", [Section("A section", parts)]))


def test_whatever_a_text_holds_is_shown_and_never_run():
    parts = [
        *(Paragraph(EVIL), Code(EVIL, EVIL), Picture("data:,", EVIL)),
        *(Grid(Cells(EVIL, [EVIL], [[EVIL]])), AugmentedTexts(EVIL, [EXAMPLE])),
    ]
    html = rendered(Page(EVIL, [Section(EVIL, parts)]))
    assert "<script" not in html
    assert html.count(SAFE) == 3 + 1 + 1 + 2 + 2 + 3 + 7


def test_the_page_needs_no_other_file():
    html = page_with(Picture(data_url(b"\x89PNG", "image/png"), "a picture"))
    content = base64.b64encode(b"\x89PNG").decode()
    assert f'<img src="data:image/png;base64,{content}" alt="a picture">' in html
    assert "http" not in html.replace("http-equiv", "")
    assert "default-src 'none'" in html


def test_examples_mark_what_changed_and_what_flips():
    html = page_with(AugmentedTexts("knn", [EXAMPLE | {"made": []}]))
    assert f"<del>{SAFE}</del>" in html
    assert "no text; moved by 40 %" in html
    assert "(another label)" in html
    assert "(another label)" not in page_with(AugmentedTexts("a", [EXAMPLE | {"flips": False}]))


def test_sections_are_linked():
    html = rendered(Page("A page", [Section("One", []), Section("Two", [])]))
    assert '<a href="#s2">Two</a>' in html
    assert '<section id="s2">' in html


def test_a_key_that_is_missing_is_no_empty_cell():
    with pytest.raises(jinja2.UndefinedError):
        page_with(AugmentedTexts("a", [{"label": "b"}]))
