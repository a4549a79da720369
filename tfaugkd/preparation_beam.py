"""The preparation as an Apache Beam pipeline: a part goes in, a shard is written."""

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.options.pipeline_options import PipelineOptions

from tfaugkd.data.shards.writing import write_failure
from tfaugkd.errors import InputError
from tfaugkd.preparation_parts import Part
from tfaugkd.preparation_worker import Work, Worker

_LOG = logging.getLogger("tfaugkd")


class WriteShard(beam.DoFn):
    """Makes the shard of a part; the models are loaded once for each worker."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.examples = Metrics.counter("tfaugkd", "examples")

    def setup(self) -> None:
        """Loads the models."""
        self.worker = Worker(self.work)

    def process(self, part: Part) -> Iterator[str]:
        """Writes the shard, or what is wrong with the part, and gives its name."""
        try:
            self.examples.inc(self.worker.write(part).examples)
        except InputError as error:
            # A runner would hand on a traceback, and try the same rows several times.
            _LOG.error("%s is not written: %s", part.name, error)
            write_failure(self.work.config.output, part.name, str(error))
        yield part.name


def write_shards(work: Work, parts: Sequence[Part]) -> None:
    """Runs the pipeline to its end.

    Args:
        work: What every worker is told.
        parts: Those that have no shard yet.

    Raises:
        InputError: There is no such runner or option.
    """
    config = work.config
    options = _options(config.runner_options)
    try:
        pipeline = beam.Pipeline(runner=config.runner, options=options)
    except ValueError as error:
        raise InputError(
            f"runner is {config.runner!r}, which Beam does not know: {error}"
        ) from error
    with pipeline:
        # Without the reshuffle one worker would be given all of them.
        _ = pipeline | beam.Create(list(parts)) | beam.Reshuffle() | beam.ParDo(WriteShard(work))


def _options(given: dict[str, Any]) -> PipelineOptions:
    known = PipelineOptions([]).get_all_options()
    for name in given:
        if name not in known:
            raise InputError(
                f"runner_options has {name!r}, which no option of Beam's is called; the pipeline "
                "options of its documentation are meant, without the dashes."
            )
    return PipelineOptions.from_dictionary(given)
