"""Answer the test splits of GLUE for its server.

Usage: python pipelines/submit.py --models '{sst2: outputs/sst2}' --path glue

It runs what `tfaugkd submit` runs; --help lists every key.
"""

import sys

from tfaugkd.command_line import main

if __name__ == "__main__":
    sys.exit(main(["submit", *sys.argv[1:]]))
