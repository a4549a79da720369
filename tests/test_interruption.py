import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from tfaugkd.interruption import Interrupted, watched_signals

# Two signals while one long step, which Python cannot interrupt, is running.
STUBBORN = """
import time, threading
from tfaugkd.interruption import watched_signals
with watched_signals() as watch:
    print("ready", flush=True)
    done = False
    while not done:  # A handler of Python's would run here, and raise nothing.
        time.sleep(0.01)
        if watch.seen:
            print(watch.seen, flush=True)
            time.sleep(30)
"""


def wait_for(condition):
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.001)
    assert condition()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_is_noted_and_nothing_else_happens(number):
    before = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)]
    threads = threading.active_count()
    with watched_signals() as watch:
        assert watch.seen is None
        os.kill(os.getpid(), number)
        wait_for(lambda: watch.seen is not None)
    assert watch.seen == number
    assert [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)] == before
    assert threading.active_count() == threads
    assert signal.set_wakeup_fd(-1) == -1


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_the_second_signal_ends_the_process_at_once(number, status):
    process = subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    assert process.stdout.readline() == f"{int(number)}\n"
    process.send_signal(number)
    assert process.wait(timeout=10) == status
    process.stdout.close()


def test_other_threads_get_no_signals():
    seen = []

    def run():
        with watched_signals() as watch:
            seen.append(watch.seen)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [None]


def test_the_status_is_that_of_a_process_that_a_signal_ended():
    stopped = Interrupted(signal.SIGTERM, "interrupted after step 3")
    assert (stopped.code, stopped.status, stopped.message) == (143, 143, "interrupted after step 3")
