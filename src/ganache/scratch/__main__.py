"""``python -m ganache.scratch`` trains on the engine without autograd."""

import argparse
import os
import sys

from ganache.support.console import end_with_status


def run() -> int:
    """Read --arrays first: to import the engine is to choose what it computes with."""
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    first.add_argument("--arrays", nargs="?")
    if name := first.parse_known_args()[0].arrays:
        os.environ["GANACHE_ARRAYS"] = name
    from ganache.scratch import command_line

    return command_line.run(sys.argv[1:])


if __name__ == "__main__":
    end_with_status("ganache.scratch", run)
