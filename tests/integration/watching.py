"""The alarms of a deployed stack, and a local CloudWatch that is handed what the functions print.

The local cloud takes no metrics out of log lines and has none of SQS, so dead letters are counted
at the queue, and the age of the oldest message is made up. Its alarms look at a metric's name and
not at its dimensions, so what each alarm's own metric says is compared with its threshold here.
"""

from __future__ import annotations

import json
import operator
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

import boto3

from local.cloud import LocalCloud
from local.stack import messages_left
from tests.integration.conftest import Deployment

COMPARED = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
}
#: Seconds: a period that holds all of a run.
AT_ONCE = 10**9


@dataclass(frozen=True)
class State:
    """What has become of the alarms, by their name in the template."""

    #: What the local cloud says of each.
    says: dict[str, str]
    #: Whether the value of each alarm's own metric is beyond the threshold.
    breached: dict[str, bool]
    #: Which of them the topic was told to have gone off.
    told: set[str]


class Watch:
    """A deployed stack, and the CloudWatch that is handed what its functions print."""

    def __init__(self, deployment: Deployment, inbox: str) -> None:
        """Take a deployment whose topic delivers to that queue."""
        self.deployment = deployment
        self._inbox = inbox
        self._cloudwatch = client(deployment.cloud, "cloudwatch")
        resources = deployment.cloud.client("cloudformation").describe_stack_resources(
            StackName="hooklog-local"
        )["StackResources"]
        self.physical = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in resources}
        self._alarms = {
            name: alarm
            for alarm in self._cloudwatch.describe_alarms()["MetricAlarms"]
            for name, physical in self.physical.items()
            if physical == alarm["AlarmName"]
        }
        self._handed_over: Counter[str] = Counter()

    @property
    def dashboard(self) -> dict[str, Any]:
        """The dashboard as CloudWatch has it."""
        name = self.physical["OperationsDashboard"]
        found = self._cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"]
        return cast("dict[str, Any]", json.loads(found))

    @property
    def arns(self) -> set[str]:
        """The names of the alarms that CloudWatch has, in full."""
        return {alarm["AlarmArn"] for alarm in self._alarms.values()}

    def lines(self) -> list[str]:
        """Read the lines of all functions that are embedded metrics, in no certain order."""
        paginator = self.deployment.cloud.client("logs").get_paginator("filter_log_events")
        return [
            event["message"]
            for group in ("EnrichLogGroup", "WebhookLogGroup", "SweepLogGroup")
            for page in paginator.paginate(logGroupName=self.physical[group])
            for event in page["events"]
            if event["message"].startswith('{"_aws"')
        ]

    def state(self, *, oldest_message: float) -> State:
        """Hand over what is new, and see what the alarms make of it."""
        lines = Counter(self.lines())
        for text in (lines - self._handed_over).elements():
            line = json.loads(text)
            for directive in line["_aws"]["CloudWatchMetrics"]:
                (names,) = directive["Dimensions"]
                for metric in directive["Metrics"]:
                    value = line[metric["Name"]]
                    self._put(
                        directive["Namespace"],
                        metric["Name"],
                        {name: line[name] for name in names},
                        value if isinstance(value, list) else [value],
                    )
        self._handed_over = lines
        stack, cloud = self.deployment.stack, self.deployment.cloud
        dead = messages_left(cloud, stack.dead_letter_queue_url)
        for queue, name, value in (
            (stack.dead_letter_queue_url, "ApproximateNumberOfMessagesVisible", dead),
            (stack.queue_url, "ApproximateAgeOfOldestMessage", oldest_message),
        ):
            self._put("AWS/SQS", name, {"QueueName": queue.rpartition("/")[2]}, [value])
        return State(
            says={
                name: self._cloudwatch.describe_alarms(AlarmNames=[alarm["AlarmName"]])[
                    "MetricAlarms"
                ][0]["StateValue"]
                for name, alarm in self._alarms.items()
            },
            breached={name: self._is_breached(alarm) for name, alarm in self._alarms.items()},
            told=set(self._told()),
        )

    def _put(
        self, namespace: str, name: str, dimensions: dict[str, str], values: list[float]
    ) -> None:
        named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
        datum = {"MetricName": name, "Dimensions": named, "Values": values}
        self._cloudwatch.put_metric_data(Namespace=namespace, MetricData=[datum])

    def _is_breached(self, alarm: dict[str, Any]) -> bool:
        now = datetime.now(UTC)
        points = self._cloudwatch.get_metric_statistics(
            **{key: alarm[key] for key in ("Namespace", "MetricName", "Dimensions")},
            StartTime=now - timedelta(days=1),
            EndTime=now + timedelta(minutes=1),
            Period=AT_ONCE,
            Statistics=[alarm["Statistic"]],
        )["Datapoints"]
        compare = COMPARED[alarm["ComparisonOperator"]]
        return any(compare(point[alarm["Statistic"]], alarm["Threshold"]) for point in points)

    def _told(self) -> Iterator[str]:
        sqs = self.deployment.cloud.client("sqs")
        names = {alarm["AlarmName"]: name for name, alarm in self._alarms.items()}
        while messages := sqs.receive_message(QueueUrl=self._inbox, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in messages:
                sqs.delete_message(QueueUrl=self._inbox, ReceiptHandle=message["ReceiptHandle"])
                told = json.loads(json.loads(message["Body"])["Message"])
                if told["NewStateValue"] == "ALARM":
                    yield names[told["AlarmName"]]


def client(cloud: LocalCloud, service: Literal["cloudwatch", "sns"]) -> Any:  # noqa: ANN401 - no types are installed for these
    """Make a client for a service that only this module uses."""
    return boto3.session.Session(
        aws_access_key_id="local", aws_secret_access_key="local", region_name="us-east-1"
    ).client(service, endpoint_url=cloud.url)
