"""Metrics from log lines: CloudWatch extracts them by itself, the local cloud does not."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import batched, islice
from typing import TYPE_CHECKING

from local.cloud import LocalCloud
from local.log_group import lines

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef

#: The beginning of a line in the embedded metric format.
EMF_START = '{"_aws"'
#: CloudWatch's limit for one PutMetricData.
_MAX_DATA = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Emitted:
    """The values of one metric in one line.

    Attributes:
        namespace: of the metric.
        name: of the metric.
        dimensions: values by name.
        unit: as CloudWatch names it.
        values: one or more.
        at: time of the line.

    """

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    unit: str
    values: Sequence[float]
    at: datetime


def emitted(log_lines: Iterable[str]) -> Iterator[Emitted]:
    """Yield the metrics of the lines in the embedded metric format; skip other lines."""
    for line in log_lines:
        if not line.startswith(EMF_START):
            continue
        content = json.loads(line)
        at = datetime.fromtimestamp(content["_aws"]["Timestamp"] / 1000, UTC)
        for directive in content["_aws"]["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                for metric in directive["Metrics"]:
                    value = content[metric["Name"]]
                    yield Emitted(
                        namespace=directive["Namespace"],
                        name=metric["Name"],
                        dimensions={name: content[name] for name in names},
                        unit=metric["Unit"],
                        values=value if isinstance(value, list) else [value],
                        at=at,
                    )


def put(client: CloudWatchClient, log_lines: Iterable[str]) -> None:
    """Put the metrics of these lines into CloudWatch."""
    by_namespace: defaultdict[str, list[MetricDatumTypeDef]] = defaultdict(list)
    for metric in emitted(log_lines):
        by_namespace[metric.namespace].append(
            {
                "MetricName": metric.name,
                "Dimensions": [
                    {"Name": name, "Value": value} for name, value in metric.dimensions.items()
                ],
                "Timestamp": metric.at,
                "Values": metric.values,
            }
        )
    for namespace, data in by_namespace.items():
        for chunk in batched(data, _MAX_DATA, strict=False):
            client.put_metric_data(Namespace=namespace, MetricData=chunk)


class Extraction:
    """Puts the metrics of log groups into the local cloud's CloudWatch, each line once."""

    def __init__(self, cloud: LocalCloud, log_groups: Iterable[str]) -> None:
        """Start at the first line of each log group."""
        self._logs = cloud.client("logs")
        self._cloudwatch = cloud.client("cloudwatch")
        self._seen = dict.fromkeys(log_groups, 0)

    def catch_up(self) -> None:
        """Put the metrics of the lines since the last call."""
        for group, seen in self._seen.items():
            new = list(islice(lines(self._logs, group), seen, None))
            put(self._cloudwatch, new)
            self._seen[group] += len(new)
