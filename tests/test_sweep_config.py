import pytest
from conftest import complaint, write_yaml

from tfaugkd.command_line import read_config
from tfaugkd.errors import InputError
from tfaugkd.job_configs import DistillConfig
from tfaugkd.sweep_config import SweepConfig

SPACE = [{"key": "loss.soft", "float": [0.1, 10.0], "log": True}]


def test_a_sweep_is_read_from_a_file_and_options(tmp_path):
    file = write_yaml(tmp_path / "a.yaml", space=SPACE, distill={"train": {"steps": 5}})
    more = ["--space+", "{key: train.steps, int: [1, 4]}", "--distill.loss.hard", "0"]
    config = read_config("sweep", [*file, *more, "--tuner", "bayesian"])
    assert [one.key for one in config.parameters] == ["loss.soft", "train.steps"]
    assert (config.distill.train.steps, config.distill.loss.hard) == (5, 0)
    assert (config.tuner, config.trials) == ("bayesian", 12)


@pytest.mark.parametrize(
    ("tuner", "max_trials", "trials"),
    [("random", None, 12), ("random", 3, 3), ("grid", None, None), ("hyperband", None, None)],
)
def test_how_many_trials_there_are(tuner, max_trials, trials):
    space = [{"key": "loss.soft", "choice": [0.5, 1.0]}]
    assert SweepConfig(space, tuner=tuner, max_trials=max_trials).trials == trials


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"space": []}, "space is [], but must be at least one key with its values."),
        ({"seeds": [1, 1]}, "seeds is [1, 1], but must be different numbers, at least one."),
        ({"keep": -1}, "keep is -1, but must be 0 or more."),
        ({"workers": 0}, "workers is 0, but must be 1 or more."),
        ({"seed": 0}, "seed is 0, but must be 1 or more."),
        ({"hyperband_factor": 1}, "hyperband_factor is 1, but must be 2 or more."),
        ({"max_trials": 0}, "max_trials is 0, but must be 1 or more."),
        ({"max_trials": 3, "tuner": "hyperband"}, "left out where tuner is 'hyperband'."),
        ({"tuner": "grid"}, "given with a step, or as a choice, where tuner is 'grid'."),
        ({"distill": DistillConfig(output="x")}, "distill.output is 'x', but must be left out"),
        (
            {"space": [{"key": "train.epochs", "choice": [1]}], "tuner": "hyperband"},
            "space is 'train.epochs', but must be another key: hyperband varies the steps.",
        ),
        ({"space": [{"key": "loss.soft", "choice": ["a"]}]}, "loss.soft is 'a' in space"),
    ],
)
def test_what_is_refused(keys, message):
    with pytest.raises(InputError) as error:
        SweepConfig(**({"space": SPACE} | keys))
    assert message in str(error.value)


def test_a_wrong_space_is_refused_in_one_line():
    message = complaint("sweep", "--space", "[{key: loss.sotf, choice: [1.0]}]")
    assert message == "Unknown key 'loss.sotf' in space. Did you mean 'loss.soft'?"
