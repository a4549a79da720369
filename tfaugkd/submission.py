"""The job that answers GLUE's test splits and packs the answers for the benchmark's server."""

import logging
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tfaugkd.classifier import SplitClassifier
from tfaugkd.data import load_split
from tfaugkd.data.examples import Examples
from tfaugkd.data.tasks import TASKS, Task, find_task
from tfaugkd.data_config import DataConfig
from tfaugkd.errors import InputError
from tfaugkd.folders import replacing, require_new_file
from tfaugkd.job_configs import SubmitConfig
from tfaugkd.model_fit import check_length
from tfaugkd.prediction import predict_logits
from tfaugkd.saved_model import ModelFacts, load_model

_LOG = logging.getLogger("tfaugkd")
# The server reads the names of these tasks' classes, and numbers of the others'.
_BY_NAME = ("mnli", "ax", "qnli", "rte")
_LOWEST_SCORE, _HIGHEST_SCORE = 0.0, 5.0


class Part(NamedTuple):
    """One file of a submission.

    Args:
        file: Its name.
        task: The task whose texts it answers.
        split: Their split.
        trained_on: The tasks whose model answers them; the first that there is a model for does.
    """

    file: str
    task: str
    split: str
    trained_on: tuple[str, ...]


PARTS = (
    Part("CoLA.tsv", "cola", "test", ("cola",)),
    Part("SST-2.tsv", "sst2", "test", ("sst2",)),
    Part("MRPC.tsv", "mrpc", "test", ("mrpc",)),
    Part("STS-B.tsv", "stsb", "test", ("stsb",)),
    Part("QQP.tsv", "qqp", "test", ("qqp",)),
    Part("MNLI-m.tsv", "mnli", "test", ("mnli",)),
    Part("MNLI-mm.tsv", "mnli", "test_mismatched", ("mnli",)),
    Part("QNLI.tsv", "qnli", "test", ("qnli",)),
    Part("RTE.tsv", "rte", "test", ("rte",)),
    Part("WNLI.tsv", "wnli", "test", ("wnli",)),
    Part("AX.tsv", "ax", "test", ("ax", "mnli")),
)


def submit(config: SubmitConfig) -> None:
    """Answers the test splits that there are models for, and writes them as one zip file.

    Args:
        config: The job.

    Raises:
        InputError: A model, a file or a task that cannot be used; see the sentences.
    """
    require_new_file(config.output, config.overwrite)
    folders = _folders_by_task(config)
    wanted = [part for part in PARTS if _folder_of(part, folders)]
    # All files are read first: one that is missing stops the job before it answers anything.
    texts = {part: _read(part, config.path) for part in wanted}
    pages = {}
    for part, examples in texts.items():
        folder = _folder_of(part, folders)
        _LOG.info("%s: %d texts, by %s.", part.file, len(examples), folder)
        pages[part.file] = _page(part, examples, folder, config.batch_size)
    _write(config.output, pages)
    print(f"Wrote {', '.join(pages)} to {config.output}.")
    left_out = [part.file for part in PARTS if part not in texts]
    if left_out:
        print(f"There is no {', '.join(left_out)}, but GLUE's server wants all {len(PARTS)} files.")


def _folders_by_task(config: SubmitConfig) -> dict[str, str]:
    folders: dict[str, str] = {}
    for name, folder in config.models.items():
        task = find_task(str(name))
        if task.glue_folder is None:
            raise InputError(f"models has the task {name!r}, which is not part of GLUE.")
        if task.name in folders:
            raise InputError(f"models has the task {task.name} twice; give one folder for it.")
        folders[task.name] = folder
    return folders


def _folder_of(part: Part, folders: dict[str, str]) -> str:
    return next((folders[task] for task in part.trained_on if task in folders), "")


def _read(part: Part, path: str | None) -> Examples:
    examples = load_split(DataConfig(task=part.task, path=path), part.split)
    if examples.ids != [str(row) for row in range(len(examples))]:
        raise InputError(
            f"The test split of {part.task} is not numbered from 0 to {len(examples) - 1}, but the "
            "server wants an answer for every row; get the official file."
        )
    return examples


def _page(part: Part, examples: Examples, folder: str, batch_size: int) -> str:
    """Writes one file: a header, and an index and an answer a row."""
    classifier, facts = load_model(folder)
    if facts is None:
        raise InputError(
            f"The model in {folder!r} has no label names (no tfaugkd.json beside it); save it with "
            "`tfaugkd teacher` or `tfaugkd distill`."
        )
    task = TASKS[part.task]
    _check_facts(folder, facts, task)
    model = SplitClassifier(classifier)
    length = facts.sequence_length or DataConfig.sequence_length
    check_length("model", model, length)
    logits = predict_logits(model, examples, length, batch_size, progress=True)
    answers = prediction_column(task, facts.label_names, logits)
    rows = (f"{index}\t{answer}\n" for index, answer in enumerate(answers))
    return "index\tprediction\n" + "".join(rows)


def _check_facts(folder: str, facts: ModelFacts, task: Task) -> None:
    if set(facts.label_names) != set(task.label_names):
        raise InputError(
            f"The labels of the model in {folder!r} are "
            f"{', '.join(facts.label_names) or 'a score'}, but {task.name}'s are "
            f"{', '.join(task.label_names) or 'a score'}."
        )
    pairs = task.text_b is not None
    if facts.pair not in (None, pairs):
        kinds = {True: "pairs of texts", False: "single texts"}
        raise InputError(
            f"The model in {folder!r} reads {kinds[not pairs]}, but {task.name} has {kinds[pairs]}."
        )


def prediction_column(task: Task, label_names: tuple[str, ...], logits: np.ndarray) -> list[str]:
    """Writes answers as GLUE's server reads them.

    Args:
        task: A task of GLUE.
        label_names: The model's classes, in the order of its logits.
        logits: `[N, C]`.

    Returns:
        N answers: names of classes for MNLI, AX, QNLI and RTE; scores from 0 to 5 with three
        decimals for STS-B; 0 or 1 for the others.

    Raises:
        InputError: The model's answers are not finite.
    """
    if not np.isfinite(logits).all():
        raise InputError(f"The model for {task.name} gives answers that are not finite numbers.")
    if task.regression:
        return [f"{score:.3f}" for score in logits[:, 0].clip(_LOWEST_SCORE, _HIGHEST_SCORE)]
    names = [label_names[place] for place in logits.argmax(-1)]
    if task.name in _BY_NAME:
        return names
    return [str(task.label_names.index(name)) for name in names]


def _write(output: str, pages: dict[str, str]) -> None:
    try:
        with (
            replacing(Path(output).expanduser()) as temporary,
            zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for name, page in pages.items():
                archive.writestr(name, page)
    except OSError as error:
        raise InputError(f"{output} cannot be written: {error.strerror}.") from error
