"""``python -m bench``: run everything, print the table, and keep a full run's figures."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console
from rich.table import Table

from bench.lines import lines
from bench.measured import FILE, Measured
from bench.page import PAGE, page
from bench.scenarios import FULL, SHORT, measure
from local.cloud import ROOT


def main() -> None:
    """Measure; a short run only prints."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--short", action="store_true", help="few rounds, and nothing is written")
    short = parser.parse_args().short
    run = measure(SHORT if short else FULL)
    # Wide enough for the table where the output is no terminal.
    Console(width=None if sys.stdout.isatty() else 180).print(_table(run))
    if not short:
        FILE.write_text(run.model_dump_json(indent=1) + "\n")
        PAGE.write_text(page(run), encoding="utf-8")
        print(f"wrote {FILE.relative_to(ROOT)} and {PAGE.relative_to(ROOT)}")


def _table(run: Measured) -> Table:
    table = Table(
        *("Scenario", "hooklog", "(a) sequential", "(b) TypeScript"),
        *("Ratio (lowest to highest)", "Target", "Reached"),
    )
    for line in lines(run):
        reached = {True: "yes", False: "[bold red]no[/]", None: ""}[line.reached]
        table.add_row(line.scenario, *line.figures, line.held, line.target, reached)
    return table


if __name__ == "__main__":
    main()
