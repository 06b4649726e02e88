"""`make bench`: what a record costs, in calls and in seconds. `python -m bench --customers 2000` is a quicker look."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from bench.throughput import Scale, measure


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    for name, count in vars(Scale()).items():
        parser.add_argument(f"--{name}", type=int, default=count, help="default: %(default)s")
    scale = Scale(**vars(parser.parse_args(arguments)))
    with tempfile.TemporaryDirectory() as place:
        return measure(Path(place), scale)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
