"""What the functions' metrics say of a span of time: how logs ended, and what was missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from hooklog.logs import KINDS

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_COUNTS = (
    *("LogsFinished", "FailedLogs", "SpaceLogs"),
    *("MissingLogs", "StaleLogs", "UnfinishedLogs"),
)
_LAG = "EndToEndLag"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A span of time in equal steps.

    Attributes:
        since: when the first step begins.
        until: now; the last step is not over.
        step: an hour or a day.

    """

    since: datetime
    until: datetime
    step: timedelta

    @classmethod
    def hours(cls, now: datetime, count: int) -> Span:
        """Return the last hours, the current one included."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        return cls(since=hour - (count - 1) * _HOUR, until=now, step=_HOUR)

    @classmethod
    def days(cls, now: datetime, count: int) -> Span:
        """Return the last days in UTC, today included."""
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return cls(since=midnight - (count - 1) * _DAY, until=now, step=_DAY)

    def starts(self) -> list[datetime]:
        """Return when each step begins, oldest first."""
        count = (self.until - self.since) // self.step + 1
        return [self.since + index * self.step for index in range(count)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What the metrics say of one step, for all kinds of log together.

    Attributes:
        start: of the step.
        finished: logs whose end was stored.
        failed: logs that failed.
        compared: logs that sweeps compared; each sweep counts a log again.
        missing: of these, logs without a row, for which no callback came.
        stale: of these, logs whose row was behind.
        unfinished: of these, logs that were in progress for too long.
        lag_ms: median from event to fetch, of the kind with the longest; None without any.

    """

    start: datetime
    finished: int
    failed: int
    compared: int
    missing: int
    stale: int
    unfinished: int
    lag_ms: float | None

    @property
    def succeeded(self) -> int:
        """Logs that succeeded; a failure can be counted a moment before its end."""
        return max(self.finished - self.failed, 0)


class Metrics:
    """Reads the metrics of one deployment, all of a span by one request."""

    def __init__(self, client: CloudWatchClient, namespace: Callable[[], str]) -> None:
        """Ask for the namespace once, when it is needed."""
        self._client = client
        self._ask_namespace = namespace

    def read(self, span: Span) -> list[Step]:
        """Return each step of a span, oldest first.

        Raises:
            StackNotFoundError: the stack has no function to ask for the namespace.
            ClientError: CloudWatch refused.

        """
        names = [(name, kind) for name in (*_COUNTS, _LAG) for kind in KINDS]
        pages = self._client.get_paginator("get_metric_data").paginate(
            StartTime=span.since,
            EndTime=span.until,
            MetricDataQueries=[
                self._query(index, name, kind, span.step)
                for index, (name, kind) in enumerate(names)
            ],
        )
        values: dict[tuple[str, datetime], list[float]] = {}
        for page in pages:
            for result in page["MetricDataResults"]:
                name, _ = names[int(result["Id"].removeprefix("m"))]
                for at, value in zip(result["Timestamps"], result["Values"], strict=True):
                    values.setdefault((name, at), []).append(value)
        return [_step(start, values) for start in span.starts()]

    def _query(self, index: int, name: str, kind: str, step: timedelta) -> MetricDataQueryTypeDef:
        return {
            "Id": f"m{index}",
            "MetricStat": {
                "Metric": {
                    "Namespace": self._namespace,
                    "MetricName": name,
                    "Dimensions": [{"Name": "log_type", "Value": kind}],
                },
                "Period": int(step.total_seconds()),
                "Stat": "p50" if name == _LAG else "Sum",
            },
        }

    @cached_property
    def _namespace(self) -> str:
        return self._ask_namespace()


def _step(start: datetime, values: Mapping[tuple[str, datetime], Sequence[float]]) -> Step:
    def total(name: str) -> int:
        return int(sum(values.get((name, start), ())))

    return Step(
        start=start,
        finished=total("LogsFinished"),
        failed=total("FailedLogs"),
        compared=total("SpaceLogs"),
        missing=total("MissingLogs"),
        stale=total("StaleLogs"),
        unfinished=total("UnfinishedLogs"),
        lag_ms=max(values.get((_LAG, start), ()), default=None),
    )
