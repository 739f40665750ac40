"""The boto3 clients: created once, configured as asked, and items exactly as on the wire."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any, Literal

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ClientError

from hooklog.adapters.aws.clients import BOTO_CONFIG, Clients
from hooklog.adapters.aws.dynamodb import DynamoTable
from hooklog.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

type Name = Literal["dynamodb", "sqs", "events", "secrets"]

ENDPOINT = "http://cloud.invalid:4566"
#: Not that of the environment.
REGION = "eu-central-1"
NAMES: list[Name] = ["dynamodb", "sqs", "events", "secrets"]
REQUEST: Any = {"hooklog": {"Keys": [{"pk": {"S": "fax#1"}}]}}


def session() -> boto3.session.Session:
    """Return a session with a region and credentials of its own."""
    return boto3.session.Session(
        aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION
    )


class Raw(io.BytesIO):
    """The body of an HTTP answer, as botocore reads it."""

    def stream(self) -> Iterator[bytes]:
        """Yield the whole body at once."""
        yield self.read()


def answering(body: str, status: int = 200) -> DynamoDBClient:
    """Return a client that gets this answer to every request, without a connection."""

    def answer(**_: object) -> Any:  # noqa: ANN401 - botocore's stubs know no answering handler
        return AWSResponse(ENDPOINT, status, HTTPHeaders(), Raw(body.encode()))

    client = Clients(session=session(), endpoint_url=ENDPOINT).dynamodb
    client.meta.events.register("before-send.dynamodb", answer)
    return client


# --- the clients --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_each_client_is_created_once(name: Name) -> None:
    """A second look at a client returns the first one."""
    clients = Clients(session=session())
    assert getattr(clients, name) is getattr(clients, name)


def test_a_client_is_created_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The session creates the client that is asked for and no other."""
    created: list[str] = []
    real = boto3.session.Session.client

    def noting(self: boto3.session.Session, service: str, **more: Any) -> object:  # noqa: ANN401
        created.append(service)
        return real(self, service, **more)  # type: ignore[call-overload]

    monkeypatch.setattr("boto3.session.Session.client", noting)
    clients = Clients(session=session())
    assert created == []
    for _ in range(2):
        assert clients.secrets.meta.service_model.service_name == "secretsmanager"
    assert created == ["secretsmanager"]


@pytest.mark.parametrize("name", NAMES)
def test_each_client_has_the_config_and_the_endpoint(name: Name) -> None:
    """Config and endpoint reach every client."""
    config = Config(connect_timeout=7, read_timeout=11)
    meta = getattr(Clients(config, session=session(), endpoint_url=ENDPOINT), name).meta
    assert (meta.config.connect_timeout, meta.config.read_timeout) == (7, 11)
    assert meta.endpoint_url == ENDPOINT


@pytest.mark.parametrize("name", NAMES)
def test_defaults_are_short_timeouts_and_aws(name: Name, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without further arguments a client has ``BOTO_CONFIG``, and speaks to AWS in its region."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    meta = getattr(Clients(session=session()), name).meta
    for option in ("connect_timeout", "read_timeout"):
        assert getattr(meta.config, option) == getattr(BOTO_CONFIG, option)
    assert meta.endpoint_url.endswith(f".{REGION}.amazonaws.com")


# --- items --------------------------------------------------------------------------------------


def test_items_are_as_on_the_wire() -> None:
    """An item keeps its attribute types, its nesting and attributes of no known type."""
    answer: dict[str, Any] = {
        "Responses": {
            "hooklog": [
                {
                    "pk": {"S": "fax#1"},
                    "version": {"N": "3"},
                    "charge": {"N": "0.00415"},
                    "final": {"BOOL": False},
                    "status": {"NULL": True},
                    "texts": {"SS": ["a", "é"]},
                    "nested": {"M": {"list": {"L": [{"N": "1"}, {"M": {"s": {"S": ""}}}]}}},
                    "new": {"NEW": "type"},
                },
                {},
            ]
        },
        "UnprocessedKeys": REQUEST,
    }
    found = answering(json.dumps(answer)).batch_get_item(RequestItems=REQUEST)
    assert {name: found[name] for name in ("Responses", "UnprocessedKeys")} == answer
    assert found["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_items_are_not_parsed_a_second_time() -> None:
    """Botocore's parser, which takes most of the time of a read, gets none of them."""
    client = answering('{"Responses": {"hooklog": [{"pk": {"S": "fax#1"}}]}}')
    parsed: list[bytes] = []

    def note(response_dict: dict[str, Any], **_: object) -> None:
        parsed.append(response_dict["body"])

    client.meta.events.register_last("before-parse.dynamodb.BatchGetItem", note)
    client.batch_get_item(RequestItems=REQUEST)
    assert parsed == [b"{}"]


def test_other_operations_are_parsed_as_usual() -> None:
    """Only BatchGetItem passes botocore's parser by: another answer loses what it does not know."""
    found = answering('{"Item": {"pk": {"S": "fax#1"}}, "New": 1}').get_item(
        TableName="hooklog", Key={"pk": {"S": "fax#1"}}
    )
    assert found["Item"] == {"pk": {"S": "fax#1"}}
    assert "New" not in found


def test_an_error_answer_raises() -> None:
    """An error answer to BatchGetItem is a ``ClientError`` with AWS's code and message."""
    body = {"__type": "com.amazonaws.dynamodb.v20120810#ValidationException", "message": "No."}
    with pytest.raises(ClientError) as caught:
        answering(json.dumps(body), 400).batch_get_item(RequestItems=REQUEST)
    assert caught.value.response["Error"] == {"Code": "ValidationException", "Message": "No."}


@pytest.mark.parametrize("body", ["<html>", '{"Responses": ', ""])
def test_an_answer_that_cannot_be_read_is_no_missing_row(body: str) -> None:
    """The read fails, and the messages come back later."""
    with pytest.raises(StoreUnavailableError):
        DynamoTable(answering(body), "hooklog").read(["fax#1"])
