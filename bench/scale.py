"""`docs/scale.md`: what one deployment reaches, from measured figures and published limits."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

import matplotlib as mpl
from matplotlib.figure import Figure

from bench.cost import Use, batch_seconds
from bench.kinds import NEW_AFAR
from bench.measured import FILE, Measured
from bench.queueing import Outcome, World, drain
from hooklog.errors import RateLimitedError
from local.cloud import ROOT

PAGE: Final = ROOT / "docs/scale.md"
PLOT: Final = ROOT / "docs/scale.svg"
#: Of the burst.
MESSAGES: Final = 1_000_000
_MINUTE, _HOUR = 60, 3600
#: DynamoDB's own limits in its developer guide: write units a second of one partition, and of
#: an on-demand table's default quota.
_PARTITION, _TABLE_QUOTA = 1_000, 40_000
#: A new on-demand table takes so many write units a second at once.
_NEW_TABLE = 4_000


@dataclass(frozen=True, slots=True)
class Case:
    """A run of the simulation: how many batches at once, and what the API takes a second."""

    concurrency: int
    api_per_second: float


CASES: Final = (
    Case(10, 1e9),
    Case(50, 1e9),
    Case(10, 500),
    Case(2, 100),
    Case(10, 100),
)


def _seconds(run: Measured, fetched: int) -> float:
    return batch_seconds(
        run, fetched, memory_mb=Use(logs=0).memory_mb, api_ms=NEW_AFAR.latency.api_ms
    )


def simulate(run: Measured, messages: int = MESSAGES) -> dict[Case, Outcome]:
    """Drain the burst once in each case."""
    seconds = [_seconds(run, fetched) for fetched in range(NEW_AFAR.size + 1)]
    return {
        case: drain(
            World(
                messages=messages,
                concurrency=case.concurrency,
                api_per_second=case.api_per_second,
                batch_seconds=seconds.__getitem__,
            )
        )
        for case in CASES
    }


def page(run: Measured, outcomes: dict[Case, Outcome]) -> str:
    """Write the page."""
    wall = _seconds(run, NEW_AFAR.size)
    a_batch = NEW_AFAR.size / wall
    rows = "\n".join(_row(case, outcome) for case, outcome in outcomes.items())
    return f"""\
# Past one machine

What one deployment reaches: a small calculation from the figures of
[benchmarks.md](benchmarks.md) (run of {run.measured_on}) and the limits that AWS publishes, and a
simulation of a burst. `make cost` writes this page again. Nothing here was measured on AWS.

## Where it saturates

A batch of {NEW_AFAR.size} new logs takes {wall:.2f} s where SignalWire takes
{NEW_AFAR.latency.api_ms} ms an answer and the function has 512 MB, and with them part of a processor
([how](cost.md#what-is-left-out)). That is {a_batch:,.0f} logs a second for each batch at a time.

| what | limit | logs a second | which parameter moves it |
|---|---|---|---|
| batches at a time | `MaximumConcurrency`, 10 unless set | {10 * a_batch:,.0f} | `MaximumConcurrency`, up to 1,000 |
| requests at a time within a batch | `FetchConcurrency` | in the line above | `FetchConcurrency`, up to 100 |
| more batches at a time | Lambda adds 300 a minute to an SQS source | after a minute {305 * a_batch:,.0f} | provisioned mode of the event source: up to 1,000 a minute; not in the template |
| the account | 1,000 concurrent executions unless raised | {1000 * a_batch:,.0f} | a quota of AWS |
| table, new | {_NEW_TABLE:,} write units a second at once; on demand it doubles from there | {_NEW_TABLE:,} | warm throughput of the table |
| table | {_TABLE_QUOTA:,} write units a second by default | {_TABLE_QUOTA:,} | a quota of AWS |
| one partition of the table | {_PARTITION:,} write units a second; log IDs are random and spread | none by itself | |
| index `days`, `failures` | all logs of a type and day have one key: {_PARTITION:,} entries a second until DynamoDB splits it by its sort key | {_PARTITION:,} each | `IndexDays=false` |
| SignalWire's API | documents no limit for reading; the space may answer 429 | unknown | `MaximumConcurrency` x `FetchConcurrency` |
| queue | none that matters; 120,000 messages in flight | {120_000 / wall:,.0f} | |

With the defaults the batches at a time come first, on purpose: SignalWire's limit is unknown, and
waiting on the queue costs nothing. Raise `MaximumConcurrency` while no 429 comes
(`ProcessingFailures` with `fetch.rate_limited`); the next limit is then the index `days`, if it is
deployed, and the table's.

## A burst of {MESSAGES:,} messages

A discrete simulation (`bench/queueing.py`, seeded) of the queue, Lambda's way of adding batches, an
API that answers so many requests a second and the rest with 429, and hooklog's own backoff and
attempts.

| batches at a time | API, requests a second | drained in | stored | parked | 429s | batches |
|---|---|---|---|---|---|---|
{rows}

![messages that are neither stored nor parked, over time](scale.svg)

Where the API allows less than the batches ask, 429s do no harm at first: the messages wait longer
each time. But attempts are counted: a message that was refused {RateLimitedError.max_attempts}
times is parked. Nothing is lost, and `hooklog parked redrive` brings it back; but a burst that the
API cannot take within about three hours is better met by a lower `MaximumConcurrency`, so that it
waits on the queue instead, and a lower `FetchConcurrency` once that is 2.
"""


def _row(case: Case, outcome: Outcome) -> str:
    limit = "no limit" if case.api_per_second >= 1e9 else f"{case.api_per_second:,.0f}"  # noqa: PLR2004
    return (
        f"| {case.concurrency} | {limit} | {_duration(outcome.seconds)} | {outcome.stored:,} |"
        f" {outcome.parked:,} | {outcome.refused:,} | {outcome.batches:,} |"
    )


def _duration(seconds: float) -> str:
    return f"{seconds / _HOUR:.1f} h" if seconds >= _HOUR else f"{seconds / _MINUTE:.0f} min"


def plot(outcomes: dict[Case, Outcome]) -> str:
    """Draw how the queue empties."""
    with mpl.rc_context({"svg.hashsalt": "hooklog", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(7.2, 3.2), layout="constrained")
        axes = figure.subplots()
        for case, outcome in outcomes.items():
            step = max(1, len(outcome.left) // 200)
            points = sorted(outcome.left)[::step]
            limit = "" if case.api_per_second >= 1e9 else f", {case.api_per_second:,.0f} a second"  # noqa: PLR2004
            axes.plot(
                [at / _MINUTE for at, _ in points],
                [left for _, left in points],
                label=f"{case.concurrency} batches{limit}",
            )
        axes.set_xscale("log")
        axes.set_xlabel("minutes")
        axes.set_ylabel("messages left")
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
        return out.getvalue()


def main() -> None:
    """Write page and plot."""
    run = Measured.model_validate_json(FILE.read_text())
    outcomes = simulate(run)
    PAGE.write_text(page(run, outcomes), encoding="utf-8")
    PLOT.write_text(plot(outcomes), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)} and {PLOT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
