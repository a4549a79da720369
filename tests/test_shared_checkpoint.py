import numpy as np

from tfaugkd.checkpoint import write_checkpoint
from tfaugkd.errors import InputError
from tfaugkd.shared_checkpoint import read_on_all_hosts


def test_the_first_hosts_checkpoint_reaches_all(on_three_hosts, tmp_path):
    made_from = {"steps": 8, "teacher_logits": "sha256 0"}
    for name, weight in (("0", 1.5), ("1", 2.5)):
        state = {"made_from": made_from, "weight": np.float32([weight])}
        write_checkpoint(tmp_path / name, batches=3, state=state, keep=1)

    # The last bits of a teacher's answers may be others on each machine.
    def read(host, number):
        own = made_from | {"teacher_logits": f"sha256 {number}"}
        return read_on_all_hosts(tmp_path / str(number), own, host)

    assert on_three_hosts(read) == [{"made_from": made_from, "weight": np.float32([1.5])}] * 3


def test_without_a_checkpoint_no_host_goes_on(on_three_hosts, tmp_path):
    made_from = {"steps": 8, "teacher_logits": None}
    found = on_three_hosts(lambda host, _: read_on_all_hosts(tmp_path, made_from, host))
    assert found == [None] * 3


def test_a_host_that_trains_something_else_is_refused(on_three_hosts, tmp_path):
    def read(host, number):
        own = {"first_batch": "sha256 b" if number == 2 else "sha256 a", "teacher_logits": None}
        return read_on_all_hosts(tmp_path, own, host)

    first, second, third = on_three_hosts(read)
    assert (first, second) == (None, None)
    assert isinstance(third, InputError)
    assert str(third) == (
        "The first host's run has first_batch 'sha256 a', not 'sha256 b' as on this host; give all "
        "hosts the same command and the same files."
    )
