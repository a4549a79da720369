"""Time a training step of every method, and the projection by itself.

Usage: python pipelines/benchmark.py --json benchmark.json

It runs what `tfaugkd benchmark` runs; --help lists every key.
"""

import sys

from tfaugkd.command_line import main

if __name__ == "__main__":
    sys.exit(main(["benchmark", *sys.argv[1:]]))
