"""Metrics out of log lines: CloudWatch extracts them by itself, the local cloud does not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3

from local.cloud import REGION, LocalCloud

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef

_START = '{"_aws"'


class Extraction:
    """Hands the lines of log groups to the cloud's CloudWatch, each once."""

    def __init__(self, cloud: LocalCloud, log_groups: Iterable[str]) -> None:
        """Read those groups of that cloud."""
        self._logs = cloud.client("logs")
        self._cloudwatch = cloudwatch(cloud)
        self._seen = dict.fromkeys(log_groups, 0)

    def catch_up(self) -> None:
        """Hand over what was printed since the last time."""
        paginator = self._logs.get_paginator("filter_log_events")
        for group, seen in self._seen.items():
            lines = [
                event["message"]
                for page in paginator.paginate(logGroupName=group)
                for event in page["events"]
            ]
            put(self._cloudwatch, lines[seen:])
            self._seen[group] = len(lines)


def cloudwatch(cloud: LocalCloud) -> CloudWatchClient:
    """Make a client for the cloud's CloudWatch."""
    session = boto3.session.Session(
        aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION
    )
    client: CloudWatchClient = session.client("cloudwatch", endpoint_url=cloud.url)
    return client


def put(client: CloudWatchClient, lines: Iterable[str]) -> None:
    """Put the metrics of lines in the embedded metric format; other lines are passed over."""
    for line in lines:
        if line.startswith(_START):
            for namespace, data in _data(line):
                client.put_metric_data(Namespace=namespace, MetricData=data)


def _data(line: str) -> Iterator[tuple[str, list[MetricDatumTypeDef]]]:
    content = json.loads(line)
    at = datetime.fromtimestamp(content["_aws"]["Timestamp"] / 1000, UTC)
    for directive in content["_aws"]["CloudWatchMetrics"]:
        data: list[MetricDatumTypeDef] = []
        for names in directive["Dimensions"]:
            for metric in directive["Metrics"]:
                value = content[metric["Name"]]
                data.append(
                    {
                        "MetricName": metric["Name"],
                        "Dimensions": [{"Name": name, "Value": content[name]} for name in names],
                        "Timestamp": at,
                        "Values": value if isinstance(value, list) else [value],
                    }
                )
        yield directive["Namespace"], data
