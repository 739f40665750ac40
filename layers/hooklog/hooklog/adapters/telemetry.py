"""Metrics in CloudWatch's embedded metric format, and one log line a batch."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from itertools import batched
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
    AmazonCloudWatchEMFProvider,
)

from hooklog.report import Report

NAMESPACE = "Hooklog"
#: The format's limit for the values of one metric in one line.
_MAX_VALUES = 100


class CloudWatchTelemetry:
    """Implements :class:`hooklog.ports.Telemetry`.

    Every combination of dimensions is a line of its own, because one line holds each metric
    name once; within a line everything is aggregated, so a batch of a hundred logs takes
    about as many lines as a batch of one.
    """

    def __init__(self, logger: Logger) -> None:
        """Write log lines through that logger, metrics to standard output."""
        self._logger = logger

    def emit(self, report: Report) -> None:
        """Publish a batch's counts and durations."""
        for log_type in sorted(
            {*report.enriched, *report.skipped, *report.retried, *report.parked, *report.fetch_ms}
        ):
            _emit(
                {"log_type": log_type},
                counts={
                    "LogsEnriched": report.enriched[log_type],
                    "LogsSkipped": report.skipped[log_type],
                    "LogsRetried": report.retried[log_type],
                    "LogsParked": report.parked[log_type],
                    "SchemaDrift": report.drift[log_type],
                },
                milliseconds={
                    "FetchLatency": report.fetch_ms.get(log_type, []),
                    "EndToEndLag": report.lag_ms.get(log_type, []),
                },
            )
        for (log_type, error_code), count in sorted(report.failures.items()):
            unlisted = sorted(report.unlisted) if error_code == "other" else []
            _emit(
                {"log_type": log_type, "error_code": error_code},
                counts={"FailedLogs": count},
                properties={"unlisted_codes": unlisted} if unlisted else {},
            )
        for code, count in sorted(report.errors.items()):
            _emit({"code": code}, counts={"ProcessingFailures": count})
        self._logger.info("batch", extra=_summary(report))

    def defect(self, key: str, error: BaseException) -> None:
        """Log where it happened; the exception's text may hold a number or a secret."""
        frames = traceback.extract_tb(error.__traceback__)
        self._logger.error(
            "defect",
            extra={
                "log_key": key,
                "error": type(error).__name__,
                "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-8:]],
            },
        )


def _summary(report: Report) -> dict[str, object]:
    counts: dict[str, Mapping[str, int]] = {
        "enriched": report.enriched,
        "skipped": report.skipped,
        "retried": report.retried,
        "parked": report.parked,
        "drift": report.drift,
        "errors": report.errors,
    }
    return {"received": report.received} | {name: dict(by) for name, by in counts.items() if by}


def _emit(
    dimensions: dict[str, str],
    *,
    counts: Mapping[str, int],
    milliseconds: Mapping[str, Sequence[float]] | None = None,
    properties: dict[str, object] | None = None,
) -> None:
    """Print one line, and further ones for values beyond the format's limit."""
    metrics: dict[str, Any] = {
        name: {"Unit": MetricUnit.Count.value, "Value": count}
        for name, count in counts.items()
        if count
    }
    rest: dict[str, Sequence[float]] = {}
    for name, values in (milliseconds or {}).items():
        if values:
            first, *others = batched(values, _MAX_VALUES, strict=False)
            metrics[name] = {"Unit": MetricUnit.Milliseconds.value, "Value": list(first)}
            if others:
                rest[name] = values[_MAX_VALUES:]
    if metrics:
        AmazonCloudWatchEMFProvider(
            metric_set=metrics,
            dimension_set=dimensions,
            namespace=NAMESPACE,
            metadata_set=properties or {},
        ).flush_metrics()
    if rest:
        _emit(dimensions, counts={}, milliseconds=rest)
