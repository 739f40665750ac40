"""Metrics and one log line per batch."""

from __future__ import annotations

from collections.abc import Mapping

from aws_lambda_powertools import Logger

from hooklog.adapters.telemetry.emf import EmbeddedMetrics, log_defect
from hooklog.adapters.telemetry.stored import emit_failures, stored_counts
from hooklog.enrich.report import Report


class EnrichTelemetry:
    """Implements :class:`hooklog.enrich.ports.Telemetry`.

    Each combination of dimensions needs a line of its own, because a line holds each metric name
    once. Within a line everything is aggregated, so a batch of a hundred logs prints about as many
    lines as a batch of one.
    """

    def __init__(self, logger: Logger, metrics: EmbeddedMetrics) -> None:
        """Write log lines through the logger, and metrics to standard output."""
        self._logger = logger
        self._metrics = metrics

    def emit(self, report: Report) -> None:
        """Publish a batch's counts and durations."""
        for log_type in sorted(
            {*report.enriched, *report.skipped, *report.retried, *report.parked, *report.fetch_ms}
        ):
            self._metrics.emit(
                {"log_type": log_type},
                counts={
                    **stored_counts(report, log_type),
                    "LogsRetried": report.retried[log_type],
                    "LogsParked": report.parked[log_type],
                },
                milliseconds={
                    "FetchLatency": report.fetch_ms.get(log_type, []),
                    "EndToEndLag": report.lag_ms.get(log_type, []),
                },
            )
        emit_failures(self._metrics, report)
        for code, count in sorted(report.errors.items()):
            self._metrics.emit({"code": code}, counts={"ProcessingFailures": count})
        # Nothing while all is well: each metric costs money from its first value on.
        pace = {"ApiLimit": round(report.limit or 0), "ApiOutage": int(bool(report.outage))}
        self._metrics.emit({"api": "signalwire"}, counts=pace)
        self._logger.info("batch", extra=_summary(report))

    def defect(self, key: str, error: BaseException) -> None:
        """Log where a defect is."""
        log_defect(self._logger, key, error)


def _summary(report: Report) -> dict[str, object]:
    counts: dict[str, Mapping[str, int]] = {
        "enriched": report.enriched,
        "skipped": report.skipped,
        "retried": report.retried,
        "parked": report.parked,
        "drift": report.drift,
        "errors": report.errors,
    }
    pace = {"limit": report.limit and round(report.limit, 1), "outage": report.outage}
    return (
        {"received": report.received}
        | {name: dict(by) for name, by in counts.items() if by}
        | {name: value for name, value in pace.items() if value}
    )
