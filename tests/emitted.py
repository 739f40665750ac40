"""Every metric that the functions can emit, collected by making them emit it."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from hooklog.adapters.telemetry import sweep as sweep_telemetry
from hooklog.adapters.telemetry.emf import EmbeddedMetrics, log_defect
from hooklog.adapters.telemetry.enrich import EnrichTelemetry
from hooklog.adapters.telemetry.publish import PublishTelemetry
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
from tests.fakes import NOW

if TYPE_CHECKING:
    import pytest

NAMESPACE = "Hooklog"
#: A metric's name, and its dimensions with their values.
type Metric = tuple[str, tuple[tuple[str, str], ...]]


def everything(capsys: pytest.CaptureFixture[str]) -> set[Metric]:
    """Make each function emit every metric that it can, and return the metrics."""
    return metrics_of(everything_printed(capsys))


def everything_printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Make each function emit every metric that it can, and return all lines, also log lines."""
    metrics, logger = EmbeddedMetrics(NAMESPACE), Logger(service=f"test-{uuid.uuid4()}")
    capsys.readouterr()
    EnrichTelemetry(logger, metrics).emit(_full_report())
    for kind in KINDS.values():
        found = Counter(dict.fromkeys(Verdict, 1))
        walk = WalkResult(kind=kind, goal=NOW, checkpoint=Checkpoint(NOW, NOW), found=found)
        tier, behind = Tier(name="", age=timedelta(0)), timedelta(hours=3)
        sweep_telemetry.log(logger, "sweep", walk, tier.name)
        sweep_telemetry.emit_found(metrics, Swept(tier=tier, walk=walk, behind=behind))
    door = WebhookTelemetry(logger, metrics)
    for error in family(CallbackError, QueueUnavailableError, UnexpectedError):
        door.refused(error())
    door.closed("There is no key.")
    PublishTelemetry(logger, metrics).emit(_published_report())
    try:
        int("no number")
    except ValueError as error:
        log_defect(logger, "fax#1", error)
    return capsys.readouterr().out.splitlines()


def metrics_of(lines: list[str]) -> set[Metric]:
    """Return the metrics of lines in the embedded metric format, ignoring other lines."""
    emitted = [json.loads(line) for line in lines if line.startswith('{"_aws"')]
    return {
        (metric["Name"], tuple(sorted((name, line[name]) for name in dimensions)))
        for line in emitted
        for directive in line["_aws"]["CloudWatchMetrics"]
        for dimensions in directive["Dimensions"]
        for metric in directive["Metrics"]
    }


def _full_report() -> Report:
    report = Report()
    known = CATALOGUE
    for counts in (report.enriched, report.finished, report.drift):
        counts.update(list(KINDS))
    # Only these count messages that are too malformed to have a type.
    for counts in (report.skipped, report.retried, report.parked):
        counts.update([*KINDS, UNKNOWN_TYPE])
    for kind in KINDS:
        report.fetch_ms[kind], report.lag_ms[kind] = [1.0], [1]
        for code in (*known.metric_codes.get(kind, ()), "other", "none"):
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
