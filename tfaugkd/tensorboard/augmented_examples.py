"""Pages of augmented examples: at the start of a run, now and then, and at its end."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from tfaugkd.augmentation_examples import Example, examples_of
from tfaugkd.augmentation_views import look, looking
from tfaugkd.callbacks import steps_at_once
from tfaugkd.plain_json import write_json
from tfaugkd.tensorboard.events import events_of
from tfaugkd.tensorboard.markdown import page

RUN = "augmentation"
EXAMPLES_FILE = "examples.json"


class AugmentedExamples(keras.callbacks.Callback):
    """Writes what each augmentation makes of some texts, and what the models make of that.

    TensorBoard's text page then has a tag for each method, with the changes marked, the teacher's
    distribution before and after (the student's, where the teacher reads the original), and the
    labels that flip. They are the same texts each time, so that pages can be compared. The last
    page is also written as `examples.json`, for `tfaugkd report`. Training is not disturbed: the
    states of dropout are put back.

    Args:
        log_dir: TensorBoard's folder; the pages are its run "augmentation".
        dataset: The training data, as for `Distiller.fit`.
        texts: Texts on a page.
        every: Steps between two pages; there are only the first and the last if not given.
        label_names: Names of the classes; numbers if not given.
    """

    def __init__(
        self,
        log_dir: str | Path,
        dataset: tf.data.Dataset,
        texts: int = 8,
        every: int | None = None,
        label_names: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.log_dir = Path(log_dir)
        self.dataset = dataset
        self.texts = texts
        self.every = every
        self.label_names = tuple(label_names)
        self._written_at = -1
        self._seen: Any = None

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Writes the first page, unless a run goes on that has one."""
        if self._written_at < 0:
            self._write()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Writes a page, if it is time."""
        done = int(self.model.optimizer.iterations.numpy())
        if self.every and done // self.every > (done - steps_at_once(self)) // self.every:
            self._write()

    def on_train_end(self, logs: Any = None) -> None:
        """Writes the last page."""
        self._write()
        self._seen = None

    def get_state(self) -> dict[str, Any]:
        """Gives the step of the last page."""
        return {"written_at": self._written_at}

    def set_state(self, state: dict[str, Any]) -> None:
        """Takes the step of the last page back."""
        self._written_at = state["written_at"]

    def _write(self) -> None:
        step = int(self.model.optimizer.iterations.numpy())
        if not self.model.augmentations or step == self._written_at:
            return
        self._written_at = step
        self._seen = self._seen or looking(self.model)
        methods = self.model.augmentations
        looked = look(self.model, self.dataset, self.texts, self._seen)
        examples = examples_of(looked, self.model.student, methods, self.label_names)
        with events_of(self.log_dir / RUN, step):
            for of_method in zip(*examples, strict=True):
                tag = f"augmented/{of_method[0].method}"
                tf.summary.text(tag, page(of_method, self.label_names))
        self._keep(step, examples)

    def _keep(self, step: int, examples: list[list[Example]]) -> None:
        found = {"step": step, "label_names": self.label_names, "texts": examples}
        write_json(self.log_dir / EXAMPLES_FILE, found)
