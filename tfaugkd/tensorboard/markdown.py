"""Augmented examples in Markdown, as TensorBoard's text page shows it."""

from collections.abc import Sequence

from tfaugkd.augmentation_examples import Example, Span

_MOST_CLASSES = 3  # More of a distribution than that would hide the rest of the line.


def page(examples: Sequence[Example], label_names: Sequence[str] = ()) -> str:
    """Writes one method's examples as a table.

    Args:
        examples: At least one, of one method.
        label_names: Names of the C classes; numbers if not given.

    Returns:
        Markdown: a line about all of them, and the table. Changed words are bold, those that they
        took the place of are in italics.
    """
    reader = examples[0].reader
    head = ["Label", "Original", "Augmented", f"{reader} before", f"{reader} after"]
    lines = [
        [
            escaped(example.label) or "-",
            _spans(example.original, "*"),
            _made(example),
            escaped(distribution(example.before, label_names)),
            _after(example, label_names),
        ]
        for example in examples
    ]
    table = "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *lines])
    return f"{_summary(examples)}\n\n{table}"


def distribution(values: Sequence[float], label_names: Sequence[str] = ()) -> str:
    """Writes a distribution from the most likely class on, or a score.

    Args:
        values: Probabilities of the C classes, or one score.
        label_names: Names of the classes; numbers if not given.

    Returns:
        As in "positive 93 %, negative 7 %"; of many classes the first three.
    """
    if len(values) == 1:
        return f"{values[0]:.2f}"
    order = sorted(range(len(values)), key=lambda index: -values[index])
    shown = order[:_MOST_CLASSES]
    names = [label_names[index] if label_names else str(index) for index in shown]
    parts = [f"{name} {100 * values[i]:.0f} %" for name, i in zip(names, shown, strict=True)]
    return ", ".join(parts)


def escaped(text: str) -> str:
    """Writes a text so that Markdown takes no character of it for its own.

    Args:
        text: Any text.

    Returns:
        One line, with an entity for each ASCII character that is no letter, digit or blank.
    """
    line = " ".join(text.split())
    return "".join(c if c.isalnum() or c == " " or ord(c) > 127 else f"&#{ord(c)};" for c in line)


def _summary(examples: Sequence[Example]) -> str:
    count = len(examples)
    moved = sum(example.moved for example in examples) / count
    parts = [f"embeddings moved by {100 * moved:.0f} %"]
    degrees = [example.degree for example in examples if example.degree is not None]
    if degrees:
        parts.insert(0, f"{100 * sum(degrees) / count:.0f} % of the tokens changed")
    if len(examples[0].before) > 1:
        flipped = sum(example.flips for example in examples)
        parts.append(f"the {examples[0].reader} gives {flipped} of {count} another label")
    said = "; ".join(parts)
    aside = " The teacher reads the original." if examples[0].reader == "student" else ""
    return f"**{escaped(examples[0].method)}**: {said}.{aside}"


def _spans(spans: Sequence[Span], mark: str) -> str:
    return " ".join(
        f"{mark}{escaped(span.text)}{mark}" if span.changed else escaped(span.text)
        for span in spans
    )


def _made(example: Example) -> str:
    text = _spans(example.made, "**") or f"no text; moved by {100 * example.moved:.0f} %"
    return f"{text} (with: {escaped(example.partner)})" if example.partner else text


def _after(example: Example, label_names: Sequence[str]) -> str:
    text = escaped(distribution(example.after, label_names))
    return f"**{text}** (flips)" if example.flips else text
