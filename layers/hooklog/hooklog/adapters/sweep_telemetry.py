"""What a sweep found: completeness as a metric."""

from __future__ import annotations

from collections.abc import Mapping

from aws_lambda_powertools import Logger

from hooklog.adapters.emission import EmbeddedMetrics
from hooklog.comparison import Verdict
from hooklog.sweep import Walked


def publish(
    logger: Logger, metrics: EmbeddedMetrics, origin: str, walks: Mapping[str, Walked]
) -> None:
    """Emit a sweep's counts; one log line says the same and whether it came to its end."""
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
        logger.info(
            "sweep",
            extra={
                "origin": origin,
                "log_type": log_type,
                "found": {verdict: count for verdict, count in found.items() if count},
                "complete": walked.is_complete,
                "error": walked.error.code if walked.error else None,
                "watermark": walked.place.watermark.isoformat(),
            },
        )
