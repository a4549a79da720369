"""Run a paper's table or figure, and print ours beside the paper's.

Usage: python pipelines/reproduce.py augpro.table1 --tasks sst2,rte --data.path GLUE

It runs what `tfaugkd reproduce` runs; --help lists every key.
"""

import sys

from tfaugkd.command_line import main

if __name__ == "__main__":
    sys.exit(main(["reproduce", *sys.argv[1:]]))
