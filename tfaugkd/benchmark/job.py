"""The job `tfaugkd benchmark`."""

import logging
import os
from typing import Any

from tfaugkd.benchmark.agreement import check_steps
from tfaugkd.benchmark.config import RANDOM, BenchmarkConfig
from tfaugkd.benchmark.exactness import check_exactness
from tfaugkd.benchmark.floor import Products, products, step_operations
from tfaugkd.benchmark.measured import Machine, Measured, StepTime
from tfaugkd.benchmark.memory import with_extra_memory
from tfaugkd.benchmark.positions import Positions, positions_of_texts, random_positions
from tfaugkd.benchmark.projections import time_projections
from tfaugkd.benchmark.setting import Setting
from tfaugkd.benchmark.steps import TimedStep, chosen_rows, timed_step, warm_up
from tfaugkd.benchmark.tables import markdown, print_sheets, sheets
from tfaugkd.classifier import SplitClassifier
from tfaugkd.folders import require_new_file, write_text
from tfaugkd.latency import Latency, interleaved, seconds
from tfaugkd.machine import describe_machine
from tfaugkd.plain_json import write_json
from tfaugkd.typed_command import typed_command

_LOG = logging.getLogger("tfaugkd")
_IDLE = 0.5


def benchmark(config: BenchmarkConfig) -> None:
    """Times the steps and the projection, prints tables, and writes files if asked to.

    Args:
        config: The job.

    Raises:
        InputError: A model, data or a file that cannot be used; see the sentences.
    """
    for path in (config.json, config.markdown):
        if path is not None:
            require_new_file(path, config.overwrite)
    rows = {} if config.projection else chosen_rows(config.rows)
    load = _load()
    setting = None if config.projection and config.teacher == RANDOM else Setting(config)
    speed: float | None = None
    steps: dict[str, StepTime] = {}
    if setting is not None and rows:
        built = {name: timed_step(row, setting) for name, row in rows.items()}
        speed, steps = _time_steps(setting, built)
    positions = random_positions(config) if setting is None else positions_of_texts(setting)
    measured = Measured(
        Machine(describe_machine(), speed, load),
        _shapes(config, setting, positions),
        steps,
        time_projections(positions, config.repeats),
        check_exactness(positions, config.check, config.seed) if config.check else [],
    )
    _show(config, measured)


def _time_steps(setting: Setting, steps: dict[str, TimedStep]) -> tuple[float, dict[str, StepTime]]:
    """Checks the steps, then times them in turns, and with them products of matrices."""
    check_steps(steps)
    for name, step in steps.items():
        warm_up(name, step)
    memory = {name: with_extra_memory(step.run)[1] for name, step in steps.items()}
    teacher = setting.teacher
    inner = teacher.classifier.backbone.intermediate_dim
    alone = products(setting.shapes.positions, teacher.width, inner)
    for product in alone.values():
        seconds(product.call)
    calls = {name: step.run for name, step in steps.items()}
    calls |= {name: product.call for name, product in alone.items()}
    times = interleaved(calls, setting.config.repeats, lambda n: _LOG.info("Round %d is done.", n))
    speed = _speed(alone, times)
    counted = {
        name: step_operations(step.row.passes, teacher, setting.student, setting.shapes)
        for name, step in steps.items()
    }
    return speed, {
        name: StepTime(times[name], counted[name], counted[name] / speed, memory[name])
        for name in steps
    }


def _speed(alone: dict[str, Products], times: dict[str, Latency]) -> float:
    """Gives operations a second; the faster of the two ways counts."""
    return max(product.operations / times[name].median_s for name, product in alone.items())


def _load() -> float | None:
    """Tells how busy the machine was in the last minute, and warns if it was."""
    if not hasattr(os, "getloadavg"):
        return None
    load = os.getloadavg()[0]
    if load > _IDLE:
        _LOG.warning(
            "The machine is busy (load %.1f): times will be longer than they need be.", load
        )
    return load


def _shapes(
    config: BenchmarkConfig, setting: Setting | None, positions: Positions
) -> dict[str, Any]:
    size, width = positions.table.shape
    shapes: dict[str, Any] = {
        "batch_size": config.batch_size,
        "sequence_length": config.data.sequence_length,
        "vocabulary": size,
        "width": width,
    }
    if setting is not None:
        shapes["text_positions"] = setting.shapes.text_positions
        shapes["teacher"] = _model(setting.teacher)
        shapes["student"] = _model(setting.student)
    return shapes


def _model(model: SplitClassifier) -> dict[str, int]:
    return {
        "layers": model.num_layers,
        "width": model.width,
        "heads": model.num_heads,
        "inner": model.classifier.backbone.intermediate_dim,
        "weights": model.parameter_count,
    }


def _show(config: BenchmarkConfig, measured: Measured) -> None:
    shown = sheets(measured)
    print_sheets(shown)
    speed, load = measured.machine.products_per_s, measured.machine.load
    facts = [measured.machine.description]
    if speed is not None:
        facts.append(f"{speed / 1e9:.0f} billion operations a second in products of matrices")
    if load is not None:
        facts.append(f"load {load:.1f} before the run")
    line = "; ".join(facts)
    print(line)
    if config.json is not None:
        write_json(config.json, measured.plain())
    if config.markdown is not None:
        write_text(config.markdown, f"    {typed_command()}\n\n{line}\n\n{markdown(shown)}")
