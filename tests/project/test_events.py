"""Sample events of `sam local invoke` have real shapes, and the simulated space has their logs."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer

from hooklog.adapters.aws import stream
from hooklog.enrich.deliveries import Delivery, deliveries, log_request
from hooklog.enrich.settings import EnrichSettings
from hooklog.errors import MessageError
from hooklog.publish.changes import Wanted
from hooklog.publish.events import event_of
from hooklog.publish.settings import PublishSettings
from hooklog.queue_messages import LogRequest
from local import serve
from local.space import (
    API_TOKEN,
    EVERY_FAX_CASE,
    EVERY_MESSAGE_CASE,
    LOG_TYPES,
    OFFICIAL_FAX_ID,
    OFFICIAL_MESSAGE_ID,
    PROJECT_ID,
    generate,
)
from tests.publishing import row
from tests.template import properties

EVENTS = Path(__file__).parents[2] / "events"
FUNCTION = "EnrichFunction"
PUBLISH = "PublishFunction"
#: A change of the table, for the publish function; the other files are for the enrich function.
STREAM = "stream.json"
#: A well-formed id that no space serves.
UNKNOWN = "message#00000000-0000-4000-8000-000000000000"

#: The row's key that each record requests, or the code of the error that parks it.
ASKS_FOR = {
    "fax.json": [f"fax#{OFFICIAL_FAX_ID}"],
    "message.json": [f"message#{OFFICIAL_MESSAGE_ID}"],
    "mixed_batch.json": [
        "fax#e5d4a835-ba18-41dd-ae2c-afa9d55fbace",
        "message#ffd0848b-3c7e-4f22-b717-9798b4586021",
        "fax#e5d4a835-ba18-41dd-ae2c-afa9d55fbace",
        "message#340cc433-9b67-464a-af5c-60b495096d9b",
        "fax#fc0ab270-7dab-40a8-986c-d7fc90356f53",
        UNKNOWN,
    ],
    "poisoned.json": [
        "message.malformed",
        "message.unsupported_type",
        "message.malformed",
        "message#5f05c6e6-12c6-413c-a7f5-6d4d9d693766",
    ],
}


def read(name: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Read a file of `events/`."""
    return json.loads((EVENTS / name).read_text(encoding="utf-8"))


def asked(delivery: Delivery) -> LogRequest | MessageError:
    """Return the request of a delivery, or the error that makes it unusable."""
    try:
        return log_request(delivery.body, delivery.sent_at)
    except MessageError as error:
        return error


def environment(function: str = FUNCTION) -> dict[str, str]:
    """Return the environment that `events/env.json` sets for a function."""
    variables = read("env.json")[function]
    assert isinstance(variables, dict)
    return variables


def test_every_event_is_described_here() -> None:
    """A new sample event needs an entry in this module's table."""
    assert {path.name for path in EVENTS.glob("*.json")} == {*ASKS_FOR, STREAM, "env.json"}


@pytest.mark.parametrize("name", ASKS_FOR)
def test_each_record_gives_the_expected_request_or_error(name: str) -> None:
    """The handler's parser reads from each record what the file is meant to show."""
    outcomes = [asked(delivery) for delivery in deliveries(read(name))]
    found = [
        outcome.key if isinstance(outcome, LogRequest) else outcome.code for outcome in outcomes
    ]
    assert found == ASKS_FOR[name]


@pytest.mark.parametrize("name", ASKS_FOR)
def test_records_have_the_shape_that_lambda_documents(name: str) -> None:
    """A record carries every documented key, the body's checksum and an id of its own."""
    records = read(name)["Records"]
    for record in records:
        assert record.keys() == {
            "messageId",
            "receiptHandle",
            "body",
            "attributes",
            "messageAttributes",
            "md5OfBody",
            "eventSource",
            "eventSourceARN",
            "awsRegion",
        }
        assert record["attributes"].keys() == {
            "ApproximateReceiveCount",
            "SentTimestamp",
            "SenderId",
            "ApproximateFirstReceiveTimestamp",
        }
        checksum = hashlib.md5(record["body"].encode(), usedforsecurity=False).hexdigest()
        assert record["md5OfBody"] == checksum
        assert record["eventSourceARN"].split(":")[:4] == ["arn", "aws", "sqs", record["awsRegion"]]
    for unique in ("messageId", "receiptHandle"):
        assert len({record[unique] for record in records}) == len(records)


@pytest.mark.parametrize("name", ASKS_FOR)
def test_the_space_of_make_serve_has_the_logs(name: str) -> None:
    """Every requested log exists there, except the one that is meant to be unknown."""
    logs = generate(serve.SEED, EVERY_FAX_CASE, EVERY_MESSAGE_CASE, datetime.now(UTC))
    served = {f"{kind}#{log_id}" for kind in LOG_TYPES for log_id in logs.logs(kind)}
    keys = {key for key in ASKS_FOR[name] if "#" in key}
    assert keys - served == ({UNKNOWN} & keys)


@pytest.mark.parametrize("name", ASKS_FOR)
def test_the_logs_have_reached_the_announced_statuses(name: str) -> None:
    """No sample waits for the API to catch up, so each is done after its first invocation."""
    logs = generate(serve.SEED, EVERY_FAX_CASE, EVERY_MESSAGE_CASE, datetime.now(UTC))
    statuses = {
        f"{kind}#{log_id}": str(log["status"])
        for kind in LOG_TYPES
        for log_id, log in logs.logs(kind).items()
    }
    for outcome in map(asked, deliveries(read(name))):
        if isinstance(outcome, LogRequest) and outcome.key in statuses:
            assert not outcome.kind.is_behind(statuses[outcome.key], outcome.status)


def test_the_change_of_the_table_has_the_shape_that_lambda_documents() -> None:
    """It carries every documented key, and the moment and place of the write."""
    (record,) = read(STREAM)["Records"]
    assert record.keys() == {
        "eventID",
        "eventName",
        "eventVersion",
        "eventSource",
        "awsRegion",
        "dynamodb",
        "eventSourceARN",
    }
    assert record["dynamodb"].keys() == {
        "ApproximateCreationDateTime",
        "Keys",
        "NewImage",
        "SequenceNumber",
        "SizeBytes",
        "StreamViewType",
    }
    view = properties("Table")["StreamSpecification"][1]["StreamViewType"]
    assert record["dynamodb"]["StreamViewType"] == view
    assert (record["eventName"], record["eventSource"]) == ("INSERT", "aws:dynamodb")
    arn = record["eventSourceARN"].split(":", 5)
    assert arn[:4] == ["arn", "aws", "dynamodb", record["awsRegion"]]
    assert arn[5].startswith(f"table/{serve.NAME}/stream/")


def test_the_change_of_the_table_is_what_hooklog_writes_for_the_fax() -> None:
    """The image is the row of the failed fax of `fax.json`, in DynamoDB's JSON."""
    (record,) = read(STREAM)["Records"]
    deserialize = TypeDeserializer().deserialize
    image = {name: deserialize(one) for name, one in record["dynamodb"]["NewImage"].items()}
    logs = generate(serve.SEED, EVERY_FAX_CASE, EVERY_MESSAGE_CASE, datetime.now(UTC))
    assert image == row(logs.logs("fax")[OFFICIAL_FAX_ID])
    assert deserialize(record["dynamodb"]["Keys"]["pk"]) == image["pk"]
    (change,) = stream.records(read(STREAM))
    event = event_of(change.read(), masked=False)
    assert (event.detail_type, event.error_code) == ("Fax Failed", "34004")


@pytest.mark.parametrize("function", [FUNCTION, PUBLISH])
def test_the_environment_names_only_declared_variables(function: str) -> None:
    """The SAM CLI silently ignores a variable that the template does not declare."""
    assert read("env.json").keys() == {FUNCTION, PUBLISH}
    declared = properties(function)["Environment"]["Variables"].keys()
    assert environment(function).keys() <= declared


def test_the_environment_leads_to_what_make_serve_starts() -> None:
    """The function gets the served ports, names and credentials, and the space over plain HTTP."""
    settings = EnrichSettings.load(environment())
    host = "http://host.docker.internal"
    assert settings.signalwire_url == f"{host}:{serve.SPACE_PORT}"
    assert settings.signalwire_project_id == PROJECT_ID
    assert settings.signalwire_api_token.get_secret_value() == API_TOKEN
    assert settings.signalwire_secret_arn == ""
    assert settings.table_name == serve.NAME
    assert settings.queue_url == f"{host}:{serve.CLOUD_PORT}/000000000000/{serve.NAME}"
    assert environment()["AWS_ENDPOINT_URL"] == f"{host}:{serve.CLOUD_PORT}"


def test_the_publish_function_sends_to_the_bus_and_queue_of_make_serve() -> None:
    """All is told, with whole numbers, on the default bus."""
    settings = PublishSettings.load(environment(PUBLISH))
    host = f"http://host.docker.internal:{serve.CLOUD_PORT}"
    assert (settings.events, settings.event_numbers) == (Wanted.ALL, "full")
    assert settings.event_bus == "default"
    assert settings.unpublished_queue_url == f"{host}/000000000000/{serve.UNPUBLISHED}"
    assert environment(PUBLISH)["AWS_ENDPOINT_URL"] == host


@pytest.mark.parametrize("function", [FUNCTION, PUBLISH])
def test_the_cloud_gets_no_endpoint(function: str) -> None:
    """The variable is for local use only: CloudFormation drops a variable without a value."""
    assert properties(function)["Environment"]["Variables"]["AWS_ENDPOINT_URL"] == "AWS::NoValue"
