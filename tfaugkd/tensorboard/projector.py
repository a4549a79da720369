"""The states of real and augmented texts for TensorBoard's projector."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from tensorboard.plugins.projector import ProjectorConfig

from tfaugkd.augmentation_examples import label_of, words_of
from tfaugkd.augmentation_views import Looked, Made, look
from tfaugkd.classifier import SplitClassifier
from tfaugkd.folders import write_text
from tfaugkd.tensorboard.events import events_of

RUN = "projector"
REAL = "real"
_DIGITS = 5


class StateProjector(keras.callbacks.Callback):
    """Writes the [CLS] states of real texts, and of what each augmentation makes of them.

    It runs at the end of training. The projector colours the points by what made them, by label or
    by the model's answer, and shows a point's text. Keras' own TensorBoard callback has no more
    than embedding tables to show.

    Args:
        log_dir: TensorBoard's folder; the states are its run "projector".
        dataset: The training data, as for `Distiller.fit`.
        texts: Real texts; each method adds as many points.
        label_names: Names of the classes; numbers if not given.
    """

    def __init__(
        self,
        log_dir: str | Path,
        dataset: tf.data.Dataset,
        texts: int = 200,
        label_names: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.log_dir = Path(log_dir)
        self.dataset = dataset
        self.texts = texts
        self.label_names = tuple(label_names)

    def on_train_end(self, logs: Any = None) -> None:
        """Writes the states of the student and, where there is one, of the teacher."""
        looked = look(self.model, self.dataset, self.texts)
        write_states(self.log_dir, looked, self.model.student, self.label_names)

    def get_state(self) -> dict[str, Any]:
        """Gives nothing: there is nothing to remember."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Takes nothing."""


def write_states(
    log_dir: str | Path, looked: Looked, student: SplitClassifier, label_names: Sequence[str] = ()
) -> None:
    """Writes the files that the projector reads.

    Args:
        log_dir: TensorBoard's folder.
        looked: N texts and what was made of them.
        student: Its tokenizer writes the texts.
        label_names: Names of the classes; numbers if not given.
    """
    folder = Path(log_dir) / RUN
    # Where the teacher reads the original, its point would only lie upon the original's.
    shown = {
        "student": {REAL: looked.clean, **looked.made},
        "teacher": {
            name: made
            for name, made in {REAL: looked.clean, **looked.made}.items()
            if made.of_teacher is not None and (made is looked.clean or not made.reads_clean)
        },
    }
    config = ProjectorConfig()
    for model, by_name in shown.items():
        if not by_name:
            continue
        states = [_answers(made, model).states for made in by_name.values()]
        write_text(folder / f"{model}_states.tsv", _numbers(np.concatenate(states)))
        table = _metadata(model, by_name, looked.labels, student, label_names)
        write_text(folder / f"{model}_texts.tsv", table)
        embedding = config.embeddings.add()
        embedding.tensor_name = f"{model}'s [CLS] states"
        embedding.tensor_path = f"{model}_states.tsv"
        embedding.metadata_path = f"{model}_texts.tsv"
    write_text(folder / "projector_config.pbtxt", text_format.MessageToString(config))
    _write_event(folder, looked)


def _answers(made: Made, model: str) -> Any:
    return made.of_student if model == "student" else made.of_teacher


def _numbers(rows: np.ndarray) -> str:
    return "".join("\t".join(f"{x:.{_DIGITS}g}" for x in row) + "\n" for row in rows)


def _metadata(
    model: str,
    by_name: dict[str, Made],
    labels: np.ndarray,
    student: SplitClassifier,
    label_names: Sequence[str],
) -> str:
    lines = ["made by\tlabel\tanswer\ttext\n"]
    for name, made in by_name.items():
        logits = _answers(made, model).logits
        texts = None if made.token_ids is None else words_of(student, made.token_ids)
        for place, row in enumerate(logits):
            answer = float(row[0]) if len(row) == 1 else row.argmax()
            cells = (
                name,
                label_of(labels[place], label_names) or "-",
                label_of(answer, label_names),
                "(no text)" if texts is None else " ".join(texts[place]),
            )
            lines.append("\t".join(" ".join(cell.split()) for cell in cells) + "\n")
    return "".join(lines)


def _write_event(folder: Path, looked: Looked) -> None:
    """Writes a note: TensorBoard finds a run by its events, and the projector by its run."""
    methods = ", ".join(looked.made) or "no augmentation"
    with events_of(folder, 0):
        note = f"States of {len(looked.labels)} real texts and of {methods}, for the projector."
        tf.summary.text("projector", note)
