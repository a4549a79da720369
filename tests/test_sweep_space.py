import pytest

from tfaugkd.errors import InputError
from tfaugkd.sweep_space import Parameter, read_space, said


def read(**entry):
    (parameter,) = read_space([{"key": "loss.soft", **entry}])
    return parameter


def test_a_choice_keeps_its_values_whatever_they_are():
    methods = [[], [{"name": "knn", "degree": 0.3}]]
    for values in ([0.5, 1, 2], ["kl", "mse"], [True, False], [None, 2], methods):
        parameter = read(choice=values)
        assert [parameter.value_of(code) for code in parameter.codes] == values
        # Keras Tuner takes values of one type.
        assert {type(code) for code in parameter.codes} in ({float}, {str})


def test_numbers_have_an_order_and_others_have_none():
    assert read(choice=[1, 0.5]).numeric
    assert read(float=[0.1, 1.0]).numeric
    assert not read(choice=[True, False]).numeric
    assert not read(choice=["a", 1]).numeric


@pytest.mark.parametrize(
    ("entry", "values"),
    [
        # Three times 0.2 is 0.6000000000000001, and yet 0.7 is one of them.
        ({"float": [0.1, 0.7], "step": 0.2}, (0.1, 0.3, 0.5, 0.7)),
        ({"float": [0.1, 0.75], "step": 0.2}, (0.1, 0.3, 0.5, 0.7)),
        ({"float": [0.01, 10], "step": 10, "log": True}, (0.01, 0.1, 1.0, 10.0)),
        ({"int": [2, 9], "step": 3}, (2, 5, 8)),
        ({"int": [8, 64], "step": 2, "log": True}, (8, 16, 32, 64)),
    ],
)
def test_steps(entry, values):
    parameter = read(**entry)
    assert parameter.choices == values
    assert list(map(type, parameter.choices)) == list(map(type, values))
    assert not parameter.endless


def test_a_number_is_what_is_printed_of_it_and_stays_in_its_range():
    parameter = read(float=[0.00011111, 1.0], log=True)
    assert parameter.value_of(0.123456789) == 0.1235
    assert parameter.value_of(0.00011111) == 0.00011111
    assert parameter.value_of(1.00000001) == 1.0
    # What a worker gets, in single precision.
    assert parameter.value_of(0.10000000149011612) == 0.1
    assert read(choice=[0.1, 0.3]).value_of(0.30000001192092896) == 0.3


def test_what_is_endless():
    assert read(float=[0.1, 1.0]).endless
    assert read(int=[1, 100], log=True).endless
    assert not read(int=[1, 100]).endless
    assert not read(choice=[1.5]).endless


def test_extremes():
    assert read(choice=["a", "b"]).extremes == ("a", "b")
    assert read(int=[1, 100]).extremes == (1, 100)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({}, "space[0] (loss.soft) must have one of choice, int, float, not []."),
        ({"int": [1, 2], "choice": [1]}, "not ['choice', 'int']."),
        ({"chioce": [1]}, "Unknown key of space[0]: 'chioce'. Did you mean 'choice'?"),
        ({"choice": []}, "space[0].choice is [], but must be a list of values."),
        ({"choice": 3}, "space[0].choice is 3,"),
        ({"choice": [1, 1]}, "but must hold each value once."),
        ({"choice": [float("nan")]}, "space[0].choice has nan, which is no plain value."),
        ({"choice": [1, 2], "log": True}, "space[0].log must be left out beside choice."),
        ({"float": [1.0]}, "space[0].float is [1.0], but must be the lowest and the highest"),
        ({"float": [2.0, 1.0]}, "as in [0.1, 10.0]."),
        ({"float": [0.0, float("inf")]}, "must be the lowest and the highest"),
        ({"int": [1, 2.5]}, "as in [1, 4]."),
        ({"int": [True, 3]}, "as in [1, 4]."),
        ({"float": [0.0, 1.0], "log": True}, "but with log must be above 0."),
        ({"float": [0.0, 1.0], "log": "yes"}, "space[0].log is 'yes', but must be true or false."),
        ({"float": [0.0, 1.0], "step": 0}, "space[0].step is 0, but must be a number above 0."),
        ({"int": [1, 9], "step": 1, "log": True}, "must be a number above 1."),
        ({"float": [0.0, 1.0], "step": 1e-6}, "which makes more than 1000 values."),
        ({"key": 5, "choice": [1]}, "space[0].key is 5, but must be a key, as in loss.soft."),
        ({"key": "output", "choice": ["a"]}, "'output', which cannot be varied: it is the sweep's"),
        ({"key": "train.seed", "choice": [1]}, "cannot be varied: seeds sets it."),
    ],
)
def test_what_is_refused(entry, message):
    with pytest.raises(InputError) as error:
        read(**entry)
    assert message in str(error.value)


def test_no_two_keys_set_the_same():
    entries = [{"key": "augment", "choice": [[]]}, {"key": "augment[0].degree", "choice": [1]}]
    with pytest.raises(InputError, match="which set the same thing"):
        read_space(entries)


def test_values_are_written_as_in_yaml():
    assert said("kl") == "kl"
    assert said(0.0005) == "0.0005"
    assert said(None) == "null"
    assert said([{"name": "knn", "degree": 0.3}]) == "[{degree: 0.3, name: knn}]"


def test_a_parameter_of_one_number_is_a_range_by_default():
    assert Parameter("a", lowest=1, highest=2, whole=True).extremes == (1, 2)
