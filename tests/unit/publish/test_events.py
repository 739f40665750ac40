"""The event that consumers get."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from hooklog import catalogue
from hooklog.catalogue import CATALOGUE
from hooklog.logs import KINDS
from hooklog.parsing import ValidationError
from hooklog.publish import events
from hooklog.publish.events import Explanation, LogEvent, event_of
from tests.builders import FAX_ID, FAX_SID, failed_fax, failed_message, fax_log, message_log
from tests.publishing import change, row


def detail(item: dict[str, Any], *, masked: bool = False) -> dict[str, Any]:
    """Return the detail of the event that tells a row, as a consumer reads it."""
    text = event_of(change(None, item), masked=masked).model_dump_json(by_alias=True)
    read: dict[str, Any] = json.loads(text)
    return read


def test_a_failed_fax_is_told_with_its_explanation() -> None:
    """The detail has what the row has, in JSON's types."""
    explanation = CATALOGUE.by_text("The call dropped prematurely")
    assert explanation is not None
    assert detail(row(failed_fax(), version=3)) == {
        "schema_version": 1,
        "id": f"fax#{FAX_ID}@3",
        "version": 3,
        "log_type": "fax",
        "log_id": FAX_ID,
        "resource_sid": FAX_SID,
        "outcome": "failed",
        "status": "completed",
        "direction": "outbound-api",
        "from": "+12025550143",
        "to": "+442079460958",
        "error_code": "34004",
        "explanation": {
            "key": explanation.key,
            "category": explanation.category,
            "cause": explanation.cause,
            "advice": explanation.advice,
            "retry": explanation.retry,
            "severity": explanation.severity,
        },
        "charge": 0.02,
        "created_at": "2026-05-04T11:59:30.000Z",
        "fetched_at": "2026-05-04T12:00:07.250Z",
    }


def test_a_success_has_no_error() -> None:
    """Keys without a value are null, so that every event has every key."""
    told = detail(row(message_log()))
    assert told.keys() == detail(row(failed_fax())).keys()
    assert (told["error_code"], told["explanation"], told["resource_sid"]) == (None, None, None)


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (failed_fax(), "Fax Failed"),
        (fax_log(), "Fax Succeeded"),
        (fax_log(status="ringing"), "Fax In Progress"),
        (failed_message(), "Message Failed"),
        (message_log(), "Message Succeeded"),
        (message_log(status="queued"), "Message In Progress"),
    ],
)
def test_the_detail_type_tells_kind_and_outcome(log: dict[str, Any], expected: str) -> None:
    """A rule can match on it alone."""
    assert event_of(change(None, row(log)), masked=False).detail_type == expected
    assert expected in events.detail_types()


def test_every_kind_has_its_detail_types() -> None:
    """A new kind of log gets three."""
    assert len(set(events.detail_types())) == 3 * len(KINDS)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("+12025550143", "+*********43"),
        ("+123456", "+****56"),
        ("12345", "***"),
        ("sip:fax@example.com", "***"),
        ("+1202555014x", "***"),
        ("", "***"),
        (None, None),
    ],
)
def test_masked_numbers_keep_two_digits(address: str | None, shown: str | None) -> None:
    """Whatever is not plainly a number is hidden as a whole."""
    item = row(failed_fax(), **{"from": address, "to": address})
    told = detail(item, masked=True)
    assert (told["from"], told["to"]) == (shown, shown)
    assert str(address) not in json.dumps(told | {"from": "", "to": ""}) or not address


def test_a_masked_event_has_a_number_nowhere() -> None:
    """No other key repeats it."""
    text = json.dumps(detail(row(failed_fax()), masked=True))
    assert "2025550143" not in text
    assert "2079460958" not in text


@pytest.mark.parametrize("name", ["version", "status", "created_at", "fetched_at"])
def test_a_row_that_no_function_wrote_is_refused(name: str) -> None:
    """What every stored log has must be there."""
    with pytest.raises(ValidationError):
        event_of(change(None, row(failed_fax(), **{name: None})), masked=False)


def test_ten_events_fit_into_one_call() -> None:
    """EventBridge takes 256 KB per call, and control characters take six bytes in JSON."""
    huge = "\x01" * 400_000
    item = row(failed_fax())
    times = {name: item[name] for name in ("created_at", "fetched_at")}
    item |= {name: huge for name, value in item.items() if isinstance(value, str)}
    item |= {"outcome": "failed", "pk": "fax#" + huge, **times}
    event = event_of(change(None, item), masked=False)
    size = len(event.model_dump_json(by_alias=True).encode()) + 100
    assert 10 * size < 256_000


def test_explanations_are_never_clipped() -> None:
    """The catalogue's longest sentences are shorter than an event's."""
    folder = Path(catalogue.__file__).parent
    schema = json.loads((folder / "catalogue.schema.json").read_text(encoding="utf-8"))
    for name in ("cause", "advice"):
        longest = Explanation.model_json_schema()["properties"][name]["maxLength"]
        assert schema["$defs"][name]["maxLength"] <= longest


@pytest.mark.parametrize("model", [LogEvent, Explanation])
def test_every_key_is_described(model: type[BaseModel]) -> None:
    """The schema is the consumers' reference."""
    assert all(
        field.description and field.description.endswith(".")
        for field in model.model_fields.values()
    )
