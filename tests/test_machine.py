import platform
import re

from tfaugkd.machine import describe_machine


def test_one_line_with_what_matters():
    line = describe_machine(["numpy", "no-such-package"])
    assert re.fullmatch(r".+, \d+ cores?; Python [\d.]+\S*, numpy [\d.]+\S*", line)
    assert platform.python_version() in line
