"""What became of stored logs, in numbers; nothing personal."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from hooklog.queue_messages import ERROR_CODE
from hooklog.records.enrichment import Record


@dataclass(slots=True)
class Counts:
    """Counts of logs, by log type where there is one.

    Attributes:
        enriched: logs whose record was written.
        skipped: logs whose row was already up to date.
        finished: logs whose end was stored for the first time.
        failures: failures stored for the first time, by (log type, error code, category).
        unlisted: error codes without a metric of their own, as the API returned them.
        drift: logs that depart from the specification in a way that their row did not tell yet.
        lag_ms: from event to fetch, of each record written whose event is known.

    """

    enriched: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    finished: Counter[str] = field(default_factory=Counter)
    failures: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    unlisted: set[str] = field(default_factory=set)
    drift: Counter[str] = field(default_factory=Counter)
    lag_ms: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def count_stored(self, record: Record) -> None:
        """Count a record that was written."""
        self.enriched[record.kind.name] += 1
        if record.lag_ms is not None:
            self.lag_ms[record.kind.name].append(record.lag_ms)

    def count_failure(self, record: Record) -> None:
        """Count a failed log under its error code, or under ``other`` if that has no metric."""
        raw = (record.error_code or "").strip()
        metric_code = record.catalogue.metric_code(record.kind.name, raw)
        category = record.explanation.category if record.explanation else "unknown"
        self.failures[record.kind.name, metric_code, category] += 1
        if metric_code == "other":
            self.unlisted.add(raw if ERROR_CODE.fullmatch(raw) else "unprintable")
