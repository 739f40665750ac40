"""What one deployment reaches, from the measurements and a simulation; for docs/scale.md."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from statistics import mean, quantiles
from typing import Any, Final

from bench.cost import (
    COMPARISONS,
    Prices,
    Use,
    batch_seconds,
    deployed_mb,
    page_seconds,
)
from bench.measured import Measured
from bench.queueing import (
    Arrivals,
    Burst,
    FixedWindow,
    Limit,
    OpenRequests,
    Outcome,
    TokenBucket,
    drain,
)
from bench.workloads import NEW_REMOTE
from local import markdown
from local.template import template

_TEMPLATE: Final = template()
_DEFAULT_CONCURRENCY: Final[int] = _TEMPLATE["Parameters"]["MaximumConcurrency"]["Default"]
_NO_LIMIT: Final = 1e9
#: Messages of the large burst, and of those in which something goes wrong.
_MESSAGES: Final = 1_000_000
_FEWER: Final = 150_000
#: Concurrent batches, and the API's requests per second.
_CASES: Final = ((10, _NO_LIMIT), (10, 500.0), (2, 100.0), (10, 100.0))
#: Messages of small bursts, and the API's requests per second.
_SMALL: Final = ((2_000, 40.0), (5_000, 500.0), (30_000, 100.0), (30_000, 500.0))
#: Requests that move together; see bench/queueing.py.
_GROUP: Final = 11
#: The least time is that of an API with this many requests per second, in steps of a second.
_LATEST: Final = 100_000
#: Limit of the API while callbacks arrive beside a backfill, in requests per second, and seconds.
_SHARED: Final = 100.0
_ARRIVING: Final = 1200.0
#: Seconds in which a run of the sweep begins pages: its timeout less what the last one may take.
_SWEEP_SECONDS: Final = 900.0 - 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trouble:
    """Something that goes wrong.

    Attributes:
        what: in words.
        limit: requests per second that the API answers, by the second.
        burst: what differs in the burst.

    """

    what: str
    limit: Limit
    burst: Mapping[str, Any]


def throughput_table() -> str:
    """Return the logs per second of several numbers of concurrent batches."""
    use = Use(logs=0)
    size, seconds = NEW_REMOTE.size, _batch_seconds()[-1]
    rows = (
        (1, f"{size} new logs in {seconds:.2f} s; {use.api_ms} ms per answer, {use.memory_mb} MB"),
        (_DEFAULT_CONCURRENCY, "the default `MaximumConcurrency`"),
        (305, "a minute after the burst began"),
        (1_000, "an account's default quota"),
        (120_000 // size, "120,000 messages in flight, SQS's limit"),
    )
    return markdown.table(
        ("concurrent batches", "note", "logs per second"),
        ((f"{batches:,}", what, f"{batches * size / seconds:,.0f}") for batches, what in rows),
    )


def sweep_table() -> str:
    """Return how long a run of the sweep takes, for several numbers of logs."""
    seconds, size = _page_seconds(), Measured.load().deployed.pages.size
    most = (_SWEEP_SECONDS / seconds - COMPARISONS) * size * 24 / COMPARISONS
    rows: list[tuple[str, ...]] = []
    for logs in (10_000, 100_000, 1_000_000, most):
        # The last page of each tier is not full.
        pages = logs / 24 * COMPARISONS / size + COMPARISONS
        name = f"{logs:,.0f}" if logs != most else f"{logs / 1e6:.1f} million, the most"
        rows.append((name, f"{pages:,.0f}", f"{pages * seconds / 60:.1f}"))
    return markdown.table(("logs per day", "pages per run", "minutes per run"), rows)


def sweep_page() -> str:
    """Return what a page takes, as a sentence."""
    use, memory_mb = Use(logs=0), deployed_mb("SweepFunction")
    return (
        f"A page takes {_page_seconds():.2f} s with answers of {use.api_ms} ms"
        f" and {memory_mb:,} MB of memory."
    )


def _page_seconds() -> float:
    use = Use(logs=0)
    memory_mb = deployed_mb("SweepFunction")
    return page_seconds(Measured.load(), memory_mb=memory_mb, api_ms=use.api_ms)


def burst_table() -> str:
    """Return how a burst ends, for several limits of the API."""
    prices, memory_mb = Prices.load(), Use(logs=0).memory_mb
    outcomes = {case: _outcome(*case) for case in _CASES}
    free = outcomes[_CASES[0]]
    rows = []
    for (concurrency, limit), outcome in outcomes.items():
        is_free = limit == _NO_LIMIT
        rows.append(
            (
                concurrency,
                "no limit" if is_free else f"{limit:.0f}",
                f"{outcome.seconds / 60:,.0f}",
                "" if is_free else f"{outcome.seconds * limit / _MESSAGES:.2f}",
                f"{outcome.refused / _MESSAGES:.4f}",
                f"{outcome.batches:,}",
                f"{outcome.batches / free.batches:.2f}",
                f"{outcome.busy_seconds / free.busy_seconds:.2f}",
                f"{outcome.most_received}",
                f"{dollars(outcome, prices, memory_mb):.2f}",
            )
        )
    headings = (
        *("concurrent batches", "API, requests per second", "minutes", "of the least time"),
        *("429s per message", "invocations", "against no limit", "GB-seconds, against no limit"),
        *("most receives of a message", "dollars"),
    )
    return markdown.table(headings, rows)


def small_table() -> str:
    """Return how small bursts end, most of whose time is the search for the limit."""
    rows = []
    for messages, limit in _SMALL:
        outcome = drain(_burst(messages, _DEFAULT_CONCURRENCY, _constant(limit)))
        rows.append(
            (
                f"{messages:,}",
                f"{limit:.0f}",
                f"{outcome.seconds:.0f}",
                f"{messages / limit:.0f}",
                f"{outcome.refused:,}",
                f"{outcome.received / messages:.1f}",
            )
        )
    headings = (
        *("messages", "API, requests per second", "seconds", "at least"),
        *("429s", "receives per message"),
    )
    return markdown.table(headings, rows)


def trouble_table() -> str:
    """Return how a smaller burst ends if something goes wrong."""
    rows = []
    for trouble in _troubles():
        outcome = drain(replace(_burst(_FEWER, 10, trouble.limit), **trouble.burst))
        begins, ends = trouble.burst.get("outage", (0.0, 0.0))
        least = _least_seconds(trouble.limit, _FEWER) + ends - begins
        rows.append(
            (
                trouble.what,
                f"{outcome.seconds / 60:,.0f}",
                f"{outcome.seconds / least:.2f}",
                f"{outcome.refused / _FEWER:.4f}",
                f"{outcome.received / _FEWER:.1f}",
                outcome.most_received,
                outcome.failed or "",
            )
        )
    headings = (
        *("what goes wrong", "minutes", "of the least time", "429s per message"),
        *("receives per message", "most receives of a message", "requests in the outage"),
    )
    return markdown.table(headings, rows)


def sharing_table() -> str:
    """Return how long callbacks wait beside other messages."""
    callbacks = Arrivals(per_second=0.3 * _SHARED, until=_ARRIVING, are_watched=True)
    backfill = Arrivals(per_second=0.5 * _SHARED, until=_ARRIVING)
    rows = []
    for what, messages, arrivals in (
        ("nothing else", 0, (callbacks,)),
        ("a backfill at half of the limit", 0, (callbacks, backfill)),
        ("100,000 messages at once", 100_000, (callbacks,)),
    ):
        burst = _burst(messages, _DEFAULT_CONCURRENCY, _constant(_SHARED))
        waits = drain(replace(burst, arrivals=arrivals)).waits
        rows.append(
            (what, *(f"{wait:,.1f}" for wait in (mean(waits), quantiles(waits, n=100)[98])))
        )
    return markdown.table(("beside the callbacks", "seconds, mean", "99 % within"), rows)


def dollars(outcome: Outcome, prices: Prices, memory_mb: int) -> float:
    """Return what processing a burst costs: invocations, their time, the queue, the pace's item."""
    return (
        outcome.batches * prices.lambda_request
        + outcome.busy_seconds * memory_mb / 1024 * prices.lambda_arm_gb_second
        + outcome.queue_calls * prices.sqs_request
        + outcome.writes * prices.dynamodb_write_unit
    )


def _troubles() -> Iterator[_Trouble]:
    """Yield what goes wrong, one thing at a time; some for two limits."""
    half, tenth = _constant(500.0), _constant(100.0)
    yield _Trouble(what="nothing, 500/s", limit=half, burst={})
    yield _Trouble(what="nothing, 100/s", limit=tenth, burst={})
    yield _Trouble(
        what="the limit falls from 500/s to 100/s", limit=_change(500, 100, 120), burst={}
    )
    yield _Trouble(
        what="the limit rises from 100/s to 500/s", limit=_change(100, 500, 300), burst={}
    )
    yield _Trouble(
        what="300/s and 100/s in turn, 5 minutes each",
        limit=lambda now: 100.0 if now // 300 % 2 else 300.0,
        burst={},
    )
    for limit in (half, tenth):
        window = functools.partial(FixedWindow, limit)
        what = f"{limit(0):.0f} in each second of the clock"
        yield _Trouble(what=what, limit=limit, burst={"api": window})
    yield _Trouble(
        what="50 open requests of 0.1 s, 500/s",
        limit=half,
        burst={"api": lambda: OpenRequests(_constant(50.0), 0.1), "group": 1},
    )
    for ahead in (0.5, -0.5, 2.0, -2.0):
        what = f"a clock is {abs(ahead):g} s {'ahead' if ahead > 0 else 'behind'}, 500/s"
        yield _Trouble(what=what, limit=half, burst={"clocks": {3: ahead}})
    yield _Trouble(what="counts are 30 s old, 500/s", limit=half, burst={"stale_seconds": 30.0})
    yield _Trouble(what="fair pollers, 100/s", limit=tenth, burst={"is_fair": True})
    for name, lasts in (("a minute", 60.0), ("an hour", 3600.0)):
        what = f"an outage of {name}, 500/s"
        yield _Trouble(what=what, limit=half, burst={"outage": (60.0, 60.0 + lasts)})


def _constant(limit: float) -> Limit:
    return lambda _: limit


def _change(before: float, after: float, at: float) -> Limit:
    return lambda now: before if now < at else after


def _least_seconds(limit: Limit, messages: int) -> float:
    """Return the seconds in which the API can answer all messages."""
    left = float(messages)
    for second in range(_LATEST):
        if left <= limit(second):
            return second + left / limit(second)
        left -= limit(second)
    raise ValueError("The API answers too few requests.")


def _outcome(concurrency: int, limit: float) -> Outcome:
    return drain(_burst(_MESSAGES, concurrency, _constant(limit)))


def _burst(messages: int, concurrency: int, limit: Limit) -> Burst:
    return Burst(
        messages=messages,
        concurrency=concurrency,
        batch_size=_batch_size(),
        batch_seconds=_batch_seconds().__getitem__,
        api=functools.partial(TokenBucket, limit),
        group=_GROUP,
    )


def _batch_size() -> int:
    queue = _TEMPLATE["Resources"]["EnrichFunction"]["Properties"]["Events"]["Queue"]
    size: int = queue["Properties"]["BatchSize"]
    return size


def _batch_seconds() -> list[float]:
    """Return the duration of a batch with the default settings, by its number of fetched logs."""
    run, use = Measured.load(), Use(logs=0)
    return [
        batch_seconds(run, fetched, memory_mb=use.memory_mb, api_ms=use.api_ms)
        for fetched in range(NEW_REMOTE.size + 1)
    ]
