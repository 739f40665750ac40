"""Producers behind SNS: the queue's policy lets those in that the parameter names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.cloud import LocalCloud, local_cloud
from tests.template import deployable

pytestmark = pytest.mark.integration

TOPIC = "arn:aws:sns:us-east-1:000000000000:sends"
RULE = "arn:aws:events:us-east-1:000000000000:rule/sends"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Run a local cloud of its own."""
    with local_cloud(tmp_path_factory.mktemp("cloud") / "cloud.log") as running:
        yield running


def deployed(cloud: LocalCloud, name: str, producers: str) -> tuple[str, list[dict[str, Any]]]:
    """Deploy the queues alone; return the queue's URL and the statements of its policy."""
    resources = ("Queue", "DeadLetterQueue", "QueuesPolicy")
    given = {"SignalWireSpace": "example.signalwire.com", "ProducerArns": producers}
    formation = cloud.client("cloudformation")
    formation.create_stack(
        StackName=name,
        TemplateBody=deployable(*resources, outputs=("QueueUrl",)),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
    )
    formation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    (stack,) = formation.describe_stacks(StackName=name)["Stacks"]
    url = stack["Outputs"][0]["OutputValue"]
    answer = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    statements: list[dict[str, Any]] = json.loads(answer["Attributes"]["Policy"])["Statement"]
    return url, statements


def test_only_the_named_producers_are_let_in(cloud: LocalCloud) -> None:
    """The deployed policy has their ARNs as a condition, and still denies what has no TLS."""
    _, statements = deployed(cloud, "with-producers", f"{TOPIC},{RULE}")
    deny, allow = statements
    assert deny["Effect"] == "Deny"
    assert allow["Action"] == "sqs:SendMessage"
    assert set(allow["Principal"]["Service"]) == {"sns.amazonaws.com", "events.amazonaws.com"}
    assert allow["Condition"] == {"ArnEquals": {"aws:SourceArn": [TOPIC, RULE]}}


def test_without_producers_nobody_else_is_let_in(cloud: LocalCloud) -> None:
    """By default the policy allows nothing."""
    _, statements = deployed(cloud, "without-producers", "")
    assert [statement["Effect"] for statement in statements] == ["Deny"]


def test_what_a_topic_publishes_is_on_the_queue(cloud: LocalCloud) -> None:
    """A subscription of the queue brings the message in SNS's envelope.

    The local cloud does not enforce queue policies; the tests above look at them.
    """
    url, _ = deployed(cloud, "behind-a-topic", TOPIC)
    sns = cloud.session.client("sns", endpoint_url=cloud.url)
    topic = sns.create_topic(Name="sends")["TopicArn"]
    assert topic == TOPIC
    attributes = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    queue = attributes["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    sns.publish(TopicArn=topic, Message='{"log_type": "fax"}')
    received = cloud.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    assert json.loads(received[0]["Body"])["Message"] == '{"log_type": "fax"}'
