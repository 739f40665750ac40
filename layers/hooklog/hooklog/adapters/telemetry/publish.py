"""Metrics of the events that were sent, and of those that could not be."""

from __future__ import annotations

from aws_lambda_powertools import Logger

from hooklog.adapters.telemetry.emf import EmbeddedMetrics, log_defect
from hooklog.publish.publisher import Report


class PublishTelemetry:
    """Implements :class:`hooklog.publish.publisher.Telemetry`."""

    def __init__(self, logger: Logger, metrics: EmbeddedMetrics) -> None:
        """Write log lines through the logger, and metrics to standard output."""
        self._logger = logger
        self._metrics = metrics

    def emit(self, report: Report) -> None:
        """Print what became of one batch; nothing if it told nothing."""
        for log_type, count in sorted(report.published.items()):
            self._metrics.emit({"log_type": log_type}, counts={"EventsPublished": count})
        for code, count in sorted(report.errors.items()):
            self._metrics.emit({"code": code}, counts={"ProcessingFailures": count})

    def defect(self, key: str, error: BaseException) -> None:
        """Log where a defect is."""
        log_defect(self._logger, key, error)
