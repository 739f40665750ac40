"""How a redriven message ends."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from hooklog.clock import iso
from hooklog.enrich.deliveries import deliveries
from hooklog.errors import NotFoundError, StoreThrottledError
from tests.builders import FAX_ID, FAX_SID, body, delivery, fax_log, history_of, sqs_event
from tests.fakes import NOW, Item
from tests.unit.enrich.test_pipeline import Harness, harness, sent

__all__ = ["harness"]  # a fixture

FAX = f"fax#{FAX_ID}"
BY_SID = f"fax#{FAX_SID}"
UNREADABLE = "parked#4f8d41b3-857d-4a19-b4e2-4278aa00bb11"


def parked(text: str, *, code: str = "fetch.not_found") -> Item:
    """Return a parked row that was redriven a minute ago."""
    return {
        "version": 2,
        "parked_code": code,
        "parked_detail": "A sentence.",
        "parked_body": text,
        "parked_attempts": 5,
        "parked_first_at": iso(NOW - timedelta(hours=2)),
        "parked_at": iso(NOW - timedelta(hours=1)),
        "redriven_at": iso(NOW - timedelta(minutes=1)),
        "redriven_by": "somebody",
    }


def on_the_list(harness: Harness) -> list[str]:
    """Return the keys of the parked rows."""
    return [key for key, item in harness.table.items.items() if "parked_at" in item]


def test_a_redriven_log_leaves_the_list_with_its_history(harness: Harness) -> None:
    """One write stores the record and lifts the parking."""
    harness.table.items[FAX] = parked(body())
    harness.answer(fax_log())
    assert harness.run(replace(sent(), parked_as=FAX)) == []
    assert on_the_list(harness) == []
    item = harness.table.items[FAX]
    assert item["outcome"] == "succeeded"
    (entry,) = history_of(item)
    assert entry["redriven_by"] == "somebody"


def test_a_fax_parked_under_its_sid_leaves_the_list_when_its_log_is_found(harness: Harness) -> None:
    """The log gets its own row, and the SID's row refers to it."""
    text = json.dumps({"log_type": "fax", "resource_sid": FAX_SID})
    harness.table.items[BY_SID] = parked(text)
    harness.source.answers[BY_SID] = json.dumps(fax_log())
    harness.source.found_by_url.add(BY_SID)
    assert harness.run(replace(sent(text), parked_as=BY_SID)) == []
    assert on_the_list(harness) == []
    assert harness.table.items[FAX]["outcome"] == "succeeded"
    (entry,) = history_of(harness.table.items[BY_SID])
    assert entry["into"] == FAX
    assert "parked_body" not in harness.table.items[BY_SID]


def test_a_fax_parked_under_its_sid_leaves_the_list_when_its_log_is_known(harness: Harness) -> None:
    """The search shows whose SID it is, and that log's row is up to date."""
    text = json.dumps({"log_type": "fax", "resource_sid": FAX_SID})
    harness.answer(fax_log())
    harness.run(sent())
    harness.table.items[BY_SID] = parked(text)
    harness.source.answers[BY_SID] = json.dumps(fax_log())
    harness.source.found_by_url.add(BY_SID)
    assert harness.run(replace(sent(text), parked_as=BY_SID)) == []
    assert harness.report.skipped == {"fax": 1}
    assert on_the_list(harness) == []
    (entry,) = history_of(harness.table.items[BY_SID])
    assert entry["into"] == FAX


def test_a_message_that_can_be_read_now_leaves_the_list(harness: Harness) -> None:
    """A message that an older hooklog could not read ends as a row of its own."""
    harness.table.items[UNREADABLE] = parked(body(), code="message.unsupported_type")
    harness.answer(fax_log())
    assert harness.run(replace(sent(), parked_as=UNREADABLE)) == []
    assert on_the_list(harness) == []
    assert harness.table.items[FAX]["outcome"] == "succeeded"


def test_a_message_that_still_cannot_be_read_stays_one_item(harness: Harness) -> None:
    """The message stays parked under its old key, whatever its new message ID."""
    harness.table.items[UNREADABLE] = parked("?", code="message.malformed")
    assert harness.run(replace(sent("?", message_id="new"), parked_as=UNREADABLE)) == []
    assert on_the_list(harness) == [UNREADABLE]
    assert harness.table.items[UNREADABLE]["parked_at"] == iso(NOW)
    assert harness.table.items[UNREADABLE]["redriven_by"] == "somebody"


def test_a_log_that_fails_again_is_on_the_list_once(harness: Harness) -> None:
    """A readable message whose log is not found is parked under the log's key alone."""
    harness.table.items[UNREADABLE] = parked(body(), code="message.unsupported_type")
    harness.source.answers[FAX] = NotFoundError()
    harness.last_try(NotFoundError)
    assert harness.run(replace(sent(), parked_as=UNREADABLE)) == []
    assert on_the_list(harness) == [FAX]


def test_a_known_log_leaves_the_list_without_a_fetch(harness: Harness) -> None:
    """A message that the row already reflects leaves the list without a fetch."""
    harness.answer(fax_log())
    harness.run(sent())
    harness.table.items[FAX] |= parked(body(status="ringing", origin="webhook"))
    again = sent(body(status="ringing", origin="webhook"), at=NOW + timedelta(minutes=5))
    harness.clock.now = NOW + timedelta(minutes=6)
    assert harness.run(replace(again, parked_as=FAX)) == []
    assert harness.source.requested == [FAX]
    assert on_the_list(harness) == []


def test_a_redriven_message_that_is_tried_again_stays_on_the_list(harness: Harness) -> None:
    """A message under retry is both on the queue and on the list."""
    harness.table.items[UNREADABLE] = parked(body())
    harness.source.answers[FAX] = NotFoundError()
    assert harness.run(replace(sent(), parked_as=UNREADABLE)) == ["m1"]
    assert on_the_list(harness) == [UNREADABLE]


@pytest.mark.parametrize("broken", ["read", "write"])
def test_a_list_that_cannot_be_changed_costs_another_try(harness: Harness, broken: str) -> None:
    """The message comes back and leaves the list on its next attempt; its log is already stored."""
    harness.table.items[UNREADABLE] = parked(body())
    harness.answer(fax_log())
    if broken == "read":
        harness.table.read_errors = [None, StoreThrottledError()]
    else:
        harness.table.write_errors[UNREADABLE] = StoreThrottledError()
    assert harness.run(replace(sent(), parked_as=UNREADABLE)) == ["m1"]
    assert harness.report.errors == {"store.throttled": 1}
    assert harness.table.items[FAX]["outcome"] == "succeeded"
    assert on_the_list(harness) == [UNREADABLE]


@pytest.mark.parametrize(
    "attributes",
    [
        None,
        [],
        {"parked_as": None},
        {"parked_as": {"stringValue": 7}},
        {"parked_as": {"stringValue": "sweep#fax"}},
        {"parked_as": {"stringValue": "fax#" + "x" * 200}},
        {"other": {"stringValue": FAX}},
    ],
)
def test_invalid_parked_as_attributes_are_ignored(attributes: object) -> None:
    """An invalid parked_as attribute is ignored and does not break the batch."""
    event = json.loads(json.dumps(sqs_event(delivery())))
    event["Records"][0]["messageAttributes"] = attributes
    (one,) = deliveries(event)
    assert one.parked_as is None
