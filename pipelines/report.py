"""Write one HTML page about finished runs or comparisons.

Usage: python pipelines/report.py outputs/demo

It runs what `tfaugkd report` runs; --help lists every key.
"""

import sys

from tfaugkd.command_line import main

if __name__ == "__main__":
    sys.exit(main(["report", *sys.argv[1:]]))
