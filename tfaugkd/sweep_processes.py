"""Trials side by side: Keras Tuner's chief and its workers, each a process on this machine."""

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from tfaugkd.errors import InputError
from tfaugkd.sweep_config import SweepConfig

# Tells a process that it is a part of a sweep, and of which process's.
STARTED_BY = "TFAUGKD_SWEEP_STARTED_BY"

_HERE = "127.0.0.1"
_CODE = "import sys; from tfaugkd.command_line import main; sys.exit(main())"
_POLL_S = 0.2


def search_in_processes(config: SweepConfig) -> None:
    """Runs the trials of a sweep in several processes, and ends with the last of them.

    Args:
        config: The sweep, whose folder is ready and holds its config.yaml.

    Raises:
        InputError: A process ended before the sweep did.
    """
    port = _free_port()
    names = ["chief", *(f"worker{number}" for number in range(1, config.workers + 1))]
    processes: dict[str, subprocess.Popen] = {}
    try:
        for name in names:
            processes[name] = _start(config, name, port)
        _wait(processes)
    finally:
        # The chief waits some while for workers that have gone.
        for process in processes.values():
            process.terminate()
        for process in processes.values():
            process.wait()


def leave_with(parent: int) -> None:
    """Ends this process once the one that started it has ended, however that came.

    Args:
        parent: The id of the one that started it.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        # A trial that is cut off is run again, as after a power failure.
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _start(config: SweepConfig, name: str, port: int) -> subprocess.Popen:
    environment = os.environ | {
        STARTED_BY: str(os.getpid()),
        "KERASTUNER_TUNER_ID": name,
        "KERASTUNER_ORACLE_IP": _HERE,
        "KERASTUNER_ORACLE_PORT": str(port),
        # What can be imported here can be imported there.
        "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path),
    }
    told = ["sweep", "--config", str(Path(config.output) / "config.yaml")]
    # A session of its own: Ctrl-C reaches the first process alone, which then ends the others.
    return subprocess.Popen(
        [sys.executable, "-c", _CODE, *told],
        env=environment,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def _wait(processes: dict[str, subprocess.Popen]) -> None:
    """Returns when every worker has ended well."""
    while True:
        ended = {name: process.poll() for name, process in processes.items()}
        if all(status == 0 for name, status in ended.items() if name != "chief"):
            return
        for name, status in ended.items():
            if status:
                raise InputError(
                    f"The sweep's process {name} ended early, with status {status}; what it wrote "
                    "stands above. The same command goes on with the sweep."
                )
        time.sleep(_POLL_S)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((_HERE, 0))
        return found.getsockname()[1]
