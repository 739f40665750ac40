"""The report of a run: a table for the terminal, and the tables of docs/reliability.md."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from local import markdown
from local.load.faults import ALL, READ_TIMEOUT_S
from local.load.figures import FIRST_S, Figures
from local.template import template
from local.terminal import titled


def rows(run: Figures) -> Iterator[tuple[str, str]]:
    """Yield each figure with its name; the name of a part starts with a space."""
    yield "Messages", f"{run.messages:,}"
    yield "  one about each log", f"{run.logs:,}"
    yield "  duplicates", f"{run.duplicates:,}"
    yield "Logs with a fault", f"{sum(run.faults.values()):,}, of {len(run.faults)} kinds"
    yield "Rows", f"{run.rows:,}"
    yield "Parked", f"{sum(run.parked.values()):,}"
    for code, number in run.parked.items():
        yield f"  {code}", f"{number:,}"
    yield "Left in the queue", f"{run.left:,}"
    yield "Dead letters", f"{run.dead_letters:,}"
    yield "Lost", f"{run.lost:,}"
    yield "Differences from the space", f"{run.differences:,}"
    yield "Batches", f"{run.batches:,} of at most {run.largest_batch}"
    yield "Redelivered", f"{run.redelivered:,}"
    yield "Duplicates skipped", f"{run.skipped:,}"
    yield "Requests to the API", f"{run.requests:,}"
    limit = "rate limit" if run.conditions.open_limit is None else "limit on open requests"
    yield f"  429 by the {limit}", _share(run.rate_limited, run.requests)
    if run.later_requests and run.later_limited is not None:
        after = f"  429 by that limit after the first {FIRST_S} s"
        yield after, _share(run.later_limited, run.later_requests)
    yield "  429 by a fault", _share(run.injected_429, run.requests)
    yield "  at the same time, at most", f"{run.max_in_flight} of {run.max_allowed} allowed"
    if run.outage is not None:
        yield f"  during the outage of {run.conditions.outage_s:,} s", f"{run.outage.came:,}"
        yield "  in as many seconds, at the rate before", f"{run.outage.expected:,}"
    yield "99 % of the rows were there after", f"{run.bulk_s:,.0f} s"
    if run.least_s is not None:
        yield "  as fast as the limit allows", f"{run.least_s:,.0f} s"
    yield "  per second", f"{run.throughput:,.0f} rows"
    yield "The queue was empty after", f"{run.took_s:,.0f} s"
    for name, lag in (("p50", run.lag.p50), ("p90", run.lag.p90), ("p99", run.lag.p99)):
        yield f"Lag, {name}", f"{lag / 1000:,.1f} s"


def terminal_table(run: Figures) -> Table:
    """Return the figures of a run for the terminal."""
    shown = titled("The run", gap=1)
    shown.add_column("Figure", ratio=1)
    shown.add_column("", justify="right")
    for name, figure in rows(run):
        shown.add_row(name, figure)
    return shown


def figures_table() -> str:
    """Return the figures of the kept run."""
    return markdown.table(
        ("figure", ""),
        (
            (f"{'&emsp;' * name.startswith(' ')}{name.strip()}", figure)
            for name, figure in rows(Figures.load())
        ),
    )


def conditions_table() -> str:
    """Return the conditions of the kept run."""
    conditions = Figures.load().conditions
    busy = conditions.load_before > conditions.cores / 2
    return markdown.table(
        ("condition", "value"),
        (
            ("measured on", conditions.measured_on),
            ("machine, for everything", f"{conditions.cores} cores, {conditions.architecture}"),
            (
                "load average before the run",
                f"{conditions.load_before}{'; other work made the times longer' if busy else ''}",
            ),
            ("latency of the space", f"{conditions.latency_ms} ms"),
            ("rate limit of the space", f"{conditions.rate_limit} requests per second"),
            ("`RetryFirstDelaySeconds`", conditions.first_delay_s),
            ("`FetchReadTimeoutSeconds`", READ_TIMEOUT_S),
        ),
    )


def faults_table() -> str:
    """Return the faults of the kept run, and how their messages ended."""
    numbers = Figures.load().faults
    return markdown.table(
        ("fault", "logs", "ends"),
        (
            (
                fault.name,
                numbers[fault.name],
                f"parked, `{fault.parked_as}`" if fault.parked_as else "stored",
            )
            for fault in ALL
            if fault.name in numbers
        ),
    )


def limits_table() -> str:
    """Return what the local cloud allows, and what AWS allows with the same settings."""
    run = Figures.load()
    conditions = run.conditions
    events = template()["Resources"]["EnrichFunction"]["Properties"]["Events"]
    batch_size = events["Queue"]["Properties"]["BatchSize"]
    in_aws = conditions.batches_at_once * conditions.fetches_at_once
    return markdown.table(
        ("at most", "local cloud", "AWS"),
        (
            ("messages per batch", run.largest_batch, batch_size),
            ("requests at the same time", run.max_allowed, f"{in_aws:,}"),
        ),
    )


def _share(part: int, whole: int) -> str:
    return f"{part:,} ({part / whole:.1%})"
