"""Write augmented variants of the training texts to a file.

Usage: python pipelines/augment.py --augment '[{name: tinybert}]' --output variants.tsv

It runs what `tfaugkd augment` runs; --help lists every key.
"""

import sys

from tfaugkd.command_line import main

if __name__ == "__main__":
    sys.exit(main(["augment", *sys.argv[1:]]))
