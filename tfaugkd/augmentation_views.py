"""What augmentations make of some texts, and what both models make of that.

Everything that shows augmentation to people reads this: the examples and the statistics of
`tfaugkd augment`, TensorBoard's pages and the projector.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfaugkd.augment.method import Views, degree
from tfaugkd.classifier import Hidden, SplitClassifier, Tokens
from tfaugkd.data.examples import Examples
from tfaugkd.data.inputs import read_inputs
from tfaugkd.data.tokenisation import tokenise

if TYPE_CHECKING:
    from tfaugkd.distiller import Distiller

_CLEAN = "as they are"  # No augmentation has a name with blanks.


class Answers(NamedTuple):
    """What a model makes of N texts: logits `[N, C]`, and the first token's last state `[N, D]`.

    The first token is [CLS] in every family but T5's, which has none.
    """

    logits: np.ndarray
    states: np.ndarray


class Made(NamedTuple):
    """N texts as a student is shown them: as they are, or as an augmentation made them.

    `token_ids` `[N, S]` are None where what is shown is no text; `degree` `[N]` is the share of
    changed tokens, and None where there is none. `moved` `[N]` is the distance from the original
    in the student's word embeddings (for TMix, in the states that are mixed) as a share of the
    original's length: it puts all methods on one scale. Where `reads_clean`, the teacher is shown
    the original. `of_teacher` is None where there is no teacher.
    """

    token_ids: np.ndarray | None
    degree: np.ndarray | None
    moved: np.ndarray
    of_student: Answers
    of_teacher: Answers | None
    reads_clean: bool


class Looked(NamedTuple):
    """N texts in the order of the data, their labels `[N]`, and what was made of them, by name."""

    labels: np.ndarray
    clean: Made
    made: dict[str, Made]


def looking(distiller: "Distiller") -> Callable[..., dict[str, Any]]:
    """Builds the graph that `look` runs, for who looks more than once.

    Args:
        distiller: The distiller; no option of its augmentations is "auto" any more (`calibrate`).

    Returns:
        A function of a batch's inputs and labels.
    """
    # A few batches do not repay what XLA takes to compile them.
    return tf.function(lambda x, y: _seen(distiller, x, y), autograph=False)


def look(
    distiller: "Distiller",
    dataset: tf.data.Dataset,
    texts: int,
    seen: Callable[..., dict[str, Any]] | None = None,
) -> Looked:
    """Runs every augmentation of a distiller on the first texts of a run.

    The models answer without dropout, and the distiller is left as it was: a run that is looked
    into goes on as if it had not been.

    Args:
        distiller: The distiller; no option of its augmentations is "auto" any more (`calibrate`).
        dataset: The training data, as for `Distiller.fit`.
        texts: N, how many are looked at, 1 or more.
        seen: What `looking` gave; built anew if not given.

    Returns:
        What was made, and the answers to it.
    """
    seen = seen or looking(distiller)
    parts, labels, count = [], [], 0
    with _dropout_kept(distiller):
        for x, y, *_ in dataset:
            parts.append(tf.nest.map_structure(lambda tensor: tensor.numpy(), seen(x, y)))
            labels.append(y.numpy())
            count += len(labels[-1])
            if count >= texts:
                break
    joined = tf.nest.map_structure(lambda *arrays: np.concatenate(arrays)[:texts], *parts)
    clean = _made(joined.pop(_CLEAN), None)
    found = {name: _made(arrays, clean) for name, arrays in joined.items()}
    return Looked(np.concatenate(labels)[:texts], clean, found)


def _seen(distiller: "Distiller", x: dict[str, Any], y: tf.Tensor) -> dict[str, dict[str, Any]]:
    """Gives for the clean batch and for each augmentation what `Made` holds, as far as it is."""
    batch, draws = distiller.clean_batch(x, y)
    shown = {_CLEAN: Views(batch.teacher, batch.student, None, None)}
    shown |= {
        method.name: distiller.augment(method, batch, draws) for method in distiller.augmentations
    }
    arrays = {name: _of_student(distiller.student, batch.student, v) for name, v in shown.items()}
    if distiller.teacher is not None:
        for name, view in shown.items():
            if name == _CLEAN or view.teacher is not batch.teacher:
                arrays[name]["of_teacher"] = answers(distiller.teacher, view.teacher)
    return arrays


def _of_student(student: SplitClassifier, clean: Tokens, view: Views) -> dict[str, Any]:
    arrays = {"moved": _moved(student, clean, view.student)}
    arrays["of_student"] = answers(student, view.student)
    if isinstance(view.student, Tokens):
        arrays["token_ids"] = view.student.token_ids
    if view.degree is not None:
        arrays["degree"] = view.degree
    return arrays


def answers(model: SplitClassifier, inputs: Tokens | Hidden) -> Answers:
    """Gives a model's logits and the first token's last state, without dropout.

    Args:
        model: The model.
        inputs: Where it begins.

    Returns:
        Tensors `[B, C]` and `[B, D]`.
    """
    hidden = _hidden(model, inputs)
    states = model.encode(*hidden)
    return Answers(
        model.logits(hidden._replace(states=states, layer=model.num_layers)), states[:, 0]
    )


def _hidden(model: SplitClassifier, inputs: Tokens | Hidden) -> Hidden:
    if isinstance(inputs, Hidden):
        return inputs
    return Hidden(model.embed(inputs.token_ids), inputs.segment_ids, inputs.padding_mask)


def _moved(student: SplitClassifier, clean: Tokens, view: Tokens | Hidden) -> tf.Tensor:
    """Measures how far a view lies from the original, as a share of the original's length `[B]`."""
    new = _hidden(student, view)
    old = _hidden(student, clean)
    states = student.encode(*old[:3], to_layer=new.layer)
    was, now = (
        tf.cast(of_view, tf.float32) * tf.cast(mask, tf.float32)[..., tf.newaxis]
        for of_view, mask in ((states, old.padding_mask), (new.states, new.padding_mask))
    )
    return tf.math.divide_no_nan(_length(now - was), _length(was))


def _length(states: tf.Tensor) -> tf.Tensor:
    return tf.sqrt(tf.reduce_sum(tf.square(states), axis=(1, 2)))


def _made(arrays: dict[str, Any], clean: Made | None) -> Made:
    own = arrays.get("of_teacher")
    of_teacher = own if own is not None or clean is None else clean.of_teacher
    return Made(
        arrays.get("token_ids"),
        arrays.get("degree"),
        arrays["moved"],
        arrays["of_student"],
        of_teacher,
        reads_clean=own is None,
    )


@contextmanager
def _dropout_kept(distiller: "Distiller") -> Iterator[None]:
    """Puts the states of both models' dropout back, which every pass with dropout moves on."""
    models = [model for model in (distiller.teacher, distiller.student) if model is not None]
    weights = {id(weight) for model in models for weight in model.classifier.weights}
    states = [
        variable
        for model in models
        for variable in model.classifier.variables
        if id(variable) not in weights
    ]
    before = [state.numpy() for state in states]
    try:
        yield
    finally:
        for state, value in zip(states, before, strict=True):
            state.assign(value)


def look_at_texts(
    model: SplitClassifier,
    originals: Examples,
    texts: Examples,
    sequence_length: int,
    batch_size: int,
) -> Made:
    """Asks a model, teacher and student in one, about texts that were rewritten before training.

    Args:
        model: The model.
        originals: N texts or pairs.
        texts: What was made of them, in the same order.
        sequence_length: S, specials included.
        batch_size: Texts at once.

    Returns:
        What `look` would tell, with the degree of `Variants`.
    """
    preprocessor = model.classifier.preprocessor
    rows = [tokenise(preprocessor, side, sequence_length) for side in (originals, texts)]
    seen = tf.function(lambda clean, new: _of_texts(model, clean, new), autograph=False)
    parts = []
    for start in range(0, len(texts), batch_size):
        sides = (
            {name: tf.constant(array[start : start + batch_size]) for name, array in side.items()}
            for side in rows
        )
        parts.append(tf.nest.map_structure(lambda tensor: tensor.numpy(), seen(*sides)))
    joined = tf.nest.map_structure(lambda *arrays: np.concatenate(arrays), *parts)
    return _made(joined | {"of_teacher": joined["of_student"]}, None)


def _of_texts(model: SplitClassifier, clean: dict, new: dict) -> dict[str, Any]:
    original, shown = read_inputs(clean).student, read_inputs(new).student
    is_text = model.vocabulary.is_text
    either = is_text(shown.token_ids) | is_text(original.token_ids)
    changed = degree(shown.token_ids, either, (original.token_ids,))
    return _of_student(model, original, Views(shown, shown, None, changed))
