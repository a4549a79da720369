"""From the configuration of the data to the prepared texts that a model is trained on."""

from tfaugkd.data.shards.manifest import Manifest
from tfaugkd.data.shards.prepared_examples import PreparedExamples, read_prepared
from tfaugkd.data.shares import part_of_train, takes_part
from tfaugkd.data.tasks import Task
from tfaugkd.data_config import DataConfig
from tfaugkd.errors import InputError


def load_prepared(config: DataConfig, task: Task, split: str) -> PreparedExamples:
    """Opens the training split where it was prepared, and takes the part that is wanted.

    Args:
        config: The configuration; its prepared names the folder.
        task: The task.
        split: "train" or "held_out".

    Returns:
        What `load_split` would have read into memory, in the same order.

    Raises:
        InputError: The folder is not whole, or was prepared for something else.
    """
    assert config.prepared is not None, "only asked where it is given"
    examples = read_prepared(config.prepared)
    _require_same_task(config, task, examples.reader.manifest)
    part = examples
    if takes_part(config):
        part = part_of_train(config, split, examples)
    if split == "held_out":
        return part
    if config.unlabelled_file is not None:
        part = part.with_unlabelled()
    return part if config.labels else part.without_labels()


def _require_same_task(config: DataConfig, task: Task, manifest: Manifest) -> None:
    for key, prepared, wanted in (
        ("data.task", manifest.task, task.name),
        ("data.label_names", list(manifest.label_names), list(task.label_names)),
        ("data.protect", list(manifest.protect), config.protect),
    ):
        if prepared != wanted:
            raise InputError(
                f"{key} is {wanted!r}, but {config.prepared} was prepared with {prepared!r}; "
                "prepare it again, or name the folder of other texts."
            )
    if manifest.pair != (task.text_b is not None):
        kinds = {True: "pairs of texts", False: "single texts"}
        raise InputError(
            f"{config.prepared} holds {kinds[manifest.pair]}, but the task {task.name} has "
            f"{kinds[not manifest.pair]}."
        )
    if manifest.augmented and takes_part(config):
        raise InputError(
            f"{config.prepared} holds augmented copies among its texts, so no part of them can be "
            "taken or held out: prepare it without augment."
        )
    if config.unlabelled_file is not None and not manifest.count(unlabelled_split=True):
        raise InputError(
            f"data.unlabelled_file is {config.unlabelled_file!r}, but {config.prepared} was "
            "prepared without it; prepare it again, or leave the key out."
        )
