import pytest

from tfaugkd.errors import InputError
from tfaugkd.train_config import TrainConfig


def test_the_best_weights_need_scores():
    message = "keep is 'best', but must be 'last' where evaluate_every is not given."
    with pytest.raises(InputError, match=message):
        TrainConfig(keep="best")


def test_passes_over_the_texts_are_counted_in_steps():
    config = TrainConfig(epochs=3, batch_size=16, keep="best").planned(40)
    assert (config.steps, config.evaluate_every, config.epochs, config.keep) == (9, 3, None, "best")
    in_steps = TrainConfig(steps=4)
    assert in_steps.planned(40) is in_steps


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"epochs": 0}, "epochs is 0, but must be 1 or more."),
        (
            {"epochs": 2, "steps": 5},
            "steps is 5, but must be left out where epochs is given (null takes it back).",
        ),
        (
            {"epochs": 2, "evaluate_every": 5},
            "evaluate_every is 5, but must be left out where epochs is given.",
        ),
    ],
)
def test_passes_that_cannot_be_planned_are_refused(options, sentence):
    with pytest.raises(InputError) as refused:
        TrainConfig(**options)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"steps_per_execution": 0}, "steps_per_execution is 0, but must be 1 or more."),
        (
            {"steps": 20, "steps_per_execution": 3},
            "steps_per_execution is 3, but must be 1 or a divisor of steps (20).",
        ),
        (
            {"steps": 20, "evaluate_every": 10, "steps_per_execution": 4},
            "steps_per_execution is 4, but must be 1 or a divisor of evaluate_every (10).",
        ),
        (
            {"steps": 20, "steps_per_execution": 4, "on_nan": "skip"},
            "on_nan is 'skip', but must be 'stop' with steps_per_execution 4.",
        ),
    ],
)
def test_steps_at_once_must_fill_an_epoch(options, sentence):
    with pytest.raises(InputError) as refused:
        TrainConfig(**options)
    assert str(refused.value) == sentence


def test_steps_at_once_must_fill_a_pass_over_the_texts():
    config = TrainConfig(epochs=2, batch_size=16, steps_per_execution=2)
    assert config.planned(64).steps_per_execution == 2
    with pytest.raises(InputError, match=r"must be 1 or a divisor of evaluate_every \(3\)\.$"):
        config.planned(40)


@pytest.mark.parametrize("lengths", [[32, 16], [16, 16], [4]])
def test_lengths_of_buckets_rise(lengths):
    with pytest.raises(InputError, match=r"length_buckets is \[.*\], but must be a list of rising"):
        TrainConfig(length_buckets=lengths)
