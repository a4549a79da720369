"""The job `tfaugkd prepare`: tokenises a training split into shards, once for all runs.

It goes on where it was interrupted: shards that are whole are kept.
"""

import importlib
import logging
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import tfaugkd
from tfaugkd.augment import METHODS, read_entry
from tfaugkd.data.examples import Examples
from tfaugkd.data.shards.manifest import (
    MANIFEST_FILE,
    Manifest,
    Shard,
    Tokenised,
    write_manifest,
)
from tfaugkd.data.shards.writing import clear_halves, read_failure, read_shard
from tfaugkd.errors import InputError
from tfaugkd.fingerprint import (
    file_fingerprint,
    first_difference,
    folder_fingerprint,
    preset_fingerprint,
    texts_fingerprint,
)
from tfaugkd.folders import MARKER, only_writer, remove, require_new_folder
from tfaugkd.jobs import paths_of, start_output
from tfaugkd.offline import REWRITERS
from tfaugkd.plain_json import plain, read_json, write_json
from tfaugkd.preparation_config import PrepareConfig
from tfaugkd.preparation_parts import Part, split_into_parts
from tfaugkd.preparation_worker import Work, Worker
from tfaugkd.saved_model import model_path

_LOG = logging.getLogger("tfaugkd")
SETTING_FILE = "setting.json"


def prepare(config: PrepareConfig) -> None:
    """Writes the shards of a training split, and last of all their manifest.

    Args:
        config: The job.

    Raises:
        InputError: Beam is not installed; or data, a model, a method or an output that cannot be
            used; see the sentences.
    """
    beam = _beam()
    for entry in config.augment:
        read_entry(entry, METHODS | REWRITERS)
    with ExitStack() as held:
        begun = _is_begun(config)
        if begun:
            held.enter_context(only_writer(config.output))
        goes_on = begun and not config.overwrite
        inputs = [*paths_of(config.data, config.augment), config.model, config.teacher or ""]
        if not goes_on:
            require_new_folder(config.output, config.overwrite, inputs)
        parts, task = split_into_parts(config.data, config.shard_examples)
        work = Work(config, task, len(parts) * config.shard_examples)
        tokens = Worker(work).tokenised()
        setting = _setting_of(work, parts, tokens)
        if goes_on:
            _require_same(config, setting)
            clear_halves(config.output)
        else:
            write_json(start_output(config, inputs) / SETTING_FILE, setting)
            held.enter_context(only_writer(config.output))
        shards = _shards(beam, work, parts)
        write_manifest(config.output, _manifest_of(work, tokens, shards))
    count = sum(shard.examples for shard in shards)
    print(f"Prepared {count} texts in {len(shards)} shards in {config.output}.")


def _beam() -> Any:
    root, quiet = logging.getLogger(), logging.NullHandler()
    # Beam warns of parts of it that are not installed, to which nothing here comes.
    root.addHandler(quiet)
    try:
        return importlib.import_module("tfaugkd.preparation_beam")
    except ImportError as error:
        if not (error.name or "").startswith("apache_beam"):
            raise
        raise InputError(
            "`tfaugkd prepare` needs Apache Beam, which is not installed; `pip install "
            "'tfaugkd[beam]'` brings it."
        ) from error
    finally:
        root.removeHandler(quiet)


def _is_begun(config: PrepareConfig) -> bool:
    folder = Path(config.output)
    return (folder / MARKER).is_file() and (folder / SETTING_FILE).is_file()


def _require_same(config: PrepareConfig, setting: dict[str, Any]) -> None:
    """Refuses to go on with a preparation of something else."""
    before = read_json(Path(config.output) / SETTING_FILE, "the setting of a preparation")
    if difference := first_difference(before, setting):
        raise InputError(
            f"output is {config.output!r}, which holds a preparation with {difference}; name "
            "another folder or set overwrite: true."
        )


def _setting_of(
    work: Work, parts: Sequence[Part], tokens: tuple[Tokenised, Tokenised | None]
) -> dict[str, Any]:
    """Lists all that the shards depend on, so that they are never mixed up."""
    config = work.config
    augmented = {
        "augment": config.augment,
        "copies": config.copies,
        "seed": config.seed,
        "model": preset_fingerprint(config.model),
    }
    found = plain(
        {
            "tfaugkd": tfaugkd.__version__,
            "task": work.task.name,
            "texts": work.task.texts,
            "label_names": work.task.label_names,
            "labels": config.data.labels,
            "sequence_length": config.data.sequence_length,
            "protect": config.data.protect,
            "sources": _sources(parts),
            "shard_examples": config.shard_examples,
            "tokens": tokens,
            "teacher": _answered_by(config),
            **(augmented if config.augment else {"augment": []}),
        }
    )
    assert isinstance(found, dict), "a mapping stays one"
    return found


def _sources(parts: Sequence[Part]) -> list[str]:
    """Tells each file, or each part of texts in memory, from others."""
    texts = [texts_fingerprint(part.source) for part in parts if isinstance(part.source, Examples)]
    files = dict.fromkeys(
        part.source.path for part in parts if not isinstance(part.source, Examples)
    )
    return [*texts, *(file_fingerprint(file) for file in files)]


def _answered_by(config: PrepareConfig) -> str | None:
    return None if config.teacher is None else folder_fingerprint(model_path(config.teacher))


def _shards(beam: Any, work: Work, parts: Sequence[Part]) -> list[Shard]:
    """Writes the shards that are not there yet, and gives all of them."""
    folder = work.config.output
    shards = {part.name: read_shard(folder, part.name) for part in parts}
    missing = [part for part in parts if shards[part.name] is None]
    if len(missing) < len(parts):
        _LOG.info("Kept: %d of %d shards.", len(parts) - len(missing), len(parts))
    if missing:
        # What a manifest names is whole, so that there is none meanwhile.
        remove(Path(folder) / MANIFEST_FILE)
        _LOG.info("Preparing %d shards by %s.", len(missing), work.config.runner)
        beam.write_shards(work, missing)
    return [shards[part.name] or _written(folder, part.name) for part in parts]


def _written(folder: str, name: str) -> Shard:
    shard = read_shard(folder, name)
    if shard is None:
        problem = read_failure(folder, name)
        raise InputError(
            problem or f"The shard {name} was not written to {folder}; run the same command again."
        )
    return shard


def _manifest_of(
    work: Work, tokens: tuple[Tokenised, Tokenised | None], shards: Sequence[Shard]
) -> Manifest:
    config, task = work.config, work.task
    return Manifest(
        task=task.name,
        label_names=task.label_names,
        pair=task.text_b is not None,
        sequence_length=config.data.sequence_length,
        protect=tuple(config.data.protect),
        augmented=bool(config.augment),
        student=tokens[0],
        teacher=tokens[1],
        answered_by=_answered_by(config),
        shards=tuple(shards),
    )
