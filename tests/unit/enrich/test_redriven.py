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
from tests.unit.enrich.test_pipeline import Bench, bench, sent

__all__ = ["bench"]  # a fixture

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


def on_the_list(bench: Bench) -> list[str]:
    """Return the keys of the parked rows."""
    return [key for key, item in bench.table.items.items() if "parked_at" in item]


def test_a_redriven_log_leaves_the_list_with_its_history(bench: Bench) -> None:
    """One write stores the record and lifts the parking."""
    bench.table.items[FAX] = parked(body())
    bench.answer(fax_log())
    assert bench.run(replace(sent(), parked_as=FAX)) == []
    assert on_the_list(bench) == []
    item = bench.table.items[FAX]
    assert item["outcome"] == "succeeded"
    (entry,) = history_of(item)
    assert entry["redriven_by"] == "somebody"


def test_a_fax_parked_under_its_sid_leaves_the_list_when_its_log_is_found(bench: Bench) -> None:
    """The log gets its own row, and the SID's row refers to it."""
    text = json.dumps({"log_type": "fax", "resource_sid": FAX_SID})
    bench.table.items[BY_SID] = parked(text)
    bench.source.answers[BY_SID] = json.dumps(fax_log())
    bench.source.found_by_url.add(BY_SID)
    assert bench.run(replace(sent(text), parked_as=BY_SID)) == []
    assert on_the_list(bench) == []
    assert bench.table.items[FAX]["outcome"] == "succeeded"
    (entry,) = history_of(bench.table.items[BY_SID])
    assert entry["into"] == FAX
    assert "parked_body" not in bench.table.items[BY_SID]


def test_a_fax_parked_under_its_sid_leaves_the_list_when_its_log_is_known(bench: Bench) -> None:
    """The search shows whose SID it is, and that log's row is up to date."""
    text = json.dumps({"log_type": "fax", "resource_sid": FAX_SID})
    bench.answer(fax_log())
    bench.run(sent())
    bench.table.items[BY_SID] = parked(text)
    bench.source.answers[BY_SID] = json.dumps(fax_log())
    bench.source.found_by_url.add(BY_SID)
    assert bench.run(replace(sent(text), parked_as=BY_SID)) == []
    assert bench.report.skipped == {"fax": 1}
    assert on_the_list(bench) == []
    (entry,) = history_of(bench.table.items[BY_SID])
    assert entry["into"] == FAX


def test_a_message_that_can_be_read_now_leaves_the_list(bench: Bench) -> None:
    """A message that an older hooklog could not read ends as a row of its own."""
    bench.table.items[UNREADABLE] = parked(body(), code="message.unsupported_type")
    bench.answer(fax_log())
    assert bench.run(replace(sent(), parked_as=UNREADABLE)) == []
    assert on_the_list(bench) == []
    assert bench.table.items[FAX]["outcome"] == "succeeded"


def test_a_message_that_still_cannot_be_read_stays_one_item(bench: Bench) -> None:
    """The message stays parked under its old key, whatever its new message ID."""
    bench.table.items[UNREADABLE] = parked("?", code="message.malformed")
    assert bench.run(replace(sent("?", message_id="new"), parked_as=UNREADABLE)) == []
    assert on_the_list(bench) == [UNREADABLE]
    assert bench.table.items[UNREADABLE]["parked_at"] == iso(NOW)
    assert bench.table.items[UNREADABLE]["redriven_by"] == "somebody"


def test_a_log_that_fails_again_is_on_the_list_once(bench: Bench) -> None:
    """A readable message whose log is not found is parked under the log's key alone."""
    bench.table.items[UNREADABLE] = parked(body(), code="message.unsupported_type")
    bench.source.answers[FAX] = NotFoundError()
    bench.last_try(NotFoundError)
    assert bench.run(replace(sent(), parked_as=UNREADABLE)) == []
    assert on_the_list(bench) == [FAX]


def test_a_known_log_leaves_the_list_without_a_fetch(bench: Bench) -> None:
    """A message that the row already reflects leaves the list without a fetch."""
    bench.answer(fax_log())
    bench.run(sent())
    bench.table.items[FAX] |= parked(body(status="ringing", origin="webhook"))
    again = sent(body(status="ringing", origin="webhook"), at=NOW + timedelta(minutes=5))
    bench.clock.now = NOW + timedelta(minutes=6)
    assert bench.run(replace(again, parked_as=FAX)) == []
    assert bench.source.requested == [FAX]
    assert on_the_list(bench) == []


def test_a_redriven_message_that_is_tried_again_stays_on_the_list(bench: Bench) -> None:
    """A message under retry is both on the queue and on the list."""
    bench.table.items[UNREADABLE] = parked(body())
    bench.source.answers[FAX] = NotFoundError()
    assert bench.run(replace(sent(), parked_as=UNREADABLE)) == ["m1"]
    assert on_the_list(bench) == [UNREADABLE]


@pytest.mark.parametrize("broken", ["read", "write"])
def test_a_list_that_cannot_be_changed_costs_another_try(bench: Bench, broken: str) -> None:
    """The message comes back and leaves the list on its next attempt; its log is already stored."""
    bench.table.items[UNREADABLE] = parked(body())
    bench.answer(fax_log())
    if broken == "read":
        bench.table.read_errors = [None, StoreThrottledError()]
    else:
        bench.table.write_errors[UNREADABLE] = StoreThrottledError()
    assert bench.run(replace(sent(), parked_as=UNREADABLE)) == ["m1"]
    assert bench.report.errors == {"store.throttled": 1}
    assert bench.table.items[FAX]["outcome"] == "succeeded"
    assert on_the_list(bench) == [UNREADABLE]


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
