from dataclasses import dataclass

import pytest

from tfaugkd.errors import InputError
from tfaugkd.folders import MARKER, only_writer
from tfaugkd.run_folder import output_of_run, require_usable_output

MADE_FROM = {"train": {"steps": 20}}


@dataclass(frozen=True)
class Config:
    output: str
    overwrite: bool = False
    resume: str = "auto"


@pytest.fixture
def config(tmp_path):
    return Config(str(tmp_path / "output"))


@pytest.fixture
def output(tmp_path):
    return tmp_path / "output"


class KilledError(Exception):
    """Stands for the end of a process."""


def run(config, made_from=MADE_FROM, inputs=(), finished=True, checkpoint=True):
    """Does what a job does with its folder."""
    require_usable_output(config, inputs)
    with output_of_run(config, inputs, made_from) as folder:
        found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
        for name in ("logs/history.csv", *(["checkpoints/batch_1.npz"] if checkpoint else [])):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text("")
        if not finished:
            raise KilledError
        (folder / "model").mkdir()
        (folder / "scores.json").write_text("{}")
    return found


def interrupted(config, **options):
    with pytest.raises(KilledError):
        run(config, finished=False, **options)


NEW = ["checkpoints", "checkpoints/made_from.json", "config.yaml", MARKER]


def test_a_new_run_begins_in_an_empty_folder_and_leaves_no_checkpoints(config, output):
    assert run(config) == NEW
    assert sorted(path.name for path in output.iterdir()) == [
        *("config.yaml", "logs", "model", "scores.json", MARKER)
    ]


def test_an_interrupted_one_goes_on_with_its_checkpoints_and_logs(config, output):
    interrupted(config)
    (output / "model").mkdir()
    (output / ".0123abcd-model").mkdir()
    (output / ".0123abcd-scores.json").write_text("{")
    assert run(config) == sorted([*NEW, "checkpoints/batch_1.npz", "logs", "logs/history.csv"])


def test_without_a_checkpoint_it_begins_anew_even_if_it_is_another(config):
    interrupted(config, checkpoint=False)
    assert run(config, made_from={"train": {"steps": 30}}) == NEW


@pytest.mark.parametrize("left", [[], [MARKER], [".0123abcd-tfaugkd.json"]])
def test_a_kill_while_the_folder_is_made_is_no_obstacle(left, config, output):
    output.mkdir()
    for name in left:
        (output / name).write_text("")
    assert run(config) == NEW


def test_a_kill_before_the_configuration_is_written_is_none_either(config, output):
    interrupted(config, checkpoint=False)
    (output / "config.yaml").unlink()
    (output / "checkpoints" / "made_from.json").rename(output / "checkpoints" / ".0123abcd-made")
    assert run(config) == NEW


def test_another_run_is_refused_and_nothing_is_lost(config, output):
    interrupted(config)
    before = sorted(output.rglob("*"))
    with pytest.raises(InputError) as refused:
        run(config, made_from={"train": {"steps": 30}})
    assert str(refused.value) == (
        f"output is '{output}', which holds an interrupted run with train.steps 20, not 30; set "
        "that back to go on with it, name another folder or set overwrite: true."
    )
    assert sorted(output.rglob("*")) == before


def test_a_finished_one_is_refused(config):
    run(config)
    with pytest.raises(InputError, match="which is not empty; name another folder or set overwr"):
        run(config)


def test_a_kill_between_the_scores_and_the_end_is_no_obstacle(config, output):
    interrupted(config)
    (output / "scores.json").write_text("{}")
    assert "checkpoints/batch_1.npz" in run(config)
    # In the middle of removing the checkpoints there is nothing left to do.
    (output / ".0123abcd-checkpoints").mkdir()
    with pytest.raises(InputError, match="which is not empty"):
        run(config)


def test_it_can_be_told_not_to_go_on(config, output):
    interrupted(config)
    with pytest.raises(InputError, match="which is not empty"):
        run(Config(config.output, resume="never"))
    assert run(Config(config.output, overwrite=True)) == NEW


def test_a_folder_of_others_is_never_taken_for_an_interrupted_run(config, output):
    (output / "checkpoints").mkdir(parents=True)
    with pytest.raises(InputError, match="which is not empty"):
        run(config)


def test_two_processes_do_not_write_into_one_folder(config, output):
    interrupted(config)
    for again in (config, Config(config.output, overwrite=True)):
        with only_writer(output), pytest.raises(InputError, match="another run is writing; wait"):
            run(again)
    assert (output / "checkpoints" / "batch_1.npz").exists()
