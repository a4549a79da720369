"""Logits of whole splits, and the job that labels a file."""

from typing import Any

import numpy as np
import tensorflow as tf
from keras.utils import Progbar
from scipy.special import softmax

from tfaugkd.classifier import SplitClassifier
from tfaugkd.data.examples import Examples
from tfaugkd.data.files import read_texts, write_rows
from tfaugkd.data.formats import ending_of
from tfaugkd.data.inputs import read_inputs
from tfaugkd.data.spreadsheet import without_formulas
from tfaugkd.data.tokenisation import tokenise
from tfaugkd.data_config import DataConfig
from tfaugkd.errors import InputError
from tfaugkd.folders import require_new_file
from tfaugkd.job_configs import PredictConfig
from tfaugkd.model_fit import check_length
from tfaugkd.saved_model import load_model

EVALUATION_BATCH = 64


def predict_logits(
    model: SplitClassifier,
    examples: Examples,
    sequence_length: int,
    batch_size: int = EVALUATION_BATCH,
    progress: bool = False,
) -> np.ndarray:
    """Runs a model over texts, with dropout off, compiled with XLA.

    Args:
        model: The model.
        examples: N texts or pairs.
        sequence_length: S, specials included.
        batch_size: Texts at once; the last batch is filled up, and cut again.
        progress: Show a bar.

    Returns:
        Logits, float32 `[N, C]`.
    """
    tokens = tokenise(model.classifier.preprocessor, examples, sequence_length)
    filling = -len(examples) % batch_size
    filled = {
        name: np.concatenate([rows, np.repeat(rows[:1], filling, axis=0)])
        for name, rows in tokens.items()
    }
    starts = range(0, len(examples) + filling, batch_size)
    bar = Progbar(len(starts), unit_name="batch") if progress else None
    logits = []
    for number, start in enumerate(starts, start=1):
        batch = {
            name: tf.constant(rows[start : start + batch_size]) for name, rows in filled.items()
        }
        logits.append(model.compiled_logits(read_inputs(batch).student).numpy())
        if bar:
            bar.update(number)
    return np.concatenate(logits)[: len(examples)]


def predict(config: PredictConfig) -> None:
    """Labels the texts of a file and writes a file with a label and a probability for each class.

    Args:
        config: The job.

    Raises:
        InputError: A file, a column or a model that cannot be used; see the sentences.
    """
    require_new_file(config.output, config.overwrite, [config.input])
    ending_of(config.output)
    classifier, facts = load_model(config.model)
    if facts is None:
        raise InputError(
            f"The model in {config.model!r} has no label names (no tfaugkd.json beside it); "
            "save it with `tfaugkd teacher` or `tfaugkd distill`."
        )
    if facts.pair not in (None, config.text_b is not None):
        wanted = (
            "pairs of texts: name text_a and text_b"
            if facts.pair
            else "single texts: name text_a alone"
        )
        raise InputError(f"The model in {config.model!r} reads {wanted}.")
    examples = read_texts(config.input, config.text_a, config.text_b)
    model = SplitClassifier(classifier)
    length = config.sequence_length or facts.sequence_length or DataConfig.sequence_length
    check_length("model", model, length, key="sequence_length")
    logits = predict_logits(model, examples, length, config.batch_size, progress=True)
    rows = prediction_rows(examples, logits, facts.label_names)
    if config.formulas == "quote" and ending_of(config.output) != ".jsonl":
        rows = without_formulas(rows)
    write_rows(config.output, rows)
    print(f"Wrote {len(examples)} predictions to {config.output}.")


def prediction_rows(
    examples: Examples, logits: np.ndarray, label_names: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Makes one row a text: its id, the label, and each class' probability (or the score).

    Args:
        examples: N texts.
        logits: `[N, C]`.
        label_names: Names of the C classes; empty for regression.

    Returns:
        N rows.
    """
    if not label_names:
        return [
            {"id": name, "prediction": float(score)}
            for name, score in zip(examples.ids, logits[:, 0], strict=True)
        ]
    probabilities = softmax(logits.astype(np.float64), axis=-1)
    return [
        {"id": name, "prediction": label_names[int(np.argmax(row))]}
        | {
            f"probability_{label}": round(float(p), 6)
            for label, p in zip(label_names, row, strict=True)
        }
        for name, row in zip(examples.ids, probabilities, strict=True)
    ]
