"""The template's table and queues in a local cloud, without the functions: quick to deploy."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from typer.testing import CliRunner, Result

from hooklog_ops.cli import app
from hooklog_ops.deployment import Deployment
from local.cloud import REGION, LocalCloud, local_cloud
from tests.template import deployable

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

STACK = "hooklog-desk"
EVENTS_STACK = "hooklog-desk-events"
_RESOURCES = ("Queue", "DeadLetterQueue", "Table", "EnrichLogGroup")
_OUTPUTS = ("QueueUrl", "DeadLetterQueueUrl", "TableName", "EnrichLogGroupName")


@dataclass(frozen=True)
class Desk:
    """An operator's desk: the command line, and the stack that it works on."""

    cloud: LocalCloud
    stack: Deployment

    def hooklog(self, *arguments: str, stack: str | None = None) -> Result:
        """Run a command without a terminal, as in a script."""
        return CliRunner().invoke(
            app,
            ["--stack", stack or self.stack.name, *arguments],
            env={**self.cloud.environment, "COLUMNS": "120"},
        )

    def json(self, *arguments: str) -> Any:  # noqa: ANN401 - parsed JSON
        """Run a command that succeeds and prints JSON, and parse it."""
        result = self.hooklog(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def put_lines(self, *lines: object) -> None:
        """Put lines into the log group, as JSON, a stream for each call."""
        group, stream = self.stack.output("EnrichLogGroupName"), str(uuid.uuid4())
        self.stack.logs.create_log_stream(logGroupName=group, logStreamName=stream)
        self.stack.logs.put_log_events(
            logGroupName=group,
            logStreamName=stream,
            logEvents=[
                {"timestamp": int(time.time() * 1000), "message": json.dumps(line)}
                for line in lines
            ],
        )

    def queued(self) -> list[MessageTypeDef]:
        """Receive everything that is on the queue."""
        found: list[MessageTypeDef] = []
        while messages := self.stack.sqs.receive_message(
            QueueUrl=self.stack.output("QueueUrl"),
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            WaitTimeSeconds=0,
        ).get("Messages"):
            found += messages
        return found


@pytest.fixture(scope="session")
def _desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Start the cloud and create the stack."""
    with local_cloud(tmp_path_factory.mktemp("desk") / "cloud.log") as cloud:
        cloud.client("cloudformation").create_stack(
            StackName=STACK,
            TemplateBody=deployable(*_RESOURCES, outputs=_OUTPUTS),
            Parameters=[
                {"ParameterKey": "SignalWireSpace", "ParameterValue": "127.0.0.1:1"},
                {"ParameterKey": "DelaySeconds", "ParameterValue": "0"},
                {"ParameterKey": "IndexNumbers", "ParameterValue": "true"},
                {"ParameterKey": "IndexDays", "ParameterValue": "true"},
            ],
        )
        cloud.client("cloudformation").get_waiter("stack_create_complete").wait(
            StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
        session = boto3.session.Session(
            aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION
        )
        yield Desk(cloud, Deployment.open(session, STACK, endpoint_url=cloud.url))


@pytest.fixture(scope="session")
def _events_desk(_desk: Desk) -> Desk:
    """Create a stack that tells events, beside the one that tells none."""
    template = json.loads(
        deployable(
            "Table",
            "UnpublishedQueue",
            outputs=("TableName", "EventBusArn", "UnpublishedQueueUrl"),
        )
    )
    template["Outputs"]["PublishFunctionName"] = {"Value": "publish"}
    client = _desk.cloud.client("cloudformation")
    client.create_stack(
        StackName=EVENTS_STACK,
        TemplateBody=json.dumps(template),
        Parameters=[
            {"ParameterKey": "SignalWireSpace", "ParameterValue": "127.0.0.1:1"},
            {"ParameterKey": "Events", "ParameterValue": "All"},
        ],
    )
    client.get_waiter("stack_create_complete").wait(
        StackName=EVENTS_STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    opened = Deployment.open(_desk.stack.session, EVENTS_STACK, endpoint_url=_desk.cloud.url)
    return Desk(_desk.cloud, opened)


@contextmanager
def cleared(stack: Deployment) -> Iterator[None]:
    """Clear a stack's table, queues and log groups afterwards."""
    # Made before the test, which can change the environment.
    dynamodb, sqs, logs = stack.dynamodb, stack.sqs, stack.logs
    yield
    for page in dynamodb.get_paginator("scan").paginate(TableName=stack.output("TableName")):
        for item in page["Items"]:
            dynamodb.delete_item(TableName=stack.output("TableName"), Key={"pk": item["pk"]})
    for output, url in stack.outputs.items():
        if output.endswith("QueueUrl"):
            sqs.purge_queue(QueueUrl=url)
    for group in stack.log_groups:
        for stream in logs.describe_log_streams(logGroupName=group)["logStreams"]:
            logs.delete_log_stream(logGroupName=group, logStreamName=stream["logStreamName"])


@pytest.fixture(autouse=True)
def _empty_queues_answer_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for messages that nobody sends: the local cloud has no second server."""
    monkeypatch.setattr("hooklog_ops.queues._WAIT", 0)


@pytest.fixture
def desk(_desk: Desk) -> Iterator[Desk]:
    """Return the desk, and clear its table and queues afterwards."""
    with cleared(_desk.stack):
        yield _desk


@pytest.fixture
def events_desk(_events_desk: Desk) -> Iterator[Desk]:
    """Return a desk whose stack tells events, and clear its table and queue afterwards."""
    with cleared(_events_desk.stack):
        yield _events_desk
