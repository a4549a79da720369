import pytest
from conftest import enc_t5

from tfaugkd.classifier import SplitClassifier
from tfaugkd.errors import InputError
from tfaugkd.model_fit import check_length


def test_t5_is_as_long_as_the_text_is(teacher):
    check_length("teacher", SplitClassifier(enc_t5(layers=1)), 100_000)
    with pytest.raises(InputError, match="sequence_length is 17, but the teacher reads at most 16"):
        check_length("teacher", teacher, 17)
