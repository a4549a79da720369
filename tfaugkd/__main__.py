"""Lets `python -m tfaugkd` do what `tfaugkd` does."""

import sys

from tfaugkd.command_line import main

if __name__ == "__main__":
    sys.exit(main())
