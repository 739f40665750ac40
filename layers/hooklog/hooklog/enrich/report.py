"""The result of one batch: counts and durations, and nothing personal."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from hooklog.catalogue import Catalogue
from hooklog.queue_messages import ERROR_CODE
from hooklog.records.enrichment import Record

#: ``log_type`` of messages that do not reveal theirs.
UNKNOWN_TYPE = "unknown"


@dataclass(slots=True)
class Report:
    """Counts of one batch, by log type where there is one.

    Attributes:
        received: messages in the batch.
        enriched: logs whose record was written.
        skipped: logs whose row was already up to date.
        retried: logs whose messages come back later.
        parked: logs whose messages wait for an operator.
        finished: logs whose end was stored for the first time.
        failures: failures stored for the first time, by (log type, error code, category).
        unlisted: error codes without a metric of their own, as the API returned them.
        errors: processing errors by hooklog's own code.
        drift: logs that depart from the specification in a way that their row did not tell yet.
        limit: requests per second that all instances keep to, if a limit is known.
        outage: error code of the outage that lasts, if one does.
        fetch_ms: duration of each fetch.
        lag_ms: from event to fetch, of each record written.

    """

    received: int = 0
    enriched: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    retried: Counter[str] = field(default_factory=Counter)
    parked: Counter[str] = field(default_factory=Counter)
    finished: Counter[str] = field(default_factory=Counter)
    failures: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    unlisted: set[str] = field(default_factory=set)
    errors: Counter[str] = field(default_factory=Counter)
    drift: Counter[str] = field(default_factory=Counter)
    limit: float | None = None
    outage: str | None = None
    fetch_ms: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    lag_ms: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def count_stored(self, record: Record) -> None:
        """Count a record that was written."""
        self.enriched[record.kind.name] += 1
        self.lag_ms[record.kind.name].append(record.lag_ms)

    def count_failure(self, record: Record, catalogue: Catalogue) -> None:
        """Count a failed log under its error code, or under ``other`` if that has no metric."""
        raw = (record.error_code or "").strip()
        metric_code = catalogue.metric_code(record.kind.name, raw)
        category = record.explanation.category if record.explanation else "unknown"
        self.failures[record.kind.name, metric_code, category] += 1
        if metric_code == "other":
            self.unlisted.add(raw if ERROR_CODE.fullmatch(raw) else "unprintable")
