"""What became of one batch: counts and durations, nothing personal."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from hooklog.catalogue import Catalogue
from hooklog.records.enrichment import Record

#: ``log_type`` of messages too malformed to tell.
UNKNOWN_TYPE = "unknown"
#: What an error code may look like in a log line; anything else might be personal data, and
#: so might seven digits, in whatever company.
_CODE = re.compile(r"(?!(\D*\d){7})([A-Za-z][A-Za-z0-9_.-]{0,63}|-?\d+)")


@dataclass(slots=True)
class Report:
    """Counts of one batch, by log type where there is one.

    Attributes:
        received: messages in the batch.
        enriched: logs whose record was written.
        skipped: logs whose row already showed as much, or more.
        retried: messages that come back later.
        parked: messages that wait for an operator.
        finished: logs whose end was stored for the first time.
        failures: failed logs stored as such for the first time, by (log type, error code,
            category).
        unlisted: error codes without a metric of their own, as the API gave them.
        errors: processing failures by our own code.
        drift: records that depart from the specification, by log type.
        fetch_ms: duration of each fetch, by log type.
        lag_ms: from event to fetch, for each record written, by log type.

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
    fetch_ms: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    lag_ms: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def count_stored(self, record: Record) -> None:
        """Count a record that was written."""
        self.enriched[record.kind.name] += 1
        self.lag_ms[record.kind.name].append(record.lag_ms)
        if record.drift:
            self.drift[record.kind.name] += 1

    def count_failure(self, record: Record, catalogue: Catalogue) -> None:
        """Count a failed log, under its error code if that has a metric of its own."""
        raw = (record.log.error_code or "").strip()
        metric_code = catalogue.metric_code(record.kind.name, raw)
        category = record.explanation.category if record.explanation else "unknown"
        self.failures[record.kind.name, metric_code, category] += 1
        if metric_code == "other":
            self.unlisted.add(raw if _CODE.fullmatch(raw) else "unprintable")
