"""Fine-tune a teacher on labelled text.

Usage: python pipelines/teacher.py --config configs/NAME.yaml

It runs what `tfaugkd teacher` runs; --help lists every key.
"""

import sys

from tfaugkd.command_line import main

if __name__ == "__main__":
    sys.exit(main(["teacher", *sys.argv[1:]]))
