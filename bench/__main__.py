"""``python -m bench``: measure everything, print the results, and keep those of a full run."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console
from rich.table import Table

from bench.measured import FILE, Measured
from bench.results import HEADINGS, results
from bench.scenarios import FULL, SHORT, measure, measure_deployed, measure_published
from local.cloud import ROOT


def main() -> None:
    """Measure; a short run writes no file."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--short", action="store_true", help="run few rounds and write no file")
    part = parser.add_mutually_exclusive_group()
    part.add_argument(
        "--deployed",
        action="store_true",
        help="measure only start-ups, callbacks and the sweep's pages, and keep the other results",
    )
    part.add_argument(
        "--published",
        action="store_true",
        help="measure only the publish function, and keep the other results",
    )
    arguments = parser.parse_args()
    short: bool = arguments.short
    plan = SHORT if short else FULL
    if arguments.deployed:
        run = measure_deployed(plan, Measured.load())
    elif arguments.published:
        run = measure_published(plan, Measured.load())
    else:
        run = measure(plan)
    table = Table(*HEADINGS)
    for result in results(run):
        table.add_row(*result.cells)
    # Wide enough for the table when the output is not a terminal.
    Console(width=None if sys.stdout.isatty() else 180).print(table)
    if not short:
        FILE.write_text(run.model_dump_json(indent=1) + "\n")
        print(f"wrote {FILE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
