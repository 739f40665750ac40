"""What a sweep found: one log line and the completeness metrics, per kind of log."""

from __future__ import annotations

from collections.abc import Mapping

from aws_lambda_powertools import Logger

from hooklog.adapters.telemetry.emf import EmbeddedMetrics
from hooklog.sweep.comparison import Verdict
from hooklog.sweep.walk import WalkResult


def emit(metrics: EmbeddedMetrics, results: Mapping[str, WalkResult]) -> None:
    """Emit what a sweep counted.

    Backfills emit nothing: a dry run finds the same logs missing as the run after it, and a past
    period says nothing about today's callbacks.
    """
    for log_type, result in sorted(results.items()):
        found = result.found
        metrics.emit(
            {"log_type": log_type},
            counts={
                "SpaceLogs": found.total(),
                "MissingLogs": found[Verdict.MISSING],
                "StaleLogs": found[Verdict.STALE],
                "UnfinishedLogs": found[Verdict.UNFINISHED],
                "UnreadableEntries": found[Verdict.UNREADABLE],
            },
        )


def log(logger: Logger, origin: str, results: Mapping[str, WalkResult]) -> None:
    """Log what a sweep or backfill found, and whether it reached the end of its period."""
    for log_type, result in sorted(results.items()):
        logger.info(
            "sweep",
            extra={
                "origin": origin,
                "log_type": log_type,
                "found": {verdict: count for verdict, count in result.found.items() if count},
                "complete": result.is_complete,
                "error": result.error.code if result.error else None,
                "watermark": result.checkpoint.watermark.isoformat(),
            },
        )
