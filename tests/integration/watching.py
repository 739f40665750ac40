"""The alarms of a deployed stack, and a local CloudWatch that receives the functions' metrics.

The local cloud extracts no metrics from log lines and has none of SQS, nor of a stream's age. So
what waits for an operator is counted at the queues, and the ages of the oldest message and of the
stream's records and the number in flight are invented. Its alarms
ignore the dimensions of a metric, so this module also compares each alarm's own metric with its
threshold.
"""

from __future__ import annotations

import json
import operator
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from local.cloud import LocalCloud
from local.metric_data import EMF_START, put
from local.stack import NAME, log_lines, messages_left
from tests.integration.conftest import Deployment

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricAlarmTypeDef

COMPARED = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
}
#: Seconds: a period longer than a run.
PERIOD = 10**9


@dataclass(frozen=True)
class State:
    """The alarms, by their name in the template."""

    #: The state of each in the local cloud.
    reported: dict[str, str]
    #: Whether each alarm's own metric is beyond its threshold.
    breached: dict[str, bool]
    #: The alarms whose state ALARM was sent to the topic.
    notified: set[str]


class Watch:
    """A deployed stack, and the CloudWatch that receives its functions' metrics."""

    def __init__(self, deployment: Deployment, inbox: str) -> None:
        """Use a deployment whose topic delivers to this queue."""
        self.deployment = deployment
        self._inbox = inbox
        self._cloudwatch = deployment.cloud.client("cloudwatch")
        resources = deployment.cloud.client("cloudformation").describe_stack_resources(
            StackName=NAME
        )["StackResources"]
        self.physical = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in resources}
        self._alarms = {
            name: alarm
            for alarm in self._cloudwatch.describe_alarms()["MetricAlarms"]
            for name, physical in self.physical.items()
            if physical == alarm["AlarmName"]
        }
        self._seen: Counter[str] = Counter()

    @property
    def dashboard(self) -> dict[str, Any]:
        """The dashboard as CloudWatch has it."""
        name = self.physical["OperationsDashboard"]
        found = self._cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"]
        return cast("dict[str, Any]", json.loads(found))

    @property
    def arns(self) -> set[str]:
        """The ARNs of the alarms that CloudWatch has."""
        return {alarm["AlarmArn"] for alarm in self._alarms.values()}

    def lines(self) -> list[str]:
        """Read the lines of all functions that are embedded metrics, in no particular order."""
        lines = log_lines(self.deployment.cloud, self.deployment.stack)
        return [line for line in lines if line.startswith(EMF_START)]

    def state(self, *, oldest_message: float, in_flight: int, oldest_change_ms: float) -> State:
        """Put the new metrics into CloudWatch, and return the state of the alarms."""
        lines = Counter(self.lines())
        put(self._cloudwatch, (lines - self._seen).elements())
        self._seen = lines
        stack, cloud = self.deployment.stack, self.deployment.cloud
        dead = messages_left(cloud, stack.dead_letter_queue_url)
        unpublished = self.physical["UnpublishedQueue"]
        set_aside = messages_left(cloud, unpublished)
        for queue, name, value in (
            (stack.dead_letter_queue_url, "ApproximateNumberOfMessagesVisible", dead),
            (unpublished, "ApproximateNumberOfMessagesVisible", set_aside),
            (stack.queue_url, "ApproximateAgeOfOldestMessage", oldest_message),
            (stack.queue_url, "ApproximateNumberOfMessagesNotVisible", in_flight),
        ):
            self._cloudwatch.put_metric_data(
                Namespace="AWS/SQS",
                MetricData=[
                    {
                        "MetricName": name,
                        "Dimensions": [{"Name": "QueueName", "Value": queue.rpartition("/")[2]}],
                        "Value": value,
                    }
                ],
            )
        self._cloudwatch.put_metric_data(
            Namespace="AWS/Lambda",
            MetricData=[
                {
                    "MetricName": "IteratorAge",
                    "Dimensions": [
                        {"Name": "FunctionName", "Value": self.physical["PublishFunction"]}
                    ],
                    "Value": oldest_change_ms,
                }
            ],
        )
        return State(
            reported={
                name: self._cloudwatch.describe_alarms(AlarmNames=[alarm["AlarmName"]])[
                    "MetricAlarms"
                ][0]["StateValue"]
                for name, alarm in self._alarms.items()
            },
            breached={name: self._is_breached(alarm) for name, alarm in self._alarms.items()},
            notified=set(self._notified()),
        )

    def _is_breached(self, alarm: MetricAlarmTypeDef) -> bool:
        now = datetime.now(UTC)
        points = self._cloudwatch.get_metric_statistics(
            Namespace=alarm["Namespace"],
            MetricName=alarm["MetricName"],
            Dimensions=alarm["Dimensions"],
            StartTime=now - timedelta(days=1),
            EndTime=now + timedelta(minutes=1),
            Period=PERIOD,
            Statistics=[alarm["Statistic"]],
        )["Datapoints"]
        compare = COMPARED[alarm["ComparisonOperator"]]
        return any(compare(point[alarm["Statistic"]], alarm["Threshold"]) for point in points)

    def _notified(self) -> Iterator[str]:
        sqs = self.deployment.cloud.client("sqs")
        names = {alarm["AlarmName"]: name for name, alarm in self._alarms.items()}
        while messages := sqs.receive_message(QueueUrl=self._inbox, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in messages:
                sqs.delete_message(QueueUrl=self._inbox, ReceiptHandle=message["ReceiptHandle"])
                notification = json.loads(json.loads(message["Body"])["Message"])
                if notification["NewStateValue"] == "ALARM":
                    yield names[notification["AlarmName"]]


def sns_client(cloud: LocalCloud) -> Any:  # noqa: ANN401 - no types of it are installed
    """Make a client for SNS."""
    return cloud.session.client("sns", endpoint_url=cloud.url)
