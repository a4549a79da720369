"""What replicas and hosts gain on this machine: `python docs/examples/scaling.py`.

Plain distillation, packaged encoder with two layers as its student, 32 reviews of 64 tokens in a
batch, which is parted among the replicas. Hosts are processes that talk over the loopback
interface, each on a core of its own. Each row is a run of its own, and its time a step's median.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
from typing import NamedTuple

import tensorflow as tf

from tfaugkd.benchmark.config import BenchmarkConfig
from tfaugkd.benchmark.setting import Setting
from tfaugkd.callbacks import StepTimer
from tfaugkd.distiller import Distiller
from tfaugkd.optimizer import build_optimizer
from tfaugkd.strategy import build_strategy
from tfaugkd.train_config import TrainConfig


class Row(NamedTuple):
    """One line of the table.

    Args:
        name: For people.
        strategy: As in `--strategy`.
        cores: The cores of each process, of which there is one a host.
        replicas: Replicas in a process.
    """

    name: str
    strategy: str
    cores: list[list[int]]
    replicas: int = 1


ROWS = [
    Row("1 process on 1 core", "none", [[0]]),
    Row("1 process on 2 cores", "none", [[0, 1]]),
    Row("1 process on 2 cores, 2 replicas", "mirrored", [[0, 1]], replicas=2),
    Row("2 hosts on 1 core each", "multiworker", [[0], [1]]),
]


def seconds_per_step(row: Row, host: int, steps: int, config: BenchmarkConfig) -> float:
    """Trains in this process for some steps.

    Args:
        row: Where.
        host: Which of the row's processes this is.
        steps: How many.
        config: Models and texts.

    Returns:
        The median time of a step.
    """
    os.sched_setaffinity(0, row.cores[host])
    if row.replicas > 1:
        cpu = tf.config.list_physical_devices("CPU")[0]
        devices = [tf.config.LogicalDeviceConfiguration()] * row.replicas
        tf.config.set_logical_device_configuration(cpu, devices)
    with build_strategy(row.strategy).scope():
        setting = Setting(config)
        distiller = Distiller(setting.teacher, setting.student)
        distiller.compile(build_optimizer(TrainConfig()))
    timer, batches = StepTimer(config.batch_size), setting.batches(setting.student)
    distiller.fit(batches, steps_per_epoch=steps, verbose=0, callbacks=[timer])
    return timer.seconds_per_step


def measured(row: Row, steps: int) -> float:
    """Starts the processes of a row; gives the first one's seconds a step."""
    addresses = [f"localhost:{port}" for port in _free_ports(len(row.cores))]
    processes = []
    for host in range(len(row.cores)):
        task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": host}}
        options = ["--row", str(ROWS.index(row)), "--host", str(host), "--steps", str(steps)]
        processes.append(
            subprocess.Popen(
                [sys.executable, __file__, *options],
                env=os.environ | {"TF_CONFIG": json.dumps(task), "TF_CPP_MIN_LOG_LEVEL": "3"},
                stdout=subprocess.PIPE,
            )
        )
    told = [process.communicate()[0] for process in processes]
    return float(told[0])


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("localhost", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def table(seconds: dict[str, float], batch_size: int) -> str:
    """Writes the table in Markdown.

    Args:
        seconds: Seconds a step, by the rows' names; the first is what the others are held against.
        batch_size: B.

    Returns:
        The lines.
    """
    first = next(iter(seconds.values()))
    lines = ["| where | s a step | examples a second | against the first |", "|---|--:|--:|--:|"]
    for name, each in seconds.items():
        lines.append(f"| {name} | {each:.3f} | {batch_size / each:.1f} | {first / each:.2f} |")
    return "\n".join(lines)


def main() -> None:
    """Prints the table, or what one process of a row has measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--row", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--host", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    config = BenchmarkConfig()
    if given.row is not None:
        print(seconds_per_step(ROWS[given.row], given.host, given.steps, config))
    else:
        seconds = {row.name: measured(row, given.steps) for row in ROWS}
        print(table(seconds, config.batch_size))


if __name__ == "__main__":
    main()
