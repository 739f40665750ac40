"""Every metric that the functions can emit, collected by making their telemetry emit it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from aws_lambda_powertools import Logger

from hooklog.adapters.telemetry.emf import EmbeddedMetrics
from hooklog.adapters.telemetry.enrich import EnrichTelemetry
from hooklog.adapters.telemetry.publish import PublishTelemetry
from hooklog.adapters.telemetry.sweep import emit_found
from hooklog.adapters.telemetry.webhook import WebhookTelemetry
from hooklog.catalogue import CATALOGUE
from hooklog.enrich.report import UNKNOWN_TYPE, Report
from hooklog.errors import (
    CallbackError,
    FetchError,
    HeldBackError,
    LogError,
    MessageError,
    PublishError,
    QueueUnavailableError,
    StoreError,
    UnexpectedError,
    family,
)
from hooklog.logs import KINDS
from hooklog.publish import publisher
from hooklog.sweep.comparison import Verdict
from hooklog.sweep.tiers import Swept, Tier
from hooklog.sweep.walk import Checkpoint, WalkResult

#: A metric's name, and its dimensions with their values.
type Metric = tuple[str, frozenset[tuple[str, str]]]

_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Collected(EmbeddedMetrics):
    """Keeps what would be printed."""

    found: set[Metric] = field(default_factory=set)

    def emit(
        self,
        dimensions: dict[str, str],
        *,
        counts: Mapping[str, int],
        milliseconds: Mapping[str, Sequence[float]] | None = None,
        seconds: Mapping[str, float] | None = None,
        properties: dict[str, object] | None = None,  # noqa: ARG002 - of the line, not of a metric
    ) -> None:
        values = {**counts, **(milliseconds or {}), **(seconds or {})}
        self.found.update(
            (name, frozenset(dimensions.items())) for name, value in values.items() if value
        )


def emitted() -> set[Metric]:
    """Return every metric that the functions can emit."""
    collected = _Collected("")
    # At this level it prints no line.
    emit_everything(Logger(service="emitted", level="CRITICAL"), collected)
    return collected.found


def emit_everything(logger: Logger, metrics: EmbeddedMetrics) -> None:
    """Emit every metric of those functions once."""
    EnrichTelemetry(logger, metrics).emit(_full_report())
    for kind in KINDS.values():
        found = Counter(dict.fromkeys(Verdict, 1))
        checkpoint = Checkpoint(_ANY_TIME, _ANY_TIME)
        walk = WalkResult(kind=kind, goal=_ANY_TIME, checkpoint=checkpoint, found=found)
        tier = Tier(name="", age=timedelta(0))
        emit_found(metrics, Swept(tier=tier, walk=walk, behind=timedelta(hours=3)))
    door = WebhookTelemetry(logger, metrics)
    for error in family(CallbackError, QueueUnavailableError, UnexpectedError):
        door.refused(error())
    PublishTelemetry(logger, metrics).emit(_published_report())


def _full_report() -> Report:
    report = Report()
    for counts in (report.enriched, report.finished, report.drift):
        counts.update(list(KINDS))
    # Only these count messages that are too malformed to have a type.
    for counts in (report.skipped, report.retried, report.parked):
        counts.update([*KINDS, UNKNOWN_TYPE])
    for kind in KINDS:
        report.fetch_ms[kind], report.lag_ms[kind] = [1.0], [1]
        for code in (*CATALOGUE.metric_codes.get(kind, ()), "other", "none"):
            report.failures[kind, code, "unknown"] = 1
    report.errors.update(
        error.code
        for error in family(
            MessageError, FetchError, LogError, StoreError, QueueUnavailableError, UnexpectedError
        )
        # What is held back is no failure.
        if error is not HeldBackError
    )
    report.limit, report.outage = 40.0, "fetch.upstream"
    return report


def _published_report() -> publisher.Report:
    errors = family(PublishError, QueueUnavailableError, UnexpectedError)
    return publisher.Report(
        published=Counter(list(KINDS)), errors=Counter(error.code for error in errors)
    )
