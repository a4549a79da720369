"""The console command `tfaugkd`: one job for each subcommand, configured by YAML and options.

TensorFlow is imported by the jobs alone, so that help and complaints come at once.
"""

import argparse
import importlib.metadata
import inspect
import logging
import os
import sys
from dataclasses import is_dataclass
from typing import Any, NamedTuple, get_args, get_type_hints

import jsonargparse

from tfaugkd.benchmark.config import BenchmarkConfig
from tfaugkd.command_options import checked_options
from tfaugkd.comparison_config import CompareConfig
from tfaugkd.config_fields import build
from tfaugkd.errors import InputError, unknown_name
from tfaugkd.faults import disk_fault
from tfaugkd.interruption import Interrupted
from tfaugkd.job_configs import (
    DistillConfig,
    EvaluateConfig,
    PredictConfig,
    ReportConfig,
    SubmitConfig,
    TeacherConfig,
)
from tfaugkd.offline_config import AugmentConfig
from tfaugkd.preparation_config import PrepareConfig
from tfaugkd.quiet_import import import_quietly
from tfaugkd.reproduce.config import ReproduceConfig
from tfaugkd.sweep_config import SweepConfig


class Job(NamedTuple):
    """A subcommand.

    Args:
        config: The dataclass that the job takes.
        function: Where the job is, as "module:function".
        first: The key that the words right behind the subcommand stand for: one, or a list.
    """

    config: type
    function: str
    first: str | None = None


JOBS = {
    "teacher": Job(TeacherConfig, "tfaugkd.jobs:train_teacher"),
    "distill": Job(DistillConfig, "tfaugkd.jobs:distill"),
    "evaluate": Job(EvaluateConfig, "tfaugkd.scoring:evaluate"),
    "predict": Job(PredictConfig, "tfaugkd.prediction:predict"),
    "augment": Job(AugmentConfig, "tfaugkd.offline:augment"),
    "prepare": Job(PrepareConfig, "tfaugkd.preparation:prepare"),
    "submit": Job(SubmitConfig, "tfaugkd.submission:submit"),
    "compare": Job(CompareConfig, "tfaugkd.comparison:compare"),
    "benchmark": Job(BenchmarkConfig, "tfaugkd.benchmark.job:benchmark"),
    "sweep": Job(SweepConfig, "tfaugkd.sweep:sweep"),
    "reproduce": Job(ReproduceConfig, "tfaugkd.reproduce.job:reproduce", "exhibit"),
    "report": Job(ReportConfig, "tfaugkd.html_report:report", "runs"),
}
ENVIRONMENT = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}

_HELP = ("-h", "--help")
_REQUIRED = "the following arguments are required: "


def main(arguments: list[str] | None = None) -> int:
    """Runs `tfaugkd`.

    Args:
        arguments: The command line after the command's name; sys.argv's if not given.

    Returns:
        The exit status: 0, or 2 for bad input or a fault of the machine, or 130 and 143 if SIGINT
        and SIGTERM interrupted it.
    """
    # Keras and TensorFlow read these once, when they are imported.
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    _log_to_stderr()
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except InputError as error:
        # A message may quote a value of several lines.
        print("tfaugkd: error:", " ".join(str(error).split()), file=sys.stderr)
        return 2
    except OSError as error:
        if (sentence := disk_fault(error)) is None:
            raise
        print("tfaugkd: error:", sentence, file=sys.stderr)
        return 2
    except Interrupted as stopped:
        print("tfaugkd:", stopped.message, file=sys.stderr)
        return stopped.status
    except KeyboardInterrupt:
        print("tfaugkd: interrupted", file=sys.stderr)
        return 130


def read_config(job: str, arguments: list[str]) -> Any:
    """Makes a job's config: options go before YAML files, and those before the defaults.

    Args:
        job: A name of JOBS.
        arguments: The command line after the job's name.

    Returns:
        The instance of the job's config dataclass.

    Raises:
        InputError: A key or a value cannot be used.
        SystemExit: With --print_config, once the config is printed.
    """
    config = JOBS[job].config
    checked = checked_options(config, JOBS[job].first, arguments)
    try:
        values = _parser(job).parse_args(checked)
    except argparse.ArgumentError as error:
        message = str(error)
        if message.startswith(_REQUIRED):
            missing = message.removeprefix(_REQUIRED)
            message = f"Missing: {missing}; give it as --KEY VALUE or in a YAML file with --config."
        raise InputError(message) from error
    return build(config, values)


def _run(arguments: list[str]) -> int:
    name, *rest = arguments or [""]
    if name in _HELP:
        print(_overview())
    elif name == "--version":
        print("tfaugkd", _version())
    elif not name:
        raise InputError(f"Give a subcommand: {', '.join(JOBS)}; tfaugkd --help explains them.")
    elif name not in JOBS:
        raise unknown_name("subcommand", name, JOBS)
    elif set(rest) & set(_HELP):
        print(_help(name))
    else:
        _run_job(name, rest)
    return 0


def _run_job(name: str, arguments: list[str]) -> None:
    try:
        config = read_config(name, arguments)
    except SystemExit:
        # jsonargparse leaves in this way after --print_config.
        return
    module, function = JOBS[name].function.split(":")
    getattr(import_quietly(module), function)(config)


def _parser(job: str) -> jsonargparse.ArgumentParser:
    first = JOBS[job].first
    words = f" [{first.upper()} ...]" if first else ""
    parser = jsonargparse.ArgumentParser(
        prog=f"tfaugkd {job}",
        usage=f"tfaugkd {job}{words} [--config FILE.yaml] [--KEY VALUE ...]",
        exit_on_error=False,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--config",
        action="config",
        metavar="FILE.yaml",
        help="File with keys of those below; if given several times, the last one wins.",
    )
    parser.add_class_arguments(JOBS[job].config)
    return parser


def _help(job: str) -> str:
    parts = [_formatted(_parser(job))]
    for name, kind in get_type_hints(JOBS[job].config).items():
        # jsonargparse leaves out what the entries of a dict hold.
        entry = get_args(kind)[-1] if get_args(kind) else None
        if is_dataclass(entry):
            inner = jsonargparse.ArgumentParser(usage=argparse.SUPPRESS, add_help=False)
            inner.add_class_arguments(entry, f"{name}.NAME")
            parts.append(_formatted(inner))
    return "\n".join(parts).rstrip()


def _formatted(parser: jsonargparse.ArgumentParser) -> str:
    for action in parser._actions:
        if action.metavar == "CONFIG":
            action.metavar = "MAPPING"
            action.help = "Several of these keys at once, as in '{key: value}'."
        elif action.dest.endswith(".help"):
            action.help = argparse.SUPPRESS
    return parser.format_help()


def _overview() -> str:
    jobs = (
        f"  {name:<10}{(inspect.getdoc(job.config) or '').splitlines()[0]}"
        for name, job in JOBS.items()
    )
    return "\n".join(
        (
            "usage: tfaugkd SUBCOMMAND [--config FILE.yaml] [--KEY VALUE ...]",
            "",
            "Knowledge distillation with data augmentation inside the training step.",
            "",
            "subcommands:",
            *jobs,
            "",
            "tfaugkd SUBCOMMAND --help lists every key with its meaning and default.",
            "tfaugkd --version says which version this is.",
        )
    )


def _version() -> str:
    try:
        return importlib.metadata.version("tfaugkd")
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"


def _log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    logger = logging.getLogger("tfaugkd")
    # Replaced rather than added: main may run more than once in a process.
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logging.getLogger("tensorflow").addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    """Keeps back that TensorFlow has traced a step before: every model of a comparison needs it."""
    return "triggered tf.function retracing" not in str(record.msg)
