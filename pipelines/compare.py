"""Distil students by several methods and compare them.

Usage: python pipelines/compare.py --config configs/NAME.yaml

It runs what `tfaugkd compare` runs; --help lists every key.
"""

import sys

from tfaugkd.command_line import main

if __name__ == "__main__":
    sys.exit(main(["compare", *sys.argv[1:]]))
