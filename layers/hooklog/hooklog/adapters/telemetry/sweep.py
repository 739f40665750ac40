"""What sweeps and backfills found and stored: log lines, and metrics per kind of log."""

from __future__ import annotations

from aws_lambda_powertools import Logger

from hooklog.adapters.telemetry.emf import EmbeddedMetrics
from hooklog.adapters.telemetry.stored import emit_failures, stored_counts
from hooklog.logs import LogKind
from hooklog.records.counts import Counts
from hooklog.sweep.comparison import Verdict
from hooklog.sweep.tiers import Swept
from hooklog.sweep.walk import WalkResult


def emit_found(metrics: EmbeddedMetrics, swept: Swept) -> None:
    """Emit what a sweep found in one tier.

    Backfills emit nothing like it: a dry run finds the same logs missing as the run after it, and a
    past period says nothing about today's callbacks.
    """
    found = swept.walk.found
    metrics.emit(
        {"log_type": swept.walk.kind.name},
        counts={
            # Later tiers read the same entries again.
            "SpaceLogs": found.total() if swept.tier.is_first else 0,
            "MissingLogs": found[Verdict.MISSING],
            "StaleLogs": found[Verdict.STALE],
            "UnfinishedLogs": found[Verdict.UNFINISHED],
            "UnreadableEntries": found[Verdict.UNREADABLE],
        },
        seconds={"SweepLagSeconds": swept.behind.total_seconds()},
    )


def emit_stored(metrics: EmbeddedMetrics, kind: LogKind, counts: Counts) -> None:
    """Emit what was stored, as for logs that the enrich function stores."""
    metrics.emit({"log_type": kind.name}, counts=stored_counts(counts, kind.name))
    emit_failures(metrics, counts)


def log(logger: Logger, origin: str, result: WalkResult, tier: str | None = None) -> None:
    """Log what a walk found and did, and whether it reached the end of its period."""
    logger.info(
        "sweep",
        extra={
            "origin": origin,
            "log_type": result.kind.name,
            "tier": tier,
            "found": {verdict: count for verdict, count in result.found.items() if count},
            "stored": result.stored,
            "enqueued": result.enqueued,
            "complete": result.is_complete,
            "error": result.error.code if result.error else None,
            "watermark": result.checkpoint.watermark.isoformat(),
        },
    )
