from scaling import table


def test_rows_are_held_against_the_first():
    assert table({"one core": 0.5, "two cores": 0.32}, batch_size=32).splitlines()[2:] == [
        "| one core | 0.500 | 64.0 | 1.00 |",
        "| two cores | 0.320 | 100.0 | 1.56 |",
    ]
