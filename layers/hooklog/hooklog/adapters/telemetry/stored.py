"""Metrics of stored logs, whichever function stored them."""

from __future__ import annotations

from hooklog.adapters.telemetry.emf import EmbeddedMetrics
from hooklog.records.counts import Counts


def stored_counts(counts: Counts, log_type: str) -> dict[str, int]:
    """Return the counts of one log type by the names of their metrics."""
    return {
        "LogsEnriched": counts.enriched[log_type],
        "LogsSkipped": counts.skipped[log_type],
        "LogsFinished": counts.finished[log_type],
        # A total, because an alarm cannot add up two dozen error codes.
        "FailedLogs": sum(
            count for failure, count in counts.failures.items() if failure[0] == log_type
        ),
        "SchemaDrift": counts.drift[log_type],
    }


def emit_failures(metrics: EmbeddedMetrics, counts: Counts) -> None:
    """Emit the failures, a line for each error code."""
    for (log_type, error_code, category), count in sorted(counts.failures.items()):
        properties: dict[str, object] = {"category": category}
        if error_code == "other" and counts.unlisted:
            properties["unlisted_codes"] = sorted(counts.unlisted)
        metrics.emit(
            {"log_type": log_type, "error_code": error_code},
            counts={"FailedLogs": count},
            properties=properties,
        )
