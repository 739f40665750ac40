"""How a run is shown: each figure by its name, for the terminal and for the page."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from local.load.figures import Figures
from local.terminal import titled


def told(run: Figures) -> Iterator[tuple[str, str]]:
    """Name each figure and say it; the names of parts begin with a space."""
    yield "Messages", f"{run.messages:,}"
    yield "  one about each log", f"{run.logs:,}"
    yield "  a second one about some", f"{run.duplicates:,}"
    faulty = sum(run.faults.values())
    yield "Logs that a fault befell", f"{faulty:,}, in {len(run.faults)} ways"
    yield "Rows", f"{run.rows:,}"
    yield "Parked", f"{sum(run.parked.values()):,}"
    for code, number in run.parked.items():
        yield f"  {code}", f"{number:,}"
    yield "Left in the queue", f"{run.left:,}"
    yield "Dead letters", f"{run.dead:,}"
    yield "Lost", f"{run.lost:,}"
    yield "Differences from the space", f"{run.different:,}"
    yield "Batches", f"{run.batches:,} of at most {run.largest_batch}"
    yield "Redelivered", f"{run.redelivered:,}"
    yield "Duplicates skipped, for the row was there", f"{run.skipped:,}"
    yield "Requests to the API", f"{run.requests:,}"
    yield "  429 by the rate limit", _share(run.limited, run.requests)
    yield "  429 by a fault", _share(run.planted_429, run.requests)
    yield "  open at the same time, at most", f"{run.most_in_flight} of {run.most_allowed} allowed"
    yield "99 % of the rows were there after", f"{run.bulk_s:,.0f} s"
    yield "  that is a second", f"{run.throughput:,.0f} rows"
    yield "The queue was empty after", f"{run.took_s:,.0f} s"
    for name, lag in (("p50", run.lag.p50), ("p90", run.lag.p90), ("p99", run.lag.p99)):
        yield f"Lag, {name}", f"{lag / 1000:,.1f} s"


def table(run: Figures) -> Table:
    """Show a run."""
    shown = titled("The run", gap=1)
    shown.add_column("Figure", ratio=1)
    shown.add_column("", justify="right")
    for name, figure in told(run):
        shown.add_row(name, figure)
    return shown


def _share(part: int, whole: int) -> str:
    return f"{part:,} ({part / whole:.1%})"
