"""The recipes of docs/events.md, deployed into a local cloud and tried with hooklog's events.

The publish function's own parts make the events from rows and put them on a bus of the cloud.
ministack 1.5.33 delivers them to the targets of rules, but does not check policies, try again or
use dead-letter queues; so the deployed policies are read. Its CloudFormation lacks connections and
API destinations; so the test makes those two through EventBridge's API, from the properties that
the template gives them.
"""

from __future__ import annotations

import json
import queue
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from hooklog.adapters.aws.event_bus import EventBus
from hooklog.publish.changes import Wanted
from hooklog.publish.publisher import Publisher
from local.cloud import LOOPBACK, ROOT, LocalCloud, local_cloud
from local.space import Log
from tests.builders import FAX_ID, failed_fax, failed_message, fax_log
from tests.publishing import (
    FakePublishTelemetry,
    FakeUnpublished,
    change,
    row,
    stream_record,
)
from tests.template import long_form

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import TargetOutputTypeDef

pytestmark = pytest.mark.integration

RECIPES = ROOT / "docs/events/recipes"
#: Seconds, far more than a delivery takes.
WITHIN = 30
WORTH_A_RETRY = failed_fax()
LOGS = (
    WORTH_A_RETRY,
    fax_log(),
    fax_log(status="ringing"),
    failed_message(error_code="30005", error_message="Unknown destination handset"),
)
#: Of these logs, in the same order.
TOLD = ["Fax Failed", "Fax Succeeded", "Fax In Progress", "Message Failed"]


@dataclass(frozen=True)
class Received:
    """A request that the application got."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Application:
    """An application behind HTTPS, on a loopback port."""

    def __init__(self, port: int) -> None:
        """Start with no requests."""
        self.url = f"https://{LOOPBACK}:{port}/hooklog"
        self.requests: queue.Queue[Received] = queue.Queue()


@contextmanager
def application(certificate: trustme.LeafCert) -> Iterator[Application]:
    """Answer each POST with 204."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            served.requests.put(Received("POST", self.path, headers, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's
            """Print nothing."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    with HTTPServer((LOOPBACK, 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        served = Application(server.server_port)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Sign the application's certificate."""
    return trustme.CA()


@pytest.fixture(scope="module")
def cloud(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Run a cloud that trusts the application's certificate."""
    folder: Path = tmp_path_factory.mktemp("cloud")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    environment = {"SSL_CERT_FILE": str(folder / "ca.pem")}
    with local_cloud(folder / "cloud.log", environment) as running:
        yield running


@pytest.fixture
def bus(cloud: LocalCloud, request: pytest.FixtureRequest) -> str:
    """Return the ARN of a bus of the test's own."""
    name = str(request.node.name).partition("[")[0]
    return cloud.client("events").create_event_bus(Name=name)["EventBusArn"]


def deployed(
    cloud: LocalCloud, template: Mapping[str, Any], parameters: Mapping[str, str], name: str
) -> dict[str, str]:
    """Deploy a template as a stack; return the physical names of its resources."""
    aws = cloud.client("cloudformation")
    aws.create_stack(
        StackName=name,
        TemplateBody=json.dumps(template),
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
        Capabilities=["CAPABILITY_IAM"],
    )
    aws.get_waiter("stack_create_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": WITHIN}
    )
    resources = aws.describe_stack_resources(StackName=name)["StackResources"]
    return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in resources}


def tell(cloud: LocalCloud, bus: str, *logs: Log) -> None:
    """Put the events of these logs on the bus, as the publish function does."""
    events = cloud.client("events")
    publisher = Publisher(
        bus=EventBus(lambda: events, bus),
        unpublished=FakeUnpublished(),
        telemetry=FakePublishTelemetry(),
        wanted=Wanted.ALL,
    )
    records = [
        stream_record(number, partial(change, None, row(log))) for number, log in enumerate(logs)
    ]
    assert publisher.handle(records) == {"batchItemFailures": []}


def received(cloud: LocalCloud, url: str) -> list[str]:
    """Take the messages of a queue."""
    sqs = cloud.client("sqs")
    bodies: list[str] = []
    while messages := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1
    ).get("Messages"):
        bodies += [message["Body"] for message in messages]
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return bodies


def attributes(cloud: LocalCloud, url: str) -> Mapping[str, str]:
    """Return a queue's attributes."""
    answer = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    # boto3's stubs name the keys.
    return {str(name): value for name, value in answer["Attributes"].items()}


def target_of(cloud: LocalCloud, bus: str, rule: str) -> TargetOutputTypeDef:
    """Return the only target of a rule."""
    # ministack finds a rule by the name of its bus only.
    name = bus.rpartition("/")[2]
    answer = cloud.client("events").list_targets_by_rule(Rule=rule, EventBusName=name)
    (target,) = answer["Targets"]
    return target


def assert_only_the_rule_may_send(
    cloud: LocalCloud, bus: str, names: Mapping[str, str], *queues: str
) -> None:
    """The queues are encrypted, and take messages from no other rule."""
    answer = cloud.client("events").describe_rule(
        Name=names["Rule"], EventBusName=bus.rpartition("/")[2]
    )
    for name in queues:
        found = attributes(cloud, names[name])
        assert found["SqsManagedSseEnabled"] == "true"
        assert json.loads(found["Policy"])["Statement"] == [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": found["QueueArn"],
                "Condition": {"ArnEquals": {"aws:SourceArn": answer["Arn"]}},
            }
        ]


def assert_undelivered_is_kept(cloud: LocalCloud, bus: str, names: Mapping[str, str]) -> None:
    """The rule's target has the queue of what cannot be delivered."""
    kept = attributes(cloud, names["Undelivered"])["QueueArn"]
    assert target_of(cloud, bus, names["Rule"])["DeadLetterConfig"] == {"Arn": kept}


def made_by_hand(cloud: LocalCloud, template: dict[str, Any], parameters: Mapping[str, str]) -> str:
    """Make the template's connection and API destination; put the ARN of the latter in its place.

    The ARN is returned, too.
    """
    events, resources = cloud.client("events"), template["Resources"]
    connection = written(resources.pop("Connection")["Properties"], {}, parameters)
    arn = events.create_connection(Name="application", **connection)["ConnectionArn"]
    destination = written(
        resources.pop("Application")["Properties"], {"Connection": arn}, parameters
    )
    made = events.create_api_destination(Name="application", **destination)["ApiDestinationArn"]
    template["Resources"] = written(resources, {"Application": made}, {})
    return made


def written(value: Any, arns: Mapping[str, str], parameters: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
    """Return JSON with the ARNs of these resources and the values of these parameters."""
    match value:
        case {"Fn::GetAtt": [name, "Arn"]} if name in arns:
            return arns[name]
        case {"Ref": name} if name in parameters:
            return parameters[name]
        case dict():
            return {key: written(one, arns, parameters) for key, one in value.items()}
        case list():
            return [written(one, arns, parameters) for one in value]
        case _:
            return value


def test_an_email_says_why_a_fax_failed(cloud: LocalCloud, bus: str) -> None:
    """The topic has the address, and gets one sentence for the failed fax and none for others."""
    template = long_form(RECIPES / "email.yaml")
    names = deployed(cloud, template, {"EventBus": bus, "Address": "ops@example.com"}, "email")
    sns, sqs = cloud.session.client("sns", endpoint_url=cloud.url), cloud.client("sqs")
    (subscription,) = sns.list_subscriptions_by_topic(TopicArn=names["Topic"])["Subscriptions"]
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "ops@example.com")
    inbox = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    sns.subscribe(
        TopicArn=names["Topic"],
        Protocol="sqs",
        Endpoint=attributes(cloud, inbox)["QueueArn"],
        Attributes={"RawMessageDelivery": "true"},
    )
    tell(cloud, bus, *LOGS)
    item = row(WORTH_A_RETRY)
    (text,) = received(cloud, inbox)
    assert json.loads(text) == (
        "The fax from +12025550143 to +442079460958 of 2026-05-04T11:59:30.000Z failed. "
        f"{item['cause']} {item['advice']} More about it: hooklog show fax {FAX_ID}"
    )
    policy = json.loads(sns.get_topic_attributes(TopicArn=names["Topic"])["Attributes"]["Policy"])
    (statement,) = policy["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert (statement["Action"], statement["Resource"]) == ("sns:Publish", names["Topic"])


def test_a_queue_gets_every_event(cloud: LocalCloud, bus: str) -> None:
    """Only the rule may put events there, and on the queue of what cannot be delivered."""
    names = deployed(cloud, long_form(RECIPES / "queue.yaml"), {"EventBus": bus}, "queue")
    tell(cloud, bus, *LOGS)
    events = [json.loads(body) for body in received(cloud, names["Queue"])]
    assert sorted(event["detail-type"] for event in events) == sorted(TOLD)
    assert {event["source"] for event in events} == {"hooklog"}
    assert_only_the_rule_may_send(cloud, bus, names, "Queue", "Undelivered")
    assert_undelivered_is_kept(cloud, bus, names)


def test_another_queue_gets_what_is_worth_a_retry(cloud: LocalCloud, bus: str) -> None:
    """Neither other failures nor other outcomes come."""
    names = deployed(cloud, long_form(RECIPES / "retry.yaml"), {"EventBus": bus}, "retry")
    tell(cloud, bus, *LOGS)
    (event,) = [json.loads(body) for body in received(cloud, names["Queue"])]
    assert event["detail"]["explanation"]["key"] == row(WORTH_A_RETRY)["explanation"]
    assert_only_the_rule_may_send(cloud, bus, names, "Queue", "Undelivered")
    assert_undelivered_is_kept(cloud, bus, names)


def test_an_application_is_called(cloud: LocalCloud, bus: str, authority: trustme.CA) -> None:
    """It gets the event with the API key in a header, through a role that may do only that."""
    template = long_form(RECIPES / "http.yaml")
    with application(authority.issue_cert(LOOPBACK)) as served:
        parameters = {"EventBus": bus, "Url": served.url, "ApiKey": "the-key"}
        destination = made_by_hand(cloud, template, parameters)
        names = deployed(cloud, template, parameters, "http")
        tell(cloud, bus, failed_fax())
        request = served.requests.get(timeout=WITHIN)
    assert (request.method, request.path) == ("POST", "/hooklog")
    assert request.headers["x-api-key"] == "the-key"
    assert request.headers["content-type"].startswith("application/json")
    event = json.loads(request.body)
    assert (event["detail-type"], event["detail"]["log_id"]) == ("Fax Failed", FAX_ID)
    assert target_of(cloud, bus, names["Rule"])["RetryPolicy"] == {
        "MaximumEventAgeInSeconds": 21600,
        "MaximumRetryAttempts": 185,
    }
    assert_undelivered_is_kept(cloud, bus, names)
    assert_only_the_rule_may_send(cloud, bus, names, "Undelivered")
    iam = cloud.session.client("iam", endpoint_url=cloud.url)
    document = iam.get_role_policy(RoleName=names["Role"], PolicyName="call")["PolicyDocument"]
    assert document["Statement"] == [
        {"Effect": "Allow", "Action": "events:InvokeApiDestination", "Resource": destination}
    ]
