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


@pytest.mark.parametrize("lengths", [[32, 16], [16, 16], [4]])
def test_lengths_of_buckets_rise(lengths):
    with pytest.raises(InputError, match=r"length_buckets is \[.*\], but must be a list of rising"):
        TrainConfig(length_buckets=lengths)
