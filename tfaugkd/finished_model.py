"""What becomes of a trained model: scored, saved with its card, and its results written down."""

from pathlib import Path

import numpy as np

from tfaugkd.activation import activation_beyond_preset
from tfaugkd.classifier import SplitClassifier
from tfaugkd.config import MethodConfig
from tfaugkd.confusion import confusion_of
from tfaugkd.machine import describe_machine
from tfaugkd.model_card import Card, model_card
from tfaugkd.plain_json import write_json
from tfaugkd.run_folder import SCORES_FILE
from tfaugkd.saved_model import MODEL_FOLDER, ModelFacts, save_model
from tfaugkd.scoring import Scored, score_model
from tfaugkd.training import Trained
from tfaugkd.training_texts import Texts
from tfaugkd.typed_command import typed_command


def finish(
    output: Path,
    trained: Trained,
    texts: Texts,
    method: MethodConfig,
    name: str,
    teacher: str = "",
) -> Scored:
    """Scores a trained model on the dev split, saves it with its card and prints what came of it.

    Args:
        output: The job's folder.
        trained: The model.
        texts: What it was trained on, and the dev split.
        method: How it was trained.
        name: The method, for people.
        teacher: What it was distilled from.

    Returns:
        The scores on the dev split.
    """
    dev = texts.dev
    assert dev is not None, "the jobs read one"
    scored = score_model(trained.model, dev, texts.task, texts.sequence_length)
    folder = output / MODEL_FOLDER
    save_trained(folder, trained.model, texts, method, name, scored, "dev", len(dev), teacher)
    result = {
        "scores": scored.scores,
        "split": "dev",
        "examples": len(dev),
        "training": trained.last_means,
        "distinct": {key: found.distinct for key, found in trained.audits.items()},
        "seconds_per_step": trained.seconds_per_step,
        "examples_per_second": trained.examples_per_second,
        "confusion": confusion_of(np.asarray(dev.labels), scored.logits),
        "parameters": trained.model.parameter_count,
        "machine": describe_machine(),
    }
    # Last: where it stands, everything stands.
    write_json(output / SCORES_FILE, result)
    for metric, value in scored.scores.items():
        print(f"{metric} on {len(dev)} examples of dev: {value:.4f}")
    for key, found in trained.audits.items():
        print(
            f"{key}: {trained.degree[key]:.0%} of the tokens changed, "
            f"{found.distinct:.0%} of {found.texts} texts new"
        )
    print(f"Saved in {folder}")
    return scored


def save_trained(
    folder: Path,
    model: SplitClassifier,
    texts: Texts,
    method: MethodConfig,
    name: str,
    scored: Scored,
    split: str,
    split_size: int,
    teacher: str = "",
) -> None:
    """Saves a model as a KerasHub preset with its labels' names and a model card.

    Args:
        folder: Where to.
        model: The model.
        texts: What it was trained on.
        method: How it was trained.
        name: The method, for people.
        scored: Its scores.
        split: Where it was scored.
        split_size: On how many examples.
        teacher: What it was distilled from.
    """
    pair = texts.train.pair
    names = texts.train.label_names
    facts = ModelFacts(texts.task.name, names, texts.sequence_length, pair)
    card = Card(
        name=f"{texts.task.name}: {name}",
        task=texts.task.name,
        label_names=names,
        method=name,
        objective=method.formula,
        scores=scored.scores,
        split=split,
        split_size=split_size,
        training_examples=len(texts.train),
        command=typed_command(),
        teacher=teacher,
        pair=pair,
        folder=str(folder),
        activation=activation_beyond_preset(model.classifier),
        needs_package=type(model.classifier).__module__.startswith("tfaugkd."),
    )
    save_model(model.classifier, folder, facts, model_card(card))
