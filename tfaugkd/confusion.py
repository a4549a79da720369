"""Which classes a model takes for which others: the counts and their picture."""

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix

_INCHES_PER_CLASS = 0.55
_MOST_WITH_NUMBERS = 20  # More classes than that leave no room for a number in each cell.


def confusion_counts(labels: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Counts how often each class was answered to texts of each class.

    Args:
        labels: int `[N]`, class indices from 0 to C - 1.
        logits: `[N, C]`, with C at least 2.

    Returns:
        int `[C, C]`: a row for each label, a column for each answer.
    """
    classes = logits.shape[1]
    answers = np.asarray(logits).argmax(axis=-1)
    return confusion_matrix(np.asarray(labels), answers, labels=np.arange(classes))


def confusion_of(labels: np.ndarray, logits: np.ndarray) -> list[list[int]]:
    """Gives the counts as plain numbers, for a file; none for regression, where C = 1."""
    return confusion_counts(labels, logits).tolist() if logits.shape[1] > 1 else []


def draw_confusion(counts: np.ndarray, title: str, label_names: Sequence[str] = ()) -> bytes:
    """Draws a confusion matrix: the darker a cell, the larger its share of its label's texts.

    Args:
        counts: int `[C, C]`, as `confusion_counts` gives them.
        title: Above the picture.
        label_names: Names of the C classes; numbers if not given.

    Returns:
        A PNG file.
    """
    size = len(counts)
    names = list(label_names) or [str(index) for index in range(size)]
    side = 2.0 + _INCHES_PER_CLASS * min(size, _MOST_WITH_NUMBERS)
    figure = Figure(figsize=(side + 0.8, side), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(100 * shares, cmap="Greys", vmin=0, vmax=100)
    figure.colorbar(image, ax=axes, label="Share of the label's texts (%)")
    axes.set_xticks(range(size), names, rotation=45, ha="right")
    axes.set_yticks(range(size), names)
    axes.set_xlabel("Answer")
    axes.set_ylabel("Label")
    axes.set_title(title, fontsize=10)
    if size <= _MOST_WITH_NUMBERS:
        for (row, column), count in np.ndenumerate(counts):
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, f"{count:,}", ha="center", va="center", color=colour)
    file = io.BytesIO()
    figure.savefig(file, format="png", facecolor="white")
    return file.getvalue()
