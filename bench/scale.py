"""What one deployment reaches, from the measurements and a simulation; for docs/scale.md."""

from __future__ import annotations

from typing import Final

from bench.cost import Use, batch_seconds
from bench.measured import Measured
from bench.queueing import Burst, drain
from bench.workloads import NEW_REMOTE
from local import markdown
from local.template import template

_MESSAGES: Final = 1_000_000
_NO_LIMIT: Final = 1e9
_DEFAULT_CONCURRENCY: Final[int] = template()["Parameters"]["MaximumConcurrency"]["Default"]
#: Concurrent batches, and the API's requests per second.
_CASES: Final = ((10, _NO_LIMIT), (50, _NO_LIMIT), (10, 500), (2, 100), (10, 100))


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


def burst_table() -> str:
    """Return how a burst ends, for several limits of the API."""
    seconds = _batch_seconds()
    rows = []
    for concurrency, limit in _CASES:
        outcome = drain(
            Burst(
                messages=_MESSAGES,
                concurrency=concurrency,
                api_per_second=limit,
                batch_seconds=seconds.__getitem__,
            )
        )
        counts = (outcome.stored, outcome.parked, outcome.refused, outcome.batches)
        rows.append(
            (
                concurrency,
                "no limit" if limit == _NO_LIMIT else limit,
                f"{outcome.seconds / 60:,.0f}",
                *(f"{count:,}" for count in counts),
            )
        )
    headings = ("concurrent batches", "API, requests per second", "minutes")
    return markdown.table((*headings, "stored", "parked", "429s", "batches"), rows)


def _batch_seconds() -> list[float]:
    """Return the duration of a batch with the default settings, by its number of fetched logs."""
    run, use = Measured.load(), Use(logs=0)
    return [
        batch_seconds(run, fetched, memory_mb=use.memory_mb, api_ms=use.api_ms)
        for fetched in range(NEW_REMOTE.size + 1)
    ]
