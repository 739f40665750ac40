"""A fax is found by its SID as well as by its log's ID, and known under both."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from hooklog import errors
from hooklog.records.items import StorageOptions
from hooklog.records.rows import PACE_KEY
from local.space import Log
from tests.builders import (
    FAX_ID,
    FAX_SID,
    MESSAGE_ID,
    body,
    failed_fax,
    fax_log,
    history_of,
    message_log,
)
from tests.fakes import NOW
from tests.unit.enrich.test_pipeline import FAX, MESSAGE, Harness, harness, sent

__all__ = ["harness"]  # a fixture

ALIAS = f"fax#{FAX_SID}"
BY_SID = json.dumps({"log_type": "fax", "resource_sid": FAX_SID, "status": "failed"})
TTL = timedelta(days=30)


def list_fax(harness: Harness, log: Log | None = None) -> None:
    """Let SignalWire list a log whose url ends in the SID, and return it by its ID."""
    log = log or failed_fax()
    harness.source.answers[ALIAS] = json.dumps(log)
    harness.source.found_by_url = {ALIAS}
    harness.answer(log)


def expire_rows(harness: Harness) -> None:
    """Let rows expire."""
    harness.enricher = replace(harness.enricher, storage=StorageOptions(ttl=TTL))


def test_a_log_found_by_its_sid_is_known_under_both_names(harness: Harness) -> None:
    """The alias is written before the row; the next message fetches the log by its ID."""
    list_fax(harness)
    assert harness.run(sent(BY_SID)) == []
    assert [[write.key for write in writes] for writes in harness.table.writes] == [[ALIAS], [FAX]]
    assert harness.table.items[ALIAS] == {"alias_of": FAX, "version": 1}
    assert harness.table.items[FAX]["resolved_by"] == "url"
    assert harness.report.failures == {("fax", "34004", "network"): 1}

    harness.clock.advance(minutes=1)
    assert harness.run(sent(BY_SID, at=harness.clock())) == []
    assert harness.source.requested == [ALIAS, FAX]
    assert harness.table.items[FAX]["version"] == 2
    assert harness.table.items[FAX]["resolved_by"] == "alias"
    assert harness.table.items[ALIAS]["version"] == 1
    assert harness.report.failures == {}


def test_a_log_found_by_its_id_is_known_under_its_sid_too(harness: Harness) -> None:
    """A sweep or an operator that names the ID saves the next callback its search."""
    harness.answer(failed_fax())
    assert harness.run(sent()) == []
    assert harness.table.items[ALIAS]["alias_of"] == FAX
    assert "resolved_by" not in harness.table.items[FAX]


def test_a_later_fetch_writes_no_alias_again(harness: Harness) -> None:
    """A row with a SID has its alias already."""
    harness.answer(failed_fax())
    for _ in range(2):
        harness.clock.advance(minutes=1)
        assert harness.run(sent(at=harness.clock())) == []
    assert [write.key for writes in harness.table.writes for write in writes] == [ALIAS, FAX, FAX]


def test_an_alias_expires_with_its_row(harness: Harness) -> None:
    """Each fetch renews both."""
    expire_rows(harness)
    harness.answer(failed_fax())
    for version in (1, 2):
        harness.clock.advance(hours=1)
        assert harness.run(sent(at=harness.clock())) == []
        assert harness.table.items[ALIAS]["version"] == version
        assert harness.table.items[ALIAS]["expires_at"] == harness.table.items[FAX]["expires_at"]
    assert harness.table.items[ALIAS]["expires_at"] == int(
        (NOW + timedelta(hours=2) + TTL).timestamp()
    )


@pytest.mark.parametrize("text", [BY_SID, None], ids=["by its SID", "by its ID"])
def test_a_missing_alias_is_written(harness: Harness, text: str | None) -> None:
    """An older release may have stored the row without it."""
    list_fax(harness)
    harness.run(sent(BY_SID))
    del harness.table.items[ALIAS]
    harness.clock.advance(minutes=1)
    harness.run(sent(text, at=harness.clock()))
    assert harness.table.items[ALIAS]["alias_of"] == FAX


def test_a_missing_alias_is_written_although_the_row_is_up_to_date(harness: Harness) -> None:
    """The next callback then needs no search."""
    list_fax(harness)
    late = json.dumps(json.loads(BY_SID) | {"origin": "webhook"})
    harness.run(sent(late))
    del harness.table.items[ALIAS]
    harness.clock.advance(minutes=1)
    assert harness.run(sent(late, at=harness.clock())) == []
    assert harness.table.items[ALIAS]["alias_of"] == FAX
    assert harness.table.items[FAX]["version"] == 1


def test_an_alias_stays_if_rows_do_not_expire_any_more(harness: Harness) -> None:
    """Both lose their time to live with the next fetch."""
    expire_rows(harness)
    harness.answer(failed_fax())
    harness.run(sent())
    harness.enricher = replace(harness.enricher, storage=StorageOptions())
    harness.clock.advance(minutes=1)
    harness.run(sent(at=harness.clock()))
    assert "expires_at" not in harness.table.items[FAX]
    assert "expires_at" not in harness.table.items[ALIAS]


def test_known_faxes_cost_two_reads_and_no_request(harness: Harness) -> None:
    """The rows behind all aliases of a batch are read together; without SIDs there is one read."""
    list_fax(harness)
    harness.answer(message_log())
    harness.run(sent(BY_SID), sent(body("message", MESSAGE_ID), message_id="m2"))
    harness.table.reads.clear()
    harness.source.requested.clear()
    assert harness.run(sent(BY_SID), sent(body("message", MESSAGE_ID), message_id="m2")) == []
    assert harness.table.reads == [[ALIAS, MESSAGE, PACE_KEY], [FAX]]
    assert harness.run(sent(body("message", MESSAGE_ID))) == []
    assert harness.table.reads[2:] == [[MESSAGE, PACE_KEY]]
    assert harness.source.requested == []


def test_a_batch_that_names_a_known_log_twice_fetches_it_once(harness: Harness) -> None:
    """By its SID and by its ID it is one log once the alias is known."""
    list_fax(harness)
    harness.run(sent(BY_SID))
    harness.clock.advance(minutes=1)
    harness.source.requested.clear()
    later = harness.clock()
    assert harness.run(sent(at=later), sent(BY_SID, message_id="m2", at=later)) == []
    assert harness.source.requested == [FAX]


@pytest.mark.parametrize("is_sid_first", [False, True])
def test_a_failed_log_that_is_named_twice_returns_both_messages(
    harness: Harness, *, is_sid_first: bool
) -> None:
    """None of them is acknowledged for the other."""
    list_fax(harness)
    harness.run(sent(BY_SID))
    harness.clock.advance(minutes=1)
    harness.source.answers[FAX] = errors.NotFoundError()
    messages = [sent(at=harness.clock()), sent(BY_SID, message_id="m2", at=harness.clock())]
    assert {*harness.run(*(messages[::-1] if is_sid_first else messages))} == {"m1", "m2"}


def test_both_messages_of_a_log_wait_longer_while_no_try_can_be_counted(harness: Harness) -> None:
    """One failed by the ID, and the other one's log could not be stored: it is the same row."""
    list_fax(harness)
    harness.source.answers[FAX] = errors.NotFoundError()
    harness.table.write_errors[FAX] = errors.StoreThrottledError()
    harness.run(sent(attempt=5), sent(BY_SID, message_id="m2", attempt=5))
    assert harness.queue.waits == {"handle-of-m1": 480, "handle-of-m2": 480}


def test_one_log_named_in_both_ways_is_written_once(harness: Harness) -> None:
    """A new log named by ID and by resource in one batch costs one row and one alias."""
    list_fax(harness)
    assert harness.run(sent(), sent(BY_SID, message_id="m2")) == []
    assert [[write.key for write in writes] for writes in harness.table.writes] == [[ALIAS], [FAX]]


def test_an_alias_that_cannot_be_written_returns_the_message(harness: Harness) -> None:
    """Otherwise the row would lack it for good."""
    list_fax(harness)
    harness.table.write_errors[ALIAS] = errors.StoreThrottledError()
    assert harness.run(sent(BY_SID)) == ["m1"]
    assert "outcome" not in harness.table.items[FAX]
    assert harness.report.errors == {"store.throttled": 1}


def test_rows_behind_aliases_that_cannot_be_read_return_the_batch(harness: Harness) -> None:
    """Nothing is decided without them."""
    list_fax(harness)
    harness.run(sent(BY_SID))
    harness.table.read_errors = [None, errors.StoreUnavailableError()]
    assert harness.run(sent(BY_SID)) == ["m1"]


def test_a_message_parked_under_its_sid_gives_way_to_the_alias(harness: Harness) -> None:
    """The same row is on the parked list and leads to the log, until the redrive lifts it."""
    expire_rows(harness)
    harness.source.answers[ALIAS] = errors.NotFoundError()
    harness.last_try(errors.NotFoundError, ALIAS)
    assert harness.run(sent(BY_SID)) == []
    assert harness.table.items[ALIAS]["parked_code"] == "fetch.not_found"
    list_fax(harness)
    harness.clock.advance(minutes=1)
    assert harness.run(replace(sent(BY_SID, at=harness.clock()), parked_as=ALIAS)) == []
    alias = harness.table.items[ALIAS]
    assert alias["alias_of"] == FAX
    assert "parked_code" not in alias
    assert history_of(alias)[0]["into"] == FAX
    assert alias["expires_at"] == int((harness.clock() + TTL).timestamp())


def test_a_log_that_is_found_at_last_forgets_the_tries_under_its_sid(harness: Harness) -> None:
    """Should the search for it fail again, the next failure is the first."""
    harness.last_try(errors.NotFoundError, ALIAS)
    list_fax(harness)
    assert harness.run(sent(BY_SID)) == []
    assert harness.table.items[ALIAS] == {"alias_of": FAX, "version": 2}


def test_a_parked_row_that_is_an_alias_does_not_expire(harness: Harness) -> None:
    """A person has to see it first."""
    expire_rows(harness)
    harness.source.answers[ALIAS] = errors.NotFoundError()
    harness.last_try(errors.NotFoundError, ALIAS)
    harness.run(sent(BY_SID))
    harness.answer(failed_fax())
    harness.clock.advance(minutes=1)
    harness.run(sent(at=harness.clock()))
    assert harness.table.items[ALIAS]["alias_of"] == FAX
    assert "expires_at" not in harness.table.items[ALIAS]


def test_a_log_whose_id_is_the_sid_of_another_keeps_its_row(harness: Harness) -> None:
    """An alias neither replaces a stored log nor hides one that is stored later."""
    other = failed_fax(id=FAX_SID, url="https://example.signalwire.com/x")
    harness.answer(failed_fax(), other)
    by_id = sent(body(log_id=FAX_SID), message_id="other")
    for first, second in ((sent(), by_id), (by_id, sent())):
        harness.table.items.clear()
        assert harness.run(first) == []
        assert harness.run(second) == []
        assert harness.table.items[ALIAS]["status"] == other["status"]
        assert "alias_of" not in harness.table.items[ALIAS]
        assert harness.table.items[FAX]["status"] == "completed"


def test_two_logs_with_one_sid_are_both_stored(harness: Harness) -> None:
    """Should SignalWire ever list two, the alias leads to one of them."""
    twin = failed_fax(id=MESSAGE_ID)
    harness.source.answers |= {FAX: json.dumps(failed_fax()), f"fax#{MESSAGE_ID}": json.dumps(twin)}
    assert harness.run(sent(), sent(body(log_id=MESSAGE_ID), message_id="m2")) == []
    assert {FAX, f"fax#{MESSAGE_ID}", ALIAS} == set(harness.table.items)


def test_an_erased_log_is_not_fetched_by_its_sid(harness: Harness) -> None:
    """The alias leads to a row without a number, which tells that the log was erased."""
    list_fax(harness)
    harness.run(sent(BY_SID))
    harness.table.items[FAX] = {"version": 2, "erased_at": "2026-05-04T12:00:00+00:00"}
    harness.source.requested.clear()
    assert harness.run(sent(BY_SID, at=NOW + timedelta(days=1))) == []
    assert harness.source.requested == []


@pytest.mark.parametrize("minutes", [0, 60])
def test_a_replayed_fax_callback_changes_nothing(harness: Harness, minutes: int) -> None:
    """The row reflects it already, so it costs no request."""
    list_fax(harness)
    text = json.dumps(json.loads(BY_SID) | {"origin": "webhook"})
    harness.run(sent(text))
    before = copy.deepcopy(harness.table.items)
    harness.source.requested.clear()
    harness.clock.advance(minutes=minutes)
    assert harness.run(sent(text, message_id="replay", at=harness.clock())) == []
    assert harness.table.items == before
    assert harness.source.requested == []
    assert harness.report.skipped == {"fax": 1}


def test_a_resource_whose_sid_is_the_logs_id_is_found_by_id(harness: Harness) -> None:
    """In spaces where the SID is the log's ID, the row says that it was found by ID."""
    harness.answer(fax_log())
    text = json.dumps({"log_type": "fax", "resource_sid": FAX_ID})
    assert harness.run(sent(text)) == []
    assert harness.table.items[FAX]["resolved_by"] == "id"
    assert harness.run(sent(text, attempt=2)) == []
    assert harness.source.requested == [FAX]


def test_an_unreadable_row_of_a_resolved_log_returns_its_message(harness: Harness) -> None:
    """Only that message is returned; its neighbour with a readable row is stored."""
    harness.source.answers[f"fax#{FAX_SID}"] = json.dumps(fax_log())
    harness.source.found_by_url = {f"fax#{FAX_SID}"}
    harness.answer(message_log())
    by_sid = json.dumps({"log_type": "fax", "resource_sid": FAX_SID})
    harness.table.read_errors = [None, errors.StoreUnavailableError()]
    good = sent(body("message", MESSAGE_ID), message_id="good")
    assert harness.run(sent(by_sid), good) == ["m1"]
    assert "outcome" not in harness.table.items[FAX]
    assert harness.table.items[MESSAGE]["outcome"] == "succeeded"
