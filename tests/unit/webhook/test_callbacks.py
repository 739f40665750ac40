"""Callbacks: which log each one names, and what goes on the queue."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooklog.enrich.deliveries import log_request
from hooklog.errors import CallbackMalformedError
from hooklog.logs import KINDS
from hooklog.webhook.callbacks import read
from tests.builders import FAX_SID, MESSAGE_ID, SENT_AT
from tests.webhook import fax_status, message_status, sms_status


def message(content: str) -> dict[str, Any]:
    """Return the queue message that a callback becomes."""
    found = json.loads(read(content).message)
    assert isinstance(found, dict)
    return found


def test_message_status() -> None:
    """A Relay/REST callback names the log by its id."""
    callback = read(json.dumps(message_status()))
    assert json.loads(callback.message) == {
        "log_type": "message",
        "log_id": MESSAGE_ID,
        "status": "undelivered",
        "error_code": "30003",
        "occurred_at": "2026-05-04T11:59:58+00:00",
        "origin": "webhook",
    }


def test_sms_status() -> None:
    """A LaML message's SID is its log's id."""
    assert message(urlencode(sms_status())) == {
        "log_type": "message",
        "log_id": MESSAGE_ID,
        "status": "delivered",
        "origin": "webhook",
    }


def test_fax_status() -> None:
    """A fax's SID is not its log's id, and is not passed off as one."""
    callback = read(urlencode(fax_status()))
    assert json.loads(callback.message) == {
        "log_type": "fax",
        "resource_sid": FAX_SID,
        "status": "failed",
        "error_code": "34004",
        "occurred_at": "2026-05-04T11:59:58+00:00",
        "origin": "webhook",
    }


def test_the_message_is_one_that_the_enrichment_reads() -> None:
    """The enrich function can read every message that the front door enqueues."""
    for content in (json.dumps(message_status()), urlencode(sms_status())):
        request = log_request(read(content).message, SENT_AT)
        assert (request.key, request.resource_sid) == (f"message#{MESSAGE_ID}", None)
        assert request.origin == "webhook"
    request = log_request(read(urlencode(fax_status())).message, SENT_AT)
    assert (request.kind.name, request.resource_sid) == ("fax", FAX_SID)
    assert request.status == "failed"


@pytest.mark.parametrize(
    "content", [json.dumps(message_status()), urlencode(sms_status()), urlencode(fax_status())]
)
def test_nothing_personal_is_enqueued(content: str) -> None:
    """The message holds the listed fields only, and no number or text of the callback."""
    assert set(message(content)) <= {
        *("log_type", "log_id", "resource_sid", "status", "error_code", "occurred_at", "origin")
    }
    enqueued = read(content).message
    for secret in ("+1", "2025550143", "4155550122", "314159", "Handset", "dropped"):
        assert secret not in enqueued


@pytest.mark.parametrize("code", ["+12025550143", "12025550143", "Handset was off", ""])
def test_what_is_no_error_code_is_left_out(code: str) -> None:
    """It could be a number or a text; the log is fetched all the same."""
    assert "error_code" not in message(urlencode(fax_status(ErrorCode=code)))
    assert "error_code" not in message(json.dumps(message_status(error_code=code)))


@given(st.text(max_size=80))
def test_a_status_is_a_word_or_is_left_out(status: str) -> None:
    """A status that contains a text or a number is left out of the message."""
    enqueued = message(urlencode(fax_status(FaxStatus=status)))
    assert enqueued.get("status") in {status, None}
    kept = enqueued.get("status", "a")
    assert kept.isascii()
    assert not set(kept) & set("0123456789+ @.")
    assert len(kept) <= 32


@pytest.mark.parametrize("status", ["in-progress", "no-answer", "read", "Delivered", "on_hold"])
def test_unknown_statuses_are_kept(status: str) -> None:
    """An unknown status that is a single word is passed on, since the set of statuses is open."""
    assert message(urlencode(fax_status(FaxStatus=status)))["status"] == status


@pytest.mark.parametrize("field", ["FaxStatus", "Timestamp", "From", "AccountSid"])
def test_a_fax_needs_its_sid_alone(field: str) -> None:
    """A fax callback with nothing but its SID is enqueued."""
    fields = fax_status()
    del fields[field]
    assert message(urlencode(fields))["resource_sid"] == FAX_SID


@pytest.mark.parametrize(
    "others",
    [
        {},
        {"status": 7, "timestamp": ["now"], "more": {"id": "x"}},
        {"status": None, "error_code": None, "timestamp": None},
        {"status": True, "error_code": True},
    ],
    ids=str,
)
def test_a_message_needs_its_id_alone(others: dict[str, object]) -> None:
    """A message callback needs its ID only; other fields may be absent or of another type."""
    expected = {"log_type": "message", "log_id": MESSAGE_ID, "origin": "webhook"}
    assert message(json.dumps({"id": MESSAGE_ID} | others)) == expected


@pytest.mark.parametrize(
    ("timestamp", "occurred_at"),
    [
        ("2026-05-04T11:59:58.123Z", "2026-05-04T11:59:58.123000+00:00"),
        ("2026-05-04T13:59:58+02:00", "2026-05-04T11:59:58+00:00"),
        ("2026-05-04T11:59:58", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("+12025550143", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_times(timestamp: str, occurred_at: str | None) -> None:
    """A time with a zone is normalised to UTC; any other value is left out."""
    enqueued = message(json.dumps(message_status(timestamp=timestamp)))
    assert enqueued.get("occurred_at") == occurred_at


def test_times_do_not_depend_on_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is written in UTC wherever hooklog runs."""
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "America/New_York")
        time.tzset()
        enqueued = message(json.dumps(message_status()))
    time.tzset()
    assert enqueued["occurred_at"] == "2026-05-04T11:59:58+00:00"


@pytest.mark.parametrize("prefix", ["", " ", "\n\t "])
def test_the_first_character_tells_json(prefix: str) -> None:
    """The first character of the body decides between JSON and form; headers are ignored."""
    assert message(prefix + json.dumps(message_status()))["log_id"] == MESSAGE_ID


def test_ids_are_lower_case() -> None:
    """IDs are written in lower case, so that each log has one key."""
    upper = json.dumps(message_status(id=MESSAGE_ID.upper()))
    assert message(upper)["log_id"] == MESSAGE_ID


_NO_CALLBACK = f"It is not a status callback of a {' or '.join(KINDS)}."
_NO_JSON, _NO_UUID, _TWO_IDS = "It is not JSON.", "Its ID is not a UUID.", "It has two IDs."


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        ("", _NO_CALLBACK),
        ("&&&", _NO_CALLBACK),
        ("{", _NO_JSON),
        ("{}", _NO_CALLBACK),
        ("[]", _NO_CALLBACK),
        ('"text"', _NO_CALLBACK),
        ("{" * 100_000, _NO_JSON),
        ('{"a":' * 60_000, _NO_JSON),
        (
            "RecordingSid=3f1f9c5e-6a57-4f0b-9a0e-2f4d6c1b7a11&RecordingStatus=completed",
            _NO_CALLBACK,
        ),
        (json.dumps(message_status(id="7")), _NO_UUID),
        (json.dumps(message_status(id=7)), _NO_UUID),
        (json.dumps(message_status(id=None)), _NO_CALLBACK),
        (json.dumps(message_status(id=f"{MESSAGE_ID}/../x")), _NO_UUID),
        (json.dumps(message_status(id=f"{MESSAGE_ID}\n")), _NO_UUID),
        (json.dumps(message_status(id=f" {MESSAGE_ID}")), _NO_UUID),
        (json.dumps([message_status()]), _NO_CALLBACK),
        (json.dumps({"message": message_status()}), _NO_CALLBACK),
        # SignalWire sends no Relay ID in a form and no LaML SID in JSON.
        (urlencode(message_status()), _NO_CALLBACK),
        (json.dumps(fax_status()), _NO_CALLBACK),
        (urlencode(fax_status(FaxSid="FX0123456789")), _NO_UUID),
        (urlencode(fax_status(FaxSid="")), _NO_UUID),
        (urlencode(fax_status(MessageSid=MESSAGE_ID)), _NO_CALLBACK),
        (urlencode([*fax_status().items(), ("FaxSid", MESSAGE_ID)]), _TWO_IDS),
        (urlencode([("FaxSid", ""), *fax_status().items()]), _TWO_IDS),
        (urlencode([*sms_status().items(), ("MessageSid", MESSAGE_ID)]), _TWO_IDS),
        # A form's signature does not distinguish these from the callback that was signed.
        (urlencode(fax_status()).replace("&FaxStatus=", "FaxStatus"), _NO_UUID),
    ],
)
def test_what_is_no_callback(content: str, detail: str) -> None:
    """Any other content is malformed; the error says why, and shows none of it."""
    with pytest.raises(CallbackMalformedError) as caught:
        read(content)
    assert caught.value.detail == detail
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(
    st.text()
    | st.dictionaries(
        st.sampled_from(["id", "status", "timestamp", "x"]),
        st.just(MESSAGE_ID) | JSON_VALUES,
    ).map(json.dumps)
    | st.dictionaries(
        st.sampled_from(["FaxSid", "MessageSid", "MessageStatus", "Timestamp"]),
        st.just(MESSAGE_ID) | st.text(),
    ).map(urlencode)
)
def test_any_content_is_a_good_message_or_malformed(content: str) -> None:
    """Any content is either refused as malformed or becomes a message that can be read."""
    with contextlib.suppress(CallbackMalformedError):
        assert log_request(read(content).message, SENT_AT).origin == "webhook"
