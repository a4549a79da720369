import json

import numpy as np

from tfaugkd.intervals import Interval
from tfaugkd.plain_json import plain, write_json


def test_what_json_does_not_have_becomes_null_and_numpy_becomes_plain(tmp_path):
    value = {"nan": float("nan"), 1: [np.float32(0.5), (np.int64(2), float("inf"))]}
    write_json(tmp_path / "a.json", value | {"interval": Interval(0.1, 0.0, 0.2)})
    assert json.loads((tmp_path / "a.json").read_text()) == {
        "nan": None,
        "1": [0.5, [2, None]],
        "interval": {"mean": 0.1, "low": 0.0, "high": 0.2},
    }


def test_what_is_plain_equals_itself_read_back():
    value = {"layers": (1, 2), "interval": Interval(0.1 + 0.2, 0.0, float("nan"))}
    assert json.loads(json.dumps(plain(value))) == plain(value)
