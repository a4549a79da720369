"""One self-contained HTML page: paragraphs, tables, pictures, examples; no script, no network."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import jinja2

from tfaugkd.cells import Cells

_TEMPLATE = "report.html"


@dataclass(frozen=True)
class Paragraph:
    """Some text."""

    text: str
    kind: ClassVar[str] = "paragraph"


@dataclass(frozen=True)
class Code:
    """Preformatted text that folds away."""

    title: str
    text: str
    open: bool = False
    kind: ClassVar[str] = "code"


@dataclass(frozen=True)
class Picture:
    """A picture inside the page; `source` is a data URL."""

    source: str
    caption: str
    kind: ClassVar[str] = "picture"


@dataclass(frozen=True)
class Grid:
    """A table."""

    cells: Cells
    kind: ClassVar[str] = "table"


@dataclass(frozen=True)
class AugmentedTexts:
    """Texts and what one augmentation made of them, as the template reads them."""

    title: str
    examples: Sequence[dict[str, Any]]
    kind: ClassVar[str] = "examples"


Part = Paragraph | Code | Picture | Grid | AugmentedTexts


@dataclass(frozen=True)
class Section:
    """A headline and what stands under it."""

    title: str
    parts: Sequence[Part]


@dataclass(frozen=True)
class Page:
    """A page."""

    title: str
    sections: Sequence[Section]


def rendered(page: Page) -> str:
    """Writes a page as HTML; whatever a text holds is shown as it is, and never taken for markup.

    Args:
        page: The page.

    Returns:
        The content of an HTML file that needs no other file.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tfaugkd"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(_TEMPLATE).render(page=page) + "\n"


def data_url(content: bytes, kind: str) -> str:
    """Writes a file as a URL that holds it.

    Args:
        content: The file.
        kind: Its media type, such as "image/png".

    Returns:
        The URL.
    """
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
