"""Distil a student from a teacher.

Usage: python pipelines/distill.py --config configs/NAME.yaml

It runs what `tfaugkd distill` runs; --help lists every key.
"""

import sys

from tfaugkd.command_line import main

if __name__ == "__main__":
    sys.exit(main(["distill", *sys.argv[1:]]))
