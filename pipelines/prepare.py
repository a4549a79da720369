"""Tokenise the training texts into shards by Apache Beam, for corpora beyond memory.

Usage: python pipelines/prepare.py --model packaged --output outputs/prepared

It runs what `tfaugkd prepare` runs; --help lists every key.
"""

import sys

from tfaugkd.command_line import main

if __name__ == "__main__":
    sys.exit(main(["prepare", *sys.argv[1:]]))
