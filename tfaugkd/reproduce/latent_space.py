"""MixKD's Figure 2: real texts and their mixtures, where a student's last layer puts them."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.manifold import TSNE

from tfaugkd.augment.method import Batch
from tfaugkd.augment.mixup import MixUp
from tfaugkd.classifier import SplitClassifier
from tfaugkd.config import Objective
from tfaugkd.data import load_split, task_of
from tfaugkd.data.inputs import read_inputs
from tfaugkd.data.tokenisation import tokenise
from tfaugkd.data_config import DataConfig
from tfaugkd.errors import InputError
from tfaugkd.folders import replacing
from tfaugkd.plain_json import write_json
from tfaugkd.saved_model import load_model

# MixKD, Section 4.3: 50 texts of each of two classes. Mixing needs whole blocks of 8, so 48.
_OF_EACH_CLASS = 48
_SHARES = (0.25, 0.5, 0.75)
_SEED = 0


class LatentSpace(NamedTuple):
    """Where texts and mixtures are: `[N, 2]`, with the share of class 1 in each, `[N]`."""

    texts: np.ndarray
    labels: np.ndarray
    mixtures: np.ndarray
    shares: np.ndarray


def latent_space(model: SplitClassifier, data: DataConfig) -> LatentSpace:
    """Puts texts and their mixtures in the plane, by t-SNE of the first position's last state.

    Args:
        model: The student.
        data: The texts; those of the training split are shown.

    Returns:
        The places.

    Raises:
        InputError: The task has not two classes.
    """
    train = load_split(data, "train")
    if len(train.label_names) != 2:
        raise InputError(
            f"The task {task_of(data).name} has {len(train.label_names)} classes, but the latent "
            "space shows mixtures of two; choose another task."
        )
    labels = np.asarray(train.labels)
    order = np.random.default_rng(_SEED).permutation(len(labels))
    chosen = [order[labels[order] == label][:_OF_EACH_CLASS] for label in (0, 1)]
    # Classes alternate, so that a mixture is of both.
    count = min(map(len, chosen)) // 8 * 8
    rows = np.stack([part[:count] for part in chosen], axis=1).ravel()
    arrays = tokenise(model.classifier.preprocessor, train.take(rows), data.sequence_length)
    tokens = read_inputs({name: tf.constant(part) for name, part in arrays.items()}).student
    targets = tf.one_hot(labels[rows], 2)
    clean = model.encode(model.embed(tokens.token_ids), tokens.segment_ids, tokens.padding_mask)
    states, shares = [clean[:, 0].numpy()], []
    for weight in _SHARES:
        mixup, batch = MixUp(weight), Batch(tokens, tokens, targets)
        hidden = mixup.represent(model, tokens, batch, {}, Objective()).hidden()
        mixed = model.encode(hidden.states, hidden.segment_ids, hidden.padding_mask)
        states.append(mixed[:, 0].numpy())
        shares.append(mixup.targets(batch, {})[:, 1].numpy())
    places = TSNE(random_state=_SEED, perplexity=min(30, len(rows) - 1)).fit_transform(
        np.concatenate(states)
    )
    return LatentSpace(
        places[: len(rows)], labels[rows], places[len(rows) :], np.concatenate(shares)
    )


def draw_latent_spaces(
    path: str | Path, folders: Mapping[str, Path], data: DataConfig, title: str
) -> None:
    """Draws the latent space of each student, and writes the places beside it.

    Args:
        path: The PNG file to write; a JSON file of the same name has the places.
        folders: The saved model of each row.
        data: The texts.
        title: The exhibit.
    """
    figure = Figure(figsize=(5.2 * len(folders), 5.6), dpi=120, layout="constrained")
    figure.suptitle(title, fontsize=11)
    panels = figure.subplots(1, len(folders), squeeze=False)[0]
    spaces = {}
    for axes, (name, folder) in zip(panels, folders.items(), strict=True):
        space = latent_space(SplitClassifier(load_model(folder)[0]), data)
        spaces[name] = {key: part.tolist() for key, part in space._asdict().items()}
        _scatter(axes, space, name)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", facecolor="white")
    write_json(Path(path).with_suffix(".json"), spaces)


def _scatter(axes: Axes, space: LatentSpace, name: str) -> None:
    for label, marker, fill in ((1, "s", "0.75"), (0, "o", "white")):
        chosen = space.texts[space.labels == label]
        axes.scatter(
            chosen[:, 0], chosen[:, 1], s=26, marker=marker, facecolor=fill, edgecolor="black",
            label=f"text of class {label}",
        )  # fmt: skip
    for near, marker in ((True, "^"), (False, "v")):
        chosen = space.mixtures[(space.shares > 0.5) == near]
        axes.scatter(
            chosen[:, 0], chosen[:, 1], s=14, marker=marker, facecolor="none", edgecolor="0.35",
            linewidth=0.7,
            label="mixture, nearer to class 1" if near else "mixture, of class 0 as much or more",
        )  # fmt: skip
    axes.set_title(name, fontsize=10)
    axes.set_xlabel("t-SNE, first axis (no unit)")
    axes.set_ylabel("t-SNE, second axis (no unit)")
    axes.legend(fontsize=7)
