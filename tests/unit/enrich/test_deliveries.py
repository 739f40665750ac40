"""Each body from the queue becomes either a request or a refusal."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooklog.enrich.deliveries import deliveries, log_request
from hooklog.errors import (
    EventError,
    MessageError,
    MessageMalformedError,
    UnsupportedTypeError,
)
from hooklog.logs import FAX, KINDS, MESSAGE
from hooklog.queue_messages import LogRequest, Origin, message_body
from tests.builders import FAX_ID, FAX_SID, MESSAGE_ID, SENT_AT, body, delivery, sqs_event

if TYPE_CHECKING:
    from local.space import Json, Log

PERSONAL = "+12025550143"


def read(text: str) -> LogRequest:
    """Read a body with the builders' send time."""
    return log_request(text, SENT_AT)


def sns(text: str) -> str:
    """Wrap a text in the envelope that SNS makes for SQS."""
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": "arn:aws:sns:us-east-1:000000000000:callbacks",
            "Message": text,
            "Timestamp": "2026-05-04T12:00:00.000Z",
            "MessageAttributes": {},
        }
    )


def event_bridge(text: str) -> str:
    """Wrap a body in the envelope that EventBridge makes."""
    return json.dumps(
        {
            "version": "0",
            "id": "17793124-05d4-b198-2fde-7ededc63b103",
            "detail-type": "log changed",
            "source": "example.webhook",
            "account": "000000000000",
            "time": "2026-05-04T12:00:00Z",
            "region": "us-east-1",
            "resources": [],
            "detail": json.loads(text),
        }
    )


# --- bodies -------------------------------------------------------------------------------------


def test_minimal_body() -> None:
    """A type and an ID are enough; all other fields stay unset."""
    request = read(body("message", MESSAGE_ID))
    assert (request.kind, request.log_id) == (MESSAGE, MESSAGE_ID)
    assert (request.status, request.origin, request.event_at) == (None, Origin.MANUAL, SENT_AT)
    assert request.key == f"message#{MESSAGE_ID}"


def test_full_body() -> None:
    """All documented fields are read."""
    request = read(
        body(
            status="delivered",
            resource_sid="d94e1b76-20c3-4b8a-a7f5-6e0d9c3b8a33",
            origin="sweep",
            occurred_at="2026-05-04T12:00:00.250Z",
        )
    )
    assert (request.kind, request.log_id) == (FAX, FAX_ID)
    assert (request.status, request.origin) == ("delivered", Origin.SWEEP)
    assert request.event_at == SENT_AT + timedelta(milliseconds=250)


@pytest.mark.parametrize("origin", ["webhook", "sweep", "backfill", "redrive", "manual"])
def test_origins(origin: str) -> None:
    """Each producer is known by its name."""
    assert read(body(origin=origin)).origin == origin


def test_null_is_an_absent_value() -> None:
    """A producer may write null for an optional field that it has no value for."""
    nulls = body(status=None, resource_sid=None, origin=None, occurred_at=None)
    assert read(nulls) == read(body())


def test_event_time_becomes_utc() -> None:
    """An event time in another zone is converted to UTC, like all other times."""
    occurred_at = read(body(occurred_at="2026-05-04T14:00:00+02:00")).event_at
    assert occurred_at == SENT_AT
    assert occurred_at.tzinfo is UTC


def test_a_resource_sid_stands_in_for_an_unknown_log_id() -> None:
    """A fax callback carries only the FaxSid; the request asks for it and marks it as one."""
    only_sid = read(json.dumps({"log_type": "fax", "resource_sid": FAX_SID.upper()}))
    assert (only_sid.log_id, only_sid.resource_sid) == (FAX_SID, FAX_SID)
    both = read(body(resource_sid=FAX_SID))
    assert (both.log_id, both.resource_sid) == (FAX_ID, FAX_SID)


def test_a_body_without_any_id_is_refused() -> None:
    """A body without an ID is refused with a detail that names both keys."""
    with pytest.raises(MessageMalformedError, match="neither log_id nor resource_sid"):
        read(json.dumps({"log_type": "fax"}))


@pytest.mark.parametrize(
    "impossible", ["0001-01-01T00:00:00Z", "9999-12-31T23:30:00Z", "2026-05-06T12:00:00Z"]
)
def test_an_impossible_event_time_is_ignored(impossible: str) -> None:
    """A time from a default value or a broken clock must not widen the search by years."""
    assert read(body(occurred_at=impossible)).event_at == SENT_AT


def test_upper_case_ids_are_lowered() -> None:
    """One log has one key, in whatever case its ID is written."""
    assert read(body(log_id=FAX_ID.upper())) == read(body())


def test_unknown_keys_are_ignored() -> None:
    """A producer may send more than hooklog reads."""
    assert read(body(body="secret", to=PERSONAL, more={"a": [1]})) == read(body())


# --- envelopes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrapped",
    [
        sns(body(status="sent")),
        event_bridge(body(status="sent")),
        sns(event_bridge(body(status="sent"))),
        sns(sns(body(status="sent"))),
    ],
    ids=["sns", "event_bridge", "event_bridge_through_sns", "sns_twice"],
)
def test_envelopes_are_opened(wrapped: str) -> None:
    """A body means the same in an envelope of SNS, of EventBridge, or of one inside the other."""
    assert read(wrapped) == read(body(status="sent"))


@pytest.mark.parametrize(
    "wrapped",
    [
        sns("no JSON"),
        sns(json.dumps([FAX_ID])),
        sns("{}"),
        event_bridge("null"),
        event_bridge("[]"),
        sns(sns(sns(body()))),
        json.dumps({"Type": "Notification", "Message": json.loads(body())}),
        json.dumps({"Type": "SubscriptionConfirmation", "Message": body()}),
    ],
)
def test_malformed_envelopes(wrapped: str) -> None:
    """An envelope without a body is malformed, and so are envelopes nested too deeply."""
    with pytest.raises(MessageMalformedError):
        read(wrapped)


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", "not JSON"),
        (PERSONAL.removeprefix("+"), "not a JSON object"),
        (f"to {PERSONAL}", "not JSON"),
        (f'{{"log_type": "{PERSONAL}"', "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("9" * 5_000, "not JSON"),
        ("null", "not a JSON object"),
        (f'["{PERSONAL}"]', "not a JSON object"),
        (f'"{PERSONAL}"', "not a JSON object"),
    ],
    ids=["empty", "number", "text", "cut", "deep", "long", "null", "array", "string"],
)
def test_malformed_bodies(text: str, detail: str) -> None:
    """A body that is not a JSON object is refused, and the refusal quotes none of it."""
    with pytest.raises(MessageMalformedError, match=detail) as caught:
        read(text)
    assert PERSONAL.removeprefix("+") not in caught.value.detail


MALFORMED: list[tuple[str, Log]] = [
    ("log_type", {"log_id": FAX_ID}),
    ("log_type", {"log_type": None, "log_id": FAX_ID}),
    ("log_type", {"log_type": [PERSONAL], "log_id": FAX_ID}),
    ("log_id", {"log_type": "fax", "log_id": 12025550143}),
    ("log_id", {"log_type": "fax", "log_id": PERSONAL}),
    ("log_id", {"log_type": "fax", "log_id": FAX_ID[:-1]}),
    ("log_id", {"log_type": "fax", "log_id": FAX_ID + "0"}),
    ("log_id", {"log_type": "fax", "log_id": FAX_ID + "\n"}),
    ("log_id", {"log_type": "fax", "log_id": " " + FAX_ID}),
    ("log_id", {"log_type": "fax", "log_id": "{" + FAX_ID + "}"}),
    ("log_id", {"log_type": "fax", "log_id": FAX_ID.replace("-", "")}),
    ("log_id", {"log_type": "fax", "log_id": "../" + FAX_ID}),
    ("log_id", {"log_type": "fax", "log_id": FAX_ID.replace("3", "٣")}),
    ("status", {"log_type": "fax", "log_id": FAX_ID, "status": 3}),
    ("resource_sid", {"log_type": "fax", "log_id": FAX_ID, "resource_sid": {"to": PERSONAL}}),
    ("origin", {"log_type": "fax", "log_id": FAX_ID, "origin": PERSONAL}),
    ("occurred_at", {"log_type": "fax", "log_id": FAX_ID, "occurred_at": f"at {PERSONAL}"}),
    ("occurred_at", {"log_type": "fax", "log_id": FAX_ID, "occurred_at": "2026-05-04T12:00:00"}),
    (
        "occurred_at",
        {"log_type": "fax", "log_id": FAX_ID, "occurred_at": "0001-01-01T00:00:00+14:00"},
    ),
]


@pytest.mark.parametrize(("field", "content"), MALFORMED)
def test_malformed_fields_are_named(field: str, content: Log) -> None:
    """The refusal names the field that is missing or malformed, and shows no value."""
    with pytest.raises(MessageMalformedError) as caught:
        read(json.dumps(content))
    assert f"{field}: " in caught.value.detail
    value = str(content.get(field))
    assert PERSONAL not in caught.value.detail
    assert len(value) < 8 or value not in caught.value.detail


def test_all_malformed_fields_are_named() -> None:
    """The refusal names all malformed fields at once."""
    with pytest.raises(MessageMalformedError) as caught:
        read(json.dumps({"log_id": PERSONAL, "origin": 1, "status": []}))
    for field in ("log_type", "log_id", "origin", "status"):
        assert f"{field}: " in caught.value.detail


@pytest.mark.parametrize("log_type", ["letter", "FAX", "", PERSONAL])
def test_unknown_types(log_type: str) -> None:
    """An unknown type of log is refused by its own error, which lists the known types."""
    with pytest.raises(UnsupportedTypeError, match="fax, message") as caught:
        read(body(log_type))
    assert PERSONAL not in caught.value.detail


ANY_JSON: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
#: Almost valid bodies in almost valid envelopes.
NEARLY = st.fixed_dictionaries(
    {},
    optional={
        "log_type": st.sampled_from(["fax", "message"]) | ANY_JSON,
        "log_id": st.sampled_from([FAX_ID, FAX_ID.upper()]) | ANY_JSON,
        "status": ANY_JSON,
        "resource_sid": ANY_JSON,
        "origin": st.sampled_from(list(Origin)) | ANY_JSON,
        "occurred_at": st.datetimes().map(lambda moment: f"{moment.isoformat()}+14:00") | ANY_JSON,
        "Type": st.just("Notification") | ANY_JSON,
        "Message": ANY_JSON.map(json.dumps) | ANY_JSON,
        "detail-type": ANY_JSON,
        "detail": ANY_JSON,
    },
)


@given(st.text() | ANY_JSON.map(json.dumps) | NEARLY.map(json.dumps))
def test_any_body_is_read_or_refused(text: str) -> None:
    """No body, however odd, raises anything but a MessageError."""
    with suppress(MessageError):
        assert read(text).key in {f"fax#{FAX_ID}", f"message#{FAX_ID}"}


# --- what hooklog itself writes -----------------------------------------------------------------


@pytest.mark.parametrize("occurred_at", [None, SENT_AT - timedelta(milliseconds=1500)])
@pytest.mark.parametrize("status", [None, "in-progress"])
@pytest.mark.parametrize(
    ("log_id", "resource_sid"), [(FAX_ID, None), (None, FAX_SID), (FAX_ID, FAX_SID)]
)
@pytest.mark.parametrize("origin", Origin)
@pytest.mark.parametrize("log_type", KINDS)
def test_a_body_is_read_as_it_was_written(
    *,
    log_type: str,
    origin: Origin,
    log_id: str | None,
    resource_sid: str | None,
    status: str | None,
    occurred_at: datetime | None,
) -> None:
    """Every combination of fields survives the round trip through the queue."""
    text = message_body(
        log_type=log_type,
        origin=origin,
        log_id=log_id,
        resource_sid=resource_sid,
        status=status,
        occurred_at=occurred_at,
    )
    assert read(text) == LogRequest(
        kind=KINDS[log_type],
        log_id=log_id or FAX_SID,
        event_at=occurred_at or SENT_AT,
        status=status,
        origin=origin,
        resource_sid=resource_sid,
    )


@given(st.datetimes(datetime(2010, 1, 1), SENT_AT.replace(tzinfo=None)))  # noqa: DTZ001 - UTC below
def test_a_time_is_kept_to_the_microsecond(moment: datetime) -> None:
    """An event's time loses no digit on the queue."""
    occurred_at = moment.replace(tzinfo=UTC)
    text = message_body(
        log_type="fax", origin=Origin.WEBHOOK, log_id=FAX_ID, occurred_at=occurred_at
    )
    assert read(text).event_at == occurred_at


# --- events -------------------------------------------------------------------------------------


def test_deliveries() -> None:
    """Each record of an SQS event becomes a delivery, in order, with SQS's attributes."""
    first = delivery("anything", message_id="a", attempt=3)
    second = delivery(message_id="b", sent_at=SENT_AT + timedelta(milliseconds=123))
    assert deliveries(sqs_event(first, second)) == [first, second]


def test_send_time_has_a_zone() -> None:
    """SQS sends milliseconds of Unix time; they become a time with a zone."""
    event = sqs_event(delivery(sent_at=datetime(1970, 1, 1, 0, 0, 1, 5000, UTC)))
    assert deliveries(event)[0].sent_at.isoformat() == "1970-01-01T00:00:01.005000+00:00"


def test_no_records() -> None:
    """An SQS event may have no records."""
    assert deliveries({"Records": []}) == []


@pytest.mark.parametrize(
    ("event", "what"),
    [
        (None, "it is not a JSON object."),
        ([], "it is not a JSON object."),
        ("event", "it is not a JSON object."),
        ({}, "Records: missing"),
        ({"records": []}, "Records: missing"),
        ({"Records": None}, "Records: "),
        ({"Records": {}}, "Records: "),
        ({"Records": [1]}, "Records.0: "),
        ({"version": "2.0", "rawPath": "/", "body": PERSONAL}, "Records: missing"),
    ],
)
def test_other_events(event: object, what: str) -> None:
    """An event of another kind is refused with a message that says what is wrong."""
    with pytest.raises(EventError) as caught:
        deliveries(event)
    assert caught.value.detail.startswith(f"The event is not an SQS event: {what}")
    assert caught.value.detail.endswith(".")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("messageId", ""),
        ("messageId", None),
        ("receiptHandle", 5),
        ("eventSource", "aws:sns"),
        ("body", None),
        ("body", {"to": PERSONAL}),
        ("attributes", None),
    ],
)
def test_malformed_records(name: str, value: Json) -> None:
    """A malformed record refuses the event; the error names the field and shows no value."""
    event = sqs_event(delivery(), delivery())
    assert isinstance(event["Records"], list)
    assert isinstance(event["Records"][1], dict)
    event["Records"][1][name] = value
    with pytest.raises(EventError) as caught:
        deliveries(event)
    assert f"Records.1.{name}: " in caught.value.detail
    assert PERSONAL not in caught.value.detail
    del event["Records"][1][name]
    with pytest.raises(EventError, match=rf"Records\.1\.{name}: missing"):
        deliveries(event)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ApproximateReceiveCount", "0"),
        ("ApproximateReceiveCount", "often"),
        ("SentTimestamp", "-1"),
        ("SentTimestamp", "today"),
        ("SentTimestamp", "9" * 15),
        ("SentTimestamp", "9" * 400),
    ],
)
def test_malformed_attributes(name: str, value: str) -> None:
    """An impossible count or time refuses the event."""
    event = sqs_event(delivery())
    assert isinstance(event["Records"], list)
    assert isinstance(event["Records"][0], dict)
    attributes = event["Records"][0]["attributes"]
    assert isinstance(attributes, dict)
    attributes[name] = value
    with pytest.raises(EventError) as caught:
        deliveries(event)
    assert f"Records.0.attributes.{name}: " in caught.value.detail


@given(ANY_JSON, st.dictionaries(st.sampled_from(["Records", "body"]), ANY_JSON))
def test_any_event_is_read_or_refused(anything: Json, like_an_event: Log) -> None:
    """No event, however odd, raises anything but an EventError."""
    for event in (anything, like_an_event):
        with suppress(EventError):
            assert deliveries(event) == []
