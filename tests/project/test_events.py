"""Sample events of `sam local invoke` have real shapes, and the simulated space has their logs."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hooklog.enrich.deliveries import Delivery, deliveries, log_request
from hooklog.enrich.settings import EnrichSettings
from hooklog.errors import MessageError
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
from tests.template import properties

EVENTS = Path(__file__).parents[2] / "events"
FUNCTION = "EnrichFunction"
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


def environment() -> dict[str, str]:
    """Return the environment that `events/env.json` sets for the function."""
    variables = read("env.json")[FUNCTION]
    assert isinstance(variables, dict)
    return variables


def test_every_event_is_described_here() -> None:
    """A new sample event needs an entry in this module's table."""
    assert {path.name for path in EVENTS.glob("*.json")} == {*ASKS_FOR, "env.json"}


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


def test_the_environment_names_only_declared_variables() -> None:
    """The SAM CLI silently ignores a variable that the template does not declare."""
    assert read("env.json").keys() == {FUNCTION}
    assert environment().keys() <= properties(FUNCTION)["Environment"]["Variables"].keys()


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


def test_the_cloud_gets_no_endpoint() -> None:
    """The variable is for local use only: CloudFormation drops a variable without a value."""
    assert properties(FUNCTION)["Environment"]["Variables"]["AWS_ENDPOINT_URL"] == "AWS::NoValue"
