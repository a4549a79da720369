"""Label the texts of a file with a saved model.

Usage: python pipelines/predict.py --input texts.csv --output labels.csv

It runs what `tfaugkd predict` runs; --help lists every key.
"""

import sys

from tfaugkd.command_line import main

if __name__ == "__main__":
    sys.exit(main(["predict", *sys.argv[1:]]))
