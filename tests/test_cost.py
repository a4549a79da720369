import pytest

from tfaugkd.config import MethodConfig, Objective
from tfaugkd.reproduce.cost import duration, forward_operations, step_operations
from tfaugkd.reproduce.scale import ENCODERS


def test_operations_of_a_forward_pass():
    # MiniLM with 32 texts of 64 tokens: 6 layers of 4 x 384^2 + 2 x 384 x 1536 weights, each used
    # twice by 2,048 tokens, and 4 x 64 x 384 for attention.
    by_hand = 6 * 2048 * (2 * (4 * 384**2 + 2 * 384 * 1536) + 4 * 64 * 384)
    assert forward_operations(ENCODERS["packaged"], 6, 32, 64) == by_hand
    # What a teacher's forward pass was measured to take at 150 GFLOP/s.
    assert by_hand / 150e9 == pytest.approx(0.295, abs=0.01)


@pytest.mark.parametrize(
    ("loss", "augment", "expected"),
    [
        ({"soft": 0.0}, [], 3),
        ({}, [], 3 + 10),
        ({}, [{"name": "mixup"}], 6 + 20),
        ({}, [{"name": "mixup", "ratio": 2}], 9 + 30),
        ({}, [{"name": "fgsm"}], 6 + 10),
        ({}, [{"name": "pga", "steps": 2}], 12 + 10),
        ({}, [{"name": "augpro_fgsm"}], 6 + 20 + 100),
        ({"soft": 0.0}, [{"name": "knn", "hard": 1.0, "soft": 0.0}], 6),
    ],
)
def test_operations_of_a_step(loss, augment, expected):
    # A forward pass of the student is 1, of the teacher 10, a search 100.
    method = MethodConfig(loss=Objective(**loss), augment=augment)
    assert step_operations(method, 10, 1, 100) == expected


def test_durations_are_in_a_unit_that_suits():
    assert duration(10) == "1 minute"
    assert duration(1500) == "25 minutes"
    assert duration(9000) == "2.5 hours"
    assert duration(864_000) == "10 days"
