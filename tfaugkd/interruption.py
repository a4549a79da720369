"""SIGTERM and SIGINT: the first lets a run finish its step, the second ends it at once."""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Interrupted(SystemExit):
    """A run was stopped by a signal, and can go on; the status is 128 and the signal's number.

    Left alone, it ends the process with status 143 (SIGTERM) or 130 (SIGINT) and no traceback.

    Args:
        number: The signal's.
        message: What was kept, and how to go on.
    """

    def __init__(self, number: int, message: str) -> None:
        self.status = 128 + number
        self.message = message
        super().__init__(self.status)


class Watch:
    """What `watched_signals` has seen so far.

    Attributes:
        seen: The first signal's number; None as long as there is none.
    """

    def __init__(self) -> None:
        self.seen: int | None = None


@contextmanager
def watched_signals() -> Iterator[Watch]:
    """Takes SIGTERM and SIGINT for as long as the block runs.

    The first is noted. The second ends the process with the status that it would have had anyway,
    in the middle of a step, too: a thread waits for it, as Python's own handlers wait for the step.

    Yields:
        What was seen. Outside the main thread, where no signal arrives, nothing ever is.
    """
    watch = Watch()
    if threading.current_thread() is not threading.main_thread():
        yield watch
        return
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    before = [signal.signal(number, _noted_elsewhere) for number in _SIGNALS]
    wakeup_before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    thread = threading.Thread(target=_wait, args=(reader, watch), daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        signal.set_wakeup_fd(wakeup_before)
        for number, handler in zip(_SIGNALS, before, strict=True):
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        writer.close()
        thread.join()
        reader.close()


def _noted_elsewhere(number: int, frame: Any) -> None:
    """Stands for the default handlers, so that they do not end the process."""


def _wait(reader: socket.socket, watch: Watch) -> None:
    """Reads the number of each signal, which Python writes as soon as it arrives."""
    while number := reader.recv(1):
        if number[0] not in _SIGNALS:
            continue
        if watch.seen is not None:
            # What is on disk is whole at any moment, so there is nothing to tidy up.
            os._exit(128 + number[0])
        watch.seen = number[0]
