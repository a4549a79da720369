import os
import subprocess
import sys
import time

import pytest

from tfaugkd import sweep_processes
from tfaugkd.errors import InputError
from tfaugkd.sweep_config import SweepConfig
from tfaugkd.sweep_processes import search_in_processes

CHIEF = "import os, time; 'chief' in os.environ['KERASTUNER_TUNER_ID'] and time.sleep(60); "


@pytest.fixture
def started(monkeypatch, tmp_path):
    """Runs a line of Python in the place of the chief and of two workers."""
    config = SweepConfig(
        [{"key": "loss.soft", "choice": [1.0]}], workers=2, output=str(tmp_path / "sweep")
    )

    def start(code):
        monkeypatch.setattr(sweep_processes, "_CODE", code)
        search_in_processes(config)

    return start


def test_it_ends_with_the_workers_and_does_not_wait_for_the_chief(started, tmp_path):
    note = f"open({str(tmp_path)!r} + '/' + os.environ['KERASTUNER_TUNER_ID'], 'w').write("
    told = "' '.join(__import__('sys').argv[1:]) + os.environ['KERASTUNER_ORACLE_IP'])"
    began = time.monotonic()
    started(CHIEF + note + told)
    assert time.monotonic() - began < 30
    said = f"sweep --config {tmp_path}/sweep/config.yaml127.0.0.1"
    assert (tmp_path / "worker1").read_text() == (tmp_path / "worker2").read_text() == said
    assert not (tmp_path / "chief").exists()


def test_it_ends_when_one_of_them_fails(started):
    sentence = r"process worker2 ended early, with status 3; what it wrote stands above"
    with pytest.raises(InputError, match=sentence):
        started(CHIEF + "os.environ['KERASTUNER_TUNER_ID'] == 'worker2' and os._exit(3)")


def test_a_process_leaves_with_the_one_that_started_it(tmp_path):
    note = tmp_path / "id"
    part = (
        "import os, time; from tfaugkd.sweep_processes import leave_with; "
        f"open({str(note)!r}, 'w').write(str(os.getpid())); "
        "leave_with(os.getppid()); time.sleep(60)"
    )
    whole = (
        "import os, subprocess, sys, time; "
        f"subprocess.Popen([sys.executable, '-c', {part!r}]); "
        f"[time.sleep(0.05) for _ in range(600) if not os.path.getsize({str(note)!r})]"
    )
    note.write_text("")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", whole], check=True, env=environment)
    for _ in range(100):
        if not os.path.exists(f"/proc/{note.read_text()}"):
            return
        time.sleep(0.1)
    pytest.fail("it outlived the one that started it")
