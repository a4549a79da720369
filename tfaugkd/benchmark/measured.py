"""What a benchmark measures, as plain values."""

from dataclasses import dataclass, field
from typing import Any

from tfaugkd.benchmark.exactness import Checked
from tfaugkd.benchmark.projections import Projections, TimedProjection
from tfaugkd.latency import Latency


@dataclass(frozen=True)
class Machine:
    """What a benchmark ran on.

    Args:
        description: Processor, cores and versions.
        products_per_s: Operations a second in products of matrices, the fastest seen in this run;
            None where no steps were timed.
        load: How many processes wanted to run in the minute before; None where it is not told.
    """

    description: str
    products_per_s: float | None
    load: float | None


@dataclass(frozen=True)
class StepTime:
    """How long a step took.

    Args:
        latency: Median, fastest and slowest.
        operations: Counted operations.
        floor_s: Seconds that these take at the machine's speed.
        extra_bytes: Memory beyond weights and optimizer; None where it is not told.
    """

    latency: Latency
    operations: float
    floor_s: float
    extra_bytes: int | None

    def plain(self) -> dict[str, Any]:
        """Gives the numbers by name."""
        return {
            **self.latency._asdict(),
            "floor_s": self.floor_s,
            "operations": self.operations,
            "extra_bytes": self.extra_bytes,
        }


@dataclass(frozen=True)
class Measured:
    """All that a benchmark measured.

    Args:
        machine: What it ran on.
        shapes: Of the batch and of the models, by name.
        steps: The steps' times by the names of their rows; empty where none were timed.
        projections: The projection by itself.
        checked: The cases that were held to brute force, if any.
    """

    machine: Machine
    shapes: dict[str, Any]
    steps: dict[str, StepTime]
    projections: Projections
    checked: list[Checked] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """Gives all numbers by name, for a file."""
        found = self.projections._asdict()
        timed: dict[str, TimedProjection] = found.pop("timed")
        return {
            "machine": self.machine,
            "shapes": self.shapes,
            "steps": {name: step.plain() for name, step in self.steps.items()},
            "projection": {
                **{
                    name: {**each.latency._asdict(), "extra_bytes": each.extra_bytes}
                    for name, each in timed.items()
                },
                **found,
                "checked": [
                    {"case": case.case, **case.verdict._asdict(), "tiers": case.tiers}
                    for case in self.checked
                ],
            },
        }
