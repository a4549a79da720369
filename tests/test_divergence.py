import math

import pytest

from tfaugkd.divergence import StopsAtNaN
from tfaugkd.errors import InputError


def ids_of_batch(number):
    return [f"{number}-{row}" for row in range(18)]


def test_the_first_term_that_is_no_number_stops_the_run_and_names_the_texts():
    callback = StopsAtNaN(ids_of_batch)
    callback.on_train_batch_end(0, {"loss": 3.0, "student_loss": 2.0, "mixup_loss": 1.0})
    with pytest.raises(InputError) as stopped:
        callback.on_train_batch_end(
            1, {"loss": math.nan, "student_loss": 2.0, "mixup_loss": math.inf}
        )
    texts = ", ".join(f"1-{row}" for row in range(16))
    assert str(stopped.value) == (
        f"At step 2 mixup_loss is inf, on the texts {texts} and 2 more; look at these texts, lower "
        "train.learning_rate or set train.clip_norm. No checkpoint holds this step."
    )


def test_the_step_goes_on_counting_after_a_resume():
    callback = StopsAtNaN(ids_of_batch)
    callback.set_state({"step": 40})
    callback.on_train_batch_end(0, {"loss": 1.0})
    assert callback.get_state() == {"step": 41}
    with pytest.raises(InputError, match="At step 42 loss is nan, on the texts 41-0, "):
        callback.on_train_batch_end(1, {"loss": math.nan})
