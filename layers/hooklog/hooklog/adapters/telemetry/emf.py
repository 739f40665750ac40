"""What every function prints: metrics in CloudWatch's embedded metric format, and defects."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
    AmazonCloudWatchEMFProvider,
)

#: The format's limit for the values of one metric in one line.
_MAX_VALUES = 100


@dataclass(frozen=True, slots=True)
class EmbeddedMetrics:
    """Prints the metrics of one namespace."""

    namespace: str

    def emit(
        self,
        dimensions: dict[str, str],
        *,
        counts: Mapping[str, int],
        milliseconds: Mapping[str, Sequence[float]] | None = None,
        seconds: Mapping[str, float] | None = None,
        properties: dict[str, object] | None = None,
    ) -> None:
        """Print one line, and further ones for values beyond the format's limit."""
        metrics: dict[str, Any] = {
            name: {"Unit": MetricUnit.Count.value, "Value": count}
            for name, count in counts.items()
            if count
        } | {
            name: {"Unit": MetricUnit.Seconds.value, "Value": value}
            for name, value in (seconds or {}).items()
            if value
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
                # A copy, because flushing empties it.
                dimension_set=dict(dimensions),
                namespace=self.namespace,
                metadata_set=properties or {},
            ).flush_metrics()
        if rest:
            self.emit(dimensions, counts={}, milliseconds=rest)


def log_defect(logger: Logger, key: str, error: BaseException) -> None:
    """Log where a defect is; the exception's text could contain a number or a secret."""
    frames = traceback.extract_tb(error.__traceback__)
    logger.error(
        "defect",
        extra={
            "log_key": key,
            "error": type(error).__name__,
            "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-8:]],
        },
    )
