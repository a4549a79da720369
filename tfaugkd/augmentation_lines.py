"""Examples of augmented texts on the terminal, in colour where there is any."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tfaugkd.augmentation_examples import Example, Span
from tfaugkd.cells import default_console

_CHANGED, _FLIPPED, _ASIDE = "bold green", "bold red", "dim"


def print_examples(
    examples: Sequence[Sequence[Example]],
    label_names: Sequence[str] = (),
    console: Console | None = None,
) -> None:
    """Prints each text once, and under it what every method made of it.

    Args:
        examples: What `examples_of` gave.
        label_names: Names of the C classes; numbers if not given.
        console: Where to print; standard output if not given.
    """
    console = console or default_console()
    for number, made in enumerate(examples, start=1):
        title = f"Text {number}" + (f", labelled {made[0].label}" if made[0].label else "")
        table = Table(title=title, title_justify="left", box=None, expand=True, show_header=False)
        table.add_column("method", no_wrap=True)
        table.add_column("text", ratio=1)
        table.add_column("answer", justify="right", no_wrap=True)
        original = " ".join(span.text for span in made[0].original)
        table.add_row("original", Text(original), answer_of(made[0].before, label_names))
        for example in made:
            marked = not console.is_terminal
            table.add_row(example.method, _text(example, marked), _answer(example, label_names))
        console.print(table)
        console.print()


def answer_of(values: Sequence[float], label_names: Sequence[str] = ()) -> str:
    """Writes a model's answer: the most likely class and its probability, or the score.

    Args:
        values: Probabilities of the C classes, or one score.
        label_names: Names of the classes; numbers if not given.

    Returns:
        As in "positive 93 %", or "3.21".
    """
    if len(values) == 1:
        return f"{values[0]:.2f}"
    best = max(range(len(values)), key=lambda index: values[index])
    name = label_names[best] if label_names else str(best)
    return f"{name} {100 * values[best]:.0f} %"


def _text(example: Example, marked: bool) -> Text:
    text = Text()
    for span in example.made:
        text.append((" " if text else "") + _marked(span, marked), _CHANGED if span.changed else "")
    if not example.made:
        text.append(f"no text; moved by {100 * example.moved:.0f} %", _ASIDE)
    if example.partner:
        text.append(f" (with: {example.partner})", _ASIDE)
    return text


def _marked(span: Span, marked: bool) -> str:
    # Without colour, the marks of a word diff.
    return f"{{+{span.text}+}}" if marked and span.changed else span.text


def _answer(example: Example, label_names: Sequence[str]) -> Text:
    return Text(answer_of(example.after, label_names), _FLIPPED if example.flips else "")
