"""Queue messages: what the writer leaves out, what the reader gets back, what a redrive changes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from hooklog.enrich.deliveries import log_request
from hooklog.errors import MessageMalformedError
from hooklog.logs import FAX
from hooklog.queue_messages import LogRequest, Origin, as_error_code, message_body, with_origin
from tests.builders import FAX_ID, FAX_SID, SENT_AT

OCCURRED_AT = datetime(2026, 5, 4, 11, 59, 58, 250000, UTC)


def test_reader_gets_back_every_value() -> None:
    """``log_request`` reads every value that ``message_body`` writes."""
    body = message_body(
        log_type="fax",
        origin=Origin.WEBHOOK,
        log_id=FAX_ID,
        resource_sid=FAX_SID,
        status="failed",
        error_code="34004",
        occurred_at=OCCURRED_AT,
    )
    assert log_request(body, SENT_AT) == LogRequest(
        kind=FAX,
        log_id=FAX_ID,
        event_at=OCCURRED_AT,
        status="failed",
        error_code="34004",
        origin=Origin.WEBHOOK,
        resource_sid=FAX_SID,
    )


@pytest.mark.parametrize("origin", Origin)
def test_absent_values_are_left_out(origin: Origin) -> None:
    """A body has no key for a value that the caller does not give."""
    body = message_body(log_type="fax", origin=origin, log_id=FAX_ID)
    assert json.loads(body) == {"log_type": "fax", "log_id": FAX_ID, "origin": origin.value}
    request = log_request(body, SENT_AT)
    assert request == LogRequest(kind=FAX, log_id=FAX_ID, event_at=SENT_AT, origin=origin)


@pytest.mark.parametrize("before", [{}, {"origin": "webhook"}, {"origin": ["odd"]}])
def test_another_origin_keeps_the_other_keys(before: dict[str, object]) -> None:
    """``with_origin`` sets the origin and keeps every other key, known or not."""
    content = {"log_type": "fax", "log_id": FAX_ID, "colour": {"deep": [1, None]}}
    body = with_origin(json.dumps(content | before), Origin.REDRIVE)
    assert json.loads(body) == content | {"origin": "redrive"}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "log_type",
        '{"log_type": "fax"',
        '["log_type"]',
        '"log_type"',
        "null",
        "7",
        "{}",
        '{ "Type": "Notification", "Message": "{}" }',
        "[" * 200_000,
    ],
    ids=["empty", "text", "cut", "list", "string", "null", "number", "object", "envelope", "deep"],
)
def test_a_body_without_a_log_type_stays(body: str) -> None:
    """``with_origin`` returns a body unchanged if it is not a JSON object with a ``log_type``."""
    assert with_origin(body, Origin.REDRIVE) == body


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("34004", "34004"),
        (34004, "34004"),
        (" carrier_violation ", "carrier_violation"),
        ("-1", "-1"),
        ("999999", "999999"),
        ("a" * 64, "a" * 64),
        ("", None),
        (None, None),
        (True, None),
        (34004.0, None),
        ("1234567", None),
        ("a1b2c3d4e5f6g7", None),
        ("+12025550143", None),
        ("HTTP 502", None),
        ("a" * 65, None),
        (["34004"], None),
    ],
)
def test_what_can_be_an_error_code(value: object, code: str | None) -> None:
    """A word or a short number; nothing that could be a text or anybody's number."""
    assert as_error_code(value) == code
    body = json.dumps({"log_type": "fax", "log_id": FAX_ID, "error_code": value})
    assert log_request(body, SENT_AT).error_code == code


@pytest.mark.parametrize(
    ("occurred_at", "is_believed"),
    [
        (datetime(2010, 1, 1, tzinfo=UTC), True),
        (datetime(2010, 1, 1, tzinfo=UTC) - timedelta(microseconds=1), False),
        (SENT_AT + timedelta(days=1), True),
        (SENT_AT + timedelta(days=1, microseconds=1), False),
    ],
)
def test_an_impossible_time_of_an_event_is_not_believed(
    occurred_at: datetime, *, is_believed: bool
) -> None:
    """Before 2010 there was no log, and a day ahead is more than a clock's error."""
    body = message_body(
        log_type="fax", origin=Origin.WEBHOOK, log_id=FAX_ID, occurred_at=occurred_at
    )
    expected = occurred_at if is_believed else SENT_AT
    assert log_request(body, SENT_AT).event_at == expected


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ("?", "The body is not JSON."),
        ("[]", "The body is not a JSON object."),
        ('{"log_type": "fax"}', "The body has neither log_id nor resource_sid."),
    ],
)
def test_a_parked_message_tells_an_operator_what_is_wrong(body: str, detail: str) -> None:
    """The sentence is the parking's detail."""
    with pytest.raises(MessageMalformedError) as caught:
        log_request(body, SENT_AT)
    assert caught.value.detail == detail
