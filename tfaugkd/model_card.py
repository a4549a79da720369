"""The page that travels with a saved model: what it is, how good, and how to load it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_TAGS = ("text-classification", "keras-hub", "knowledge-distillation")


@dataclass(frozen=True)
class Card:
    """What a model card tells.

    Args:
        name: Headline.
        task: The task, as people name it.
        label_names: Names of the classes in the order of the logits; empty for regression.
        method: How the model was trained, such as "AugPro-Mix" or "fine-tuning".
        objective: The loss that was minimised, in words or as a formula.
        scores: Each metric, as a fraction.
        split: Name of the split that was scored.
        split_size: Examples in it.
        training_examples: Examples that the model was trained on.
        command: What to type to make it again.
        teacher: What it was distilled from; empty if it was not.
        pair: A text is a pair of two.
        folder: Where the model is loaded from, in the example.
        activation: Of its feed-forward layers, where KerasHub builds another one.
        tags: Further tags.
        needs_package: KerasHub knows the model's classes only where this package is imported.
    """

    name: str
    task: str
    label_names: Sequence[str]
    method: str
    objective: str
    scores: Mapping[str, float]
    split: str
    split_size: int
    training_examples: int
    command: str
    teacher: str = ""
    pair: bool = False
    folder: str = "DIR"
    activation: str | None = None
    tags: Sequence[str] = field(default_factory=tuple)
    needs_package: bool = False


def model_card(card: Card) -> str:
    """Writes a model card in the form of Hugging Face's: YAML front matter, then Markdown.

    Args:
        card: What to tell.

    Returns:
        The content of a README.md.
    """
    return "\n".join(
        [_front_matter(card), f"# {card.name}\n", _facts(card), _scores(card), _usage(card)]
    )


def _front_matter(card: Card) -> str:
    tags = dict.fromkeys([*_TAGS[:2], *(_TAGS[2:] if card.teacher else ()), *card.tags])
    lines = ["---", "library_name: keras-hub", "pipeline_tag: text-classification", "tags:"]
    # A JSON string is a YAML string, whatever is in it.
    lines += [f"- {json.dumps(tag, ensure_ascii=False)}" for tag in tags]
    if card.scores:
        lines += ["metrics:", *(f"- {json.dumps(metric)}" for metric in card.scores)]
    return "\n".join([*lines, "---\n"])


def _facts(card: Card) -> str:
    names = ", ".join(f"{index} = {name}" for index, name in enumerate(card.label_names))
    facts = {
        "Task": card.task,
        "Input": "pairs of texts" if card.pair else "texts",
        "Output": f"one logit per class: {names}" if names else "one number (regression)",
        "Teacher": card.teacher,
        "Method": card.method,
        "Objective": card.objective,
        "Training size": f"{card.training_examples:,} examples",
    }
    lines = [f"- **{title}:** {text}" for title, text in facts.items() if text]
    return "\n".join(lines) + f"\n\nMade with\n\n```bash\n{card.command}\n```\n"


def _scores(card: Card) -> str:
    head = f"## Scores\n\nOn the {card.split_size:,} examples of the {card.split} split:\n"
    lines = [f"| {metric} | {value:.3f} |" for metric, value in card.scores.items()]
    return "\n".join([head, "| metric | score |", "|---|--:|", *lines, ""])


def _usage(card: Card) -> str:
    example = '(["first text"], ["second text"])' if card.pair else '["some text"]'
    output = "logits" if card.label_names else "scores"
    imports = ["import keras"] if card.activation else []
    lines = [
        *imports,
        "import keras_hub",
        *(["import tfaugkd"] if card.needs_package else []),
        "",
        f"classifier = keras_hub.models.TextClassifier.from_preset({json.dumps(card.folder)})",
        *_restoring(card.activation),
        f"{output} = classifier.predict({example})",
    ]
    if card.label_names:
        names = json.dumps(list(card.label_names), ensure_ascii=False)
        lines.append(f"print({names}[logits[0].argmax()])")
    else:
        lines.append("print(scores[0, 0])")
    code = "\n".join(lines)
    return f"## How to load it\n\n```python\n{code}\n```\n"


def _restoring(activation: str | None) -> list[str]:
    """Writes the lines that a plain preset needs where KerasHub builds another activation."""
    if activation is None:
        return []
    function = f"keras.activations.{activation}"
    if activation == "gelu_tanh":
        function = "lambda x: keras.activations.gelu(x, approximate=True)"
    return [
        f"# Trained with {activation}; KerasHub builds another, and no preset can say so.",
        "# Without these two lines its answers differ slightly.",
        "for layer in classifier.backbone.transformer_layers:",
        f"    layer._feedforward_intermediate_dense.activation = {function}",
    ]
