import pytest

from tfaugkd.augment.degree import advised_degree, check_degree
from tfaugkd.errors import InputError


@pytest.mark.parametrize(
    ("examples", "degree"),
    [(1, 0.5), (9_999, 0.5), (10_000, 0.3), (100_000, 0.3), (100_001, 0.1), (392_702, 0.1)],
)
def test_fewer_examples_are_changed_more(examples, degree):
    assert advised_degree(examples) == degree


@pytest.mark.parametrize("degree", [0, 0.3, 1.0, "auto"])
def test_shares_and_auto_are_degrees(degree):
    check_degree("knn", degree)


@pytest.mark.parametrize("degree", [-0.1, 1.1, "much", float("nan")])
def test_anything_else_is_refused(degree):
    with pytest.raises(InputError, match=r"^knn.degree is .* from 0 to 1, or 'auto'\.$"):
        check_degree("knn", degree)
