"""What a sweep found: a log line, and completeness as a metric."""

from __future__ import annotations

from collections.abc import Mapping

from aws_lambda_powertools import Logger

from hooklog.adapters.telemetry.emf import EmbeddedMetrics
from hooklog.sweep.comparison import Verdict
from hooklog.sweep.walk import Walked


def emit(metrics: EmbeddedMetrics, walks: Mapping[str, Walked]) -> None:
    """Emit what a sweep counted.

    A backfill is not measured: a dry run finds the same logs missing as the run after it, and a
    period of the past says nothing of the callbacks that come now.
    """
    for log_type, walked in sorted(walks.items()):
        found = walked.found
        metrics.emit(
            {"log_type": log_type},
            counts={
                "SpaceLogs": found.total(),
                "MissingLogs": found[Verdict.MISSING],
                "StaleLogs": found[Verdict.STALE],
                "UnfinishedLogs": found[Verdict.UNFINISHED],
            },
        )


def log(logger: Logger, origin: str, walks: Mapping[str, Walked]) -> None:
    """Say what a sweep or backfill found, and whether it came to its end."""
    for log_type, walked in sorted(walks.items()):
        logger.info(
            "sweep",
            extra={
                "origin": origin,
                "log_type": log_type,
                "found": {verdict: count for verdict, count in walked.found.items() if count},
                "complete": walked.is_complete,
                "error": walked.error.code if walked.error else None,
                "watermark": walked.place.watermark.isoformat(),
            },
        )
