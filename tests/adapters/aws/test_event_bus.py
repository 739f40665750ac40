"""EventBridge: one call for ten events, and what its errors mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from hooklog.adapters.aws.event_bus import EventBus
from hooklog.errors import EventRefusedError, PublishUnavailableError
from hooklog.publish.publisher import Entry
from tests.builders import failed_fax
from tests.publishing import AT, change, row, stream_record

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

BUS = "arn:aws:events:us-east-1:000000000000:event-bus/application"


class Events:
    """An EventBridge that answers with these error codes, or raises."""

    def __init__(self, *codes: str | None, error: Exception | None = None) -> None:
        """Answer with a code per event; without codes, take all."""
        self.codes = codes
        self.error = error
        self.calls: list[list[dict[str, Any]]] = []

    def client(self) -> EventBridgeClient:
        """Return the client."""
        return cast("EventBridgeClient", self)

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - as in boto3
        """Answer as AWS does: in the order of the request."""
        self.calls.append(Entries)
        if self.error is not None and (len(Entries) > 1 or "bad" in Entries[0]["Detail"]):
            raise self.error
        codes = self.codes or [None] * len(Entries)
        return {
            "FailedEntryCount": sum(code is not None for code in codes),
            "Entries": [
                {"EventId": "1"} if code is None else {"ErrorCode": code, "ErrorMessage": "?"}
                for code in codes
            ],
        }


def entries(*details: str) -> list[Entry]:
    """Return events with these details."""
    record = stream_record(1, lambda: change(None, row(failed_fax())))
    return [
        Entry(
            record=record, version=1, log_type="fax", detail_type="Fax Failed", detail=detail, at=AT
        )
        for detail in details
    ]


def test_events_go_out_in_one_call() -> None:
    """Each has the bus, the source, the kind of event, its JSON, and the time of the write."""
    aws = Events()
    assert EventBus(aws.client, BUS).put(entries("{}", '{"id": 1}')) == [None, None]
    (call,) = aws.calls
    assert call[1] == {
        "EventBusName": BUS,
        "Source": "hooklog",
        "DetailType": "Fax Failed",
        "Detail": '{"id": 1}',
        "Time": AT,
    }


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ThrottlingException", PublishUnavailableError),
        ("InternalFailure", PublishUnavailableError),
        ("AccessDeniedException", PublishUnavailableError),
        ("MalformedDetail", EventRefusedError),
        ("InvalidArgument", EventRefusedError),
    ],
)
def test_each_event_has_its_own_result(code: str, expected: type[Exception]) -> None:
    """What is wrong with an event itself is refused; everything else can be put right."""
    aws = Events(None, code, None)
    first, second, third = EventBus(aws.client, BUS).put(entries("{}", "{}", "{}"))
    assert (first, type(second), third) == (None, expected, None)
    assert code in str(second)


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "ThrottlingException", "Message": "?"}}, "PutEvents"),
        ConnectTimeoutError(endpoint_url="https://events.us-east-1.amazonaws.com"),
    ],
)
def test_a_call_that_fails_is_made_again_later(error: Exception) -> None:
    """None of its events is told, and none is refused."""
    found = EventBus(Events(error=error).client, BUS).put(entries("bad", "bad"))
    assert list(map(type, found)) == [PublishUnavailableError] * 2
    name = "ThrottlingException" if isinstance(error, ClientError) else "ConnectTimeoutError"
    assert all(name in str(one) for one in found)


def test_a_refused_call_is_split() -> None:
    """EventBridge refuses the whole call for one event, so each is sent alone."""
    error = ClientError({"Error": {"Code": "ValidationException", "Message": "?"}}, "PutEvents")
    aws = Events(error=error)
    found = EventBus(aws.client, BUS).put(entries("{}", "bad", "{}"))
    assert list(map(type, found)) == [type(None), EventRefusedError, type(None)]
    assert len(aws.calls) == 4


def test_a_refused_pair_is_split() -> None:
    """Two events are enough for one to affect the other."""
    error = ClientError({"Error": {"Code": "ValidationException", "Message": "?"}}, "PutEvents")
    found = EventBus(Events(error=error).client, BUS).put(entries("{}", "bad"))
    assert list(map(type, found)) == [type(None), EventRefusedError]
