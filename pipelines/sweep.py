"""Distil students over a space of settings, and rank the settings.

Usage: python pipelines/sweep.py --config configs/sweeps/NAME.yaml

It runs what `tfaugkd sweep` runs; --help lists every key.
"""

import sys

from tfaugkd.command_line import main

if __name__ == "__main__":
    sys.exit(main(["sweep", *sys.argv[1:]]))
