"""How much of a text to change: DA-for-KD's advice by the number of examples (Section 5.1)."""

from typing import Literal

from tfaugkd.errors import InputError

Degree = float | Literal["auto"]

_SMALL = 10_000
_LARGE = 100_000


def advised_degree(train_examples: int) -> float:
    """Gives the share of tokens to change that DA-for-KD found best for replacement by neighbours.

    Args:
        train_examples: How many examples the student is trained on.

    Returns:
        0.5 for fewer than 10,000, 0.3 up to 100,000, and 0.1 for more.
    """
    if train_examples < _SMALL:
        return 0.5
    return 0.3 if train_examples <= _LARGE else 0.1


def check_degree(name: str, degree: Degree) -> None:
    """Refuses a degree that is no share.

    Args:
        name: The method's name.
        degree: What it was given.

    Raises:
        InputError: It is neither "auto" nor a number from 0 to 1.
    """
    if degree != "auto" and (isinstance(degree, str) or not 0 <= degree <= 1):
        raise InputError(
            f"{name}.degree is {degree!r}, but must be a number from 0 to 1, or 'auto'."
        )
