"""A record as an item of the table, within one write unit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooklog.catalogue import CATALOGUE
from hooklog.clock import iso
from hooklog.logs import FAX
from hooklog.records.items import (
    DEFAULT_STORAGE,
    StorageOptions,
    attribute_names,
    record_attributes,
    row_attributes,
)
from hooklog.records.recording import StoreRecord
from local.space import EVERY_FAX_CASE, EVERY_MESSAGE_CASE, generate
from local.space.fax_logs import FAX_ERROR_MESSAGES, official_fax_log
from local.space.message_logs import official_message_log
from tests.builders import (
    FAX_SID,
    PROJECT_ID,
    SENT_AT,
    failed_fax,
    failed_message,
    fax_log,
    message_log,
    record,
    without,
)
from tests.item_size import item_size

if TYPE_CHECKING:
    from hooklog.records.rows import Attribute
    from local.space import Log

WRITE_UNIT = 1024
ALL_LOGS = generate(7, EVERY_FAX_CASE, EVERY_MESSAGE_CASE, SENT_AT)
EVERY_CASE = [*ALL_LOGS.logs("fax").values(), *ALL_LOGS.logs("message").values()]


def attributes(log: Log) -> dict[str, Attribute]:
    """Return the attributes of a log's record."""
    return record_attributes(record(log))


def whole_item(log: Log) -> dict[str, Attribute]:
    """Return the whole item of a log that is stored for the first time."""
    write = StoreRecord(record(log)).plan(None)
    assert write is not None
    return {"pk": write.key, "version": write.version, **write.values}


# --- names and values ---------------------------------------------------------------------------


def test_failed_fax() -> None:
    """A failed fax's row holds the log under the API's names, and all derived attributes."""
    explanation = CATALOGUE.by_text("The call dropped prematurely")
    assert explanation is not None
    assert attributes(failed_fax()) == {
        "log_type": "fax",
        "outcome": "failed",
        "fetched_at": "2026-05-04T12:00:07.250Z",
        "lag_ms": 7250,
        "from": "+12025550143",
        "from_country": "US",
        "from_type": "fixed_line_or_mobile",
        "to": "+442079460958",
        "to_country": "GB",
        "to_type": "fixed_line",
        "status": "completed",
        "direction": "outbound-api",
        "source": "laml",
        "type": "laml_call",
        "account_id": PROJECT_ID,
        "resource_sid": FAX_SID,
        "charge": Decimal("0.02"),
        "number_of_pages": 2,
        "quality": "standard",
        "charge_details": [{"description": "Outbound Fax Minutes", "charge": Decimal("0.02")}],
        "created_at": "2026-05-04T11:59:30.000Z",
        "error_code": "34004",
        "error_message": "The call dropped prematurely",
        "unit_charge": Decimal("0.01"),
        "final": True,
        "explanation": "fax:the-call-dropped-prematurely",
        "category": explanation.category,
        "cause": explanation.cause,
        "advice": explanation.advice,
        "retry": True,
        "severity": "warning",
        "failed_on": "2026-05-04#fax",
    }


def test_message_in_progress() -> None:
    """A message's row holds its kind and segments, and no attribute for absent values."""
    found = attributes(message_log(status="sent"))
    assert found == {
        "log_type": "message",
        "outcome": "in_progress",
        "fetched_at": "2026-05-04T12:00:07.250Z",
        "lag_ms": 7250,
        "from": "+12025550143",
        "from_country": "US",
        "from_type": "fixed_line_or_mobile",
        "to": "+14155550122",
        "to_country": "US",
        "to_type": "fixed_line_or_mobile",
        "status": "sent",
        "direction": "outbound",
        "kind": "sms",
        "source": "realtime_api",
        "type": "relay_message",
        "number_of_segments": 1,
        "charge": Decimal("0.00415"),
        "charge_details": [{"description": "Outbound SMS", "charge": Decimal("0.00415")}],
        "created_at": "2026-05-04T11:59:30.000Z",
        "unit_charge": Decimal("0.00415"),
    }


def test_unusual_values_are_kept() -> None:
    """Channels, a gap in the charge, drift and unknown fields have their attributes."""
    changes: Log = {
        "from": "whatsapp:+61491570156",
        "to": "sip:fax@example.com",
        "charge": 0,
        "ecm": [True, {"a": 0.1}],
        "remote_station": "fax.example.com",
    }
    found = attributes(without(fax_log(**changes), "direction"))
    assert (found["from_channel"], found["from_country"]) == ("whatsapp", "AU")
    assert (found["to_channel"], found["to_type"]) == ("sip", "unknown")
    assert found["charge_gap"] == Decimal("-0.02")
    assert found["drift"] == ["field:ecm", "missing:direction"]
    assert found["unknown_fields"] == '{"ecm":[true,{"a":0.1}]}'
    assert found["remote_station"] == "fax.example.com"


@pytest.mark.parametrize("log", EVERY_CASE)
def test_absent_values_are_absent(log: Log) -> None:
    """No attribute is null; an API field without a value has no attribute."""
    found = attributes(log)
    assert None not in found.values()
    for name, value in log.items():
        if value is None:
            assert name not in found


@pytest.mark.parametrize("log", EVERY_CASE)
def test_api_fields_keep_their_names_and_values(log: Log) -> None:
    """API fields keep their names and values in the row; the id is in the key."""
    found = attributes(log)
    exceptions = {"id", "url", "created_at", "charge", "charge_details"}
    for name in set(log) - exceptions:
        assert found.get(name) == log[name]


def test_zero_is_a_value() -> None:
    """A charge of zero and zero pages are stored, not left out."""
    found = attributes(fax_log(charge=0, charge_details=[], number_of_pages=0))
    assert (found["charge"], found["charge_details"], found["number_of_pages"]) == (0, [], 0)


@pytest.mark.parametrize("url", ["https://example.com/faxes/1", "nonsense"])
def test_other_urls_are_kept(url: str) -> None:
    """A url of the documented form is stored as its two ids, any other unchanged."""
    assert "url" not in attributes(fax_log())
    found = attributes(fax_log(url=url))
    assert found["url"] == url
    assert not {"account_id", "resource_sid"} & set(found)


@pytest.mark.parametrize("log", EVERY_CASE, ids=lambda log: str(log["status"]))
def test_an_absent_attribute_is_named_too(log: Log) -> None:
    """Absent attributes are named too, so that an update can remove them."""
    one = record(log)
    failed = failed_fax() if one.kind is FAX else failed_message()
    named = row_attributes(one, DEFAULT_STORAGE)
    assert {name: value for name, value in named.items() if value is not None} == attributes(log)
    assert set(named) == set(row_attributes(record(failed), DEFAULT_STORAGE))
    assert set(attribute_names(one.kind)) < set(named)


def test_numbers_are_exact() -> None:
    """No number is a binary float, at any depth."""

    def numbers(value: Attribute) -> list[object]:
        if isinstance(value, list):
            return [number for item in value for number in numbers(item)]
        if isinstance(value, str):
            return []
        if isinstance(value, dict):
            return [number for item in value.values() for number in numbers(item)]
        return [value]

    for log in EVERY_CASE:
        for value in attributes(log).values():
            assert not any(isinstance(number, float) for number in numbers(value))


# --- times --------------------------------------------------------------------------------------


def test_times_have_one_form() -> None:
    """A time is written in UTC with milliseconds, truncated and not rounded."""
    assert iso(datetime(2026, 5, 4, 12, 0, 0, 999_999, UTC)) == "2026-05-04T12:00:00.999Z"
    assert iso(datetime(99, 1, 1, tzinfo=UTC)) == "0099-01-01T00:00:00.000Z"


@given(*[st.datetimes(timezones=st.just(UTC))] * 2)
def test_times_sort(one: datetime, other: datetime) -> None:
    """Written times sort like the times themselves and have one length."""
    first, second = sorted((one, other))
    assert iso(first) <= iso(second)
    if second - first >= timedelta(milliseconds=1):
        assert iso(first) < iso(second)
    assert datetime.fromisoformat(iso(one)) == one.replace(
        microsecond=one.microsecond // 1000 * 1000
    )


# --- sizes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "log", [official_fax_log(), official_message_log()], ids=["fax", "message"]
)
def test_official_examples_take_one_write_unit(log: Log) -> None:
    """The whole item of each of SignalWire's own examples costs one write unit."""
    assert item_size(whole_item(log)) <= WRITE_UNIT


@pytest.mark.parametrize("text", FAX_ERROR_MESSAGES)
def test_failed_faxes_take_one_write_unit(text: str) -> None:
    """A failed fax between two American numbers costs one write unit, whatever its text."""
    log = failed_fax(to="+14155550122", error_message=text)
    assert item_size(whole_item(log)) <= WRITE_UNIT


@pytest.mark.parametrize("log", ALL_LOGS.logs("message").values())
def test_messages_take_one_write_unit(log: Log) -> None:
    """Each kind of message costs one write unit, failed ones included."""
    assert item_size(whole_item(log)) <= WRITE_UNIT


INDEXED = StorageOptions(index_numbers=True, index_days=True)


@pytest.mark.parametrize(
    ("log", "number"),
    [
        (message_log(direction="outbound"), "+14155550122"),
        (message_log(direction="inbound"), "+12025550143"),
        (fax_log(direction="outbound-api"), "+442079460958"),
        (fax_log(direction=None), "+442079460958"),
    ],
)
def test_a_log_is_found_by_the_number_at_the_other_end(log: Log, number: str) -> None:
    """The index holds the recipient of a sent log, the sender of a received one, never ours."""
    assert record_attributes(record(log), INDEXED)["number"] == number


def test_a_log_is_found_by_the_day_of_its_creation() -> None:
    """The index holds the day of creation in UTC, separately for each type."""
    log = message_log(created_at="2026-05-04T23:59:59+00:00")
    assert record_attributes(record(log), INDEXED)["day"] == "2026-05-04#message"


def test_a_row_has_the_keys_of_deployed_indexes_alone() -> None:
    """A key without its index would cost storage and serve no query."""
    assert not {"number", "day"} & set(attributes(message_log()))
    only_days = record_attributes(record(message_log()), StorageOptions(index_days=True))
    assert "day" in only_days
    assert "number" not in only_days


def test_a_failure_is_found_by_the_day_of_its_creation() -> None:
    """A failure is in the index with any code and with none."""
    for code in ("30003", "brand_new", None):
        found = attributes(failed_message(error_code=code))
        assert found["failed_on"] == "2026-05-04#message"


def test_what_did_not_fail_is_in_no_index_of_failures() -> None:
    """A log that did not fail costs nothing in an index of failures."""
    assert "failed_on" not in attributes(fax_log())
