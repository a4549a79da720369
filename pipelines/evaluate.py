"""Score a saved model on a split.

Usage: python pipelines/evaluate.py --config configs/NAME.yaml

It runs what `tfaugkd evaluate` runs; --help lists every key.
"""

import sys

from tfaugkd.command_line import main

if __name__ == "__main__":
    sys.exit(main(["evaluate", *sys.argv[1:]]))
