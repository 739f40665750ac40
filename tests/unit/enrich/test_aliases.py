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
from tests.unit.enrich.test_pipeline import FAX, MESSAGE, Bench, bench, sent

__all__ = ["bench"]  # a fixture

ALIAS = f"fax#{FAX_SID}"
BY_SID = json.dumps({"log_type": "fax", "resource_sid": FAX_SID, "status": "failed"})
TTL = timedelta(days=30)


def list_fax(bench: Bench, log: Log | None = None) -> None:
    """Let SignalWire list a log whose url ends in the SID, and return it by its ID."""
    log = log or failed_fax()
    bench.source.answers[ALIAS] = json.dumps(log)
    bench.source.found_by_url = {ALIAS}
    bench.answer(log)


def expire_rows(bench: Bench) -> None:
    """Let rows expire."""
    bench.enricher = replace(bench.enricher, storage=StorageOptions(ttl=TTL))


def test_a_log_found_by_its_sid_is_known_under_both_names(bench: Bench) -> None:
    """The alias is written before the row; the next message fetches the log by its ID."""
    list_fax(bench)
    assert bench.run(sent(BY_SID)) == []
    assert [[write.key for write in writes] for writes in bench.table.writes] == [[ALIAS], [FAX]]
    assert bench.table.items[ALIAS] == {"alias_of": FAX, "version": 1}
    assert bench.table.items[FAX]["resolved_by"] == "url"
    assert bench.report.failures == {("fax", "34004", "network"): 1}

    bench.clock.advance(minutes=1)
    assert bench.run(sent(BY_SID, at=bench.clock())) == []
    assert bench.source.requested == [ALIAS, FAX]
    assert bench.table.items[FAX]["version"] == 2
    assert bench.table.items[FAX]["resolved_by"] == "alias"
    assert bench.table.items[ALIAS]["version"] == 1
    assert bench.report.failures == {}


def test_a_log_found_by_its_id_is_known_under_its_sid_too(bench: Bench) -> None:
    """A sweep or an operator that names the ID saves the next callback its search."""
    bench.answer(failed_fax())
    assert bench.run(sent()) == []
    assert bench.table.items[ALIAS]["alias_of"] == FAX
    assert "resolved_by" not in bench.table.items[FAX]


def test_a_later_fetch_writes_no_alias_again(bench: Bench) -> None:
    """A row with a SID has its alias already."""
    bench.answer(failed_fax())
    for _ in range(2):
        bench.clock.advance(minutes=1)
        assert bench.run(sent(at=bench.clock())) == []
    assert [write.key for writes in bench.table.writes for write in writes] == [ALIAS, FAX, FAX]


def test_an_alias_expires_with_its_row(bench: Bench) -> None:
    """Each fetch renews both."""
    expire_rows(bench)
    bench.answer(failed_fax())
    for version in (1, 2):
        bench.clock.advance(hours=1)
        assert bench.run(sent(at=bench.clock())) == []
        assert bench.table.items[ALIAS]["version"] == version
        assert bench.table.items[ALIAS]["expires_at"] == bench.table.items[FAX]["expires_at"]
    assert bench.table.items[ALIAS]["expires_at"] == int(
        (NOW + timedelta(hours=2) + TTL).timestamp()
    )


@pytest.mark.parametrize("text", [BY_SID, None], ids=["by its SID", "by its ID"])
def test_a_missing_alias_is_written(bench: Bench, text: str | None) -> None:
    """An older release may have stored the row without it."""
    list_fax(bench)
    bench.run(sent(BY_SID))
    del bench.table.items[ALIAS]
    bench.clock.advance(minutes=1)
    bench.run(sent(text, at=bench.clock()))
    assert bench.table.items[ALIAS]["alias_of"] == FAX


def test_a_missing_alias_is_written_although_the_row_is_up_to_date(bench: Bench) -> None:
    """The next callback then needs no search."""
    list_fax(bench)
    late = json.dumps(json.loads(BY_SID) | {"origin": "webhook"})
    bench.run(sent(late))
    del bench.table.items[ALIAS]
    bench.clock.advance(minutes=1)
    assert bench.run(sent(late, at=bench.clock())) == []
    assert bench.table.items[ALIAS]["alias_of"] == FAX
    assert bench.table.items[FAX]["version"] == 1


def test_an_alias_stays_if_rows_do_not_expire_any_more(bench: Bench) -> None:
    """Both lose their time to live with the next fetch."""
    expire_rows(bench)
    bench.answer(failed_fax())
    bench.run(sent())
    bench.enricher = replace(bench.enricher, storage=StorageOptions())
    bench.clock.advance(minutes=1)
    bench.run(sent(at=bench.clock()))
    assert "expires_at" not in bench.table.items[FAX]
    assert "expires_at" not in bench.table.items[ALIAS]


def test_known_faxes_cost_two_reads_and_no_request(bench: Bench) -> None:
    """The rows behind all aliases of a batch are read together; without SIDs there is one read."""
    list_fax(bench)
    bench.answer(message_log())
    bench.run(sent(BY_SID), sent(body("message", MESSAGE_ID), message_id="m2"))
    bench.table.reads.clear()
    bench.source.requested.clear()
    assert bench.run(sent(BY_SID), sent(body("message", MESSAGE_ID), message_id="m2")) == []
    assert bench.table.reads == [[ALIAS, MESSAGE, PACE_KEY], [FAX]]
    assert bench.run(sent(body("message", MESSAGE_ID))) == []
    assert bench.table.reads[2:] == [[MESSAGE, PACE_KEY]]
    assert bench.source.requested == []


def test_a_batch_that_names_a_known_log_twice_fetches_it_once(bench: Bench) -> None:
    """By its SID and by its ID it is one log once the alias is known."""
    list_fax(bench)
    bench.run(sent(BY_SID))
    bench.clock.advance(minutes=1)
    bench.source.requested.clear()
    later = bench.clock()
    assert bench.run(sent(at=later), sent(BY_SID, message_id="m2", at=later)) == []
    assert bench.source.requested == [FAX]


@pytest.mark.parametrize("is_sid_first", [False, True])
def test_a_failed_log_that_is_named_twice_returns_both_messages(
    bench: Bench, *, is_sid_first: bool
) -> None:
    """None of them is acknowledged for the other."""
    list_fax(bench)
    bench.run(sent(BY_SID))
    bench.clock.advance(minutes=1)
    bench.source.answers[FAX] = errors.NotFoundError()
    messages = [sent(at=bench.clock()), sent(BY_SID, message_id="m2", at=bench.clock())]
    assert {*bench.run(*(messages[::-1] if is_sid_first else messages))} == {"m1", "m2"}


def test_both_messages_of_a_log_wait_longer_while_no_try_can_be_counted(bench: Bench) -> None:
    """One failed by the ID, and the other one's log could not be stored: it is the same row."""
    list_fax(bench)
    bench.source.answers[FAX] = errors.NotFoundError()
    bench.table.write_errors[FAX] = errors.StoreThrottledError()
    bench.run(sent(attempt=5), sent(BY_SID, message_id="m2", attempt=5))
    assert bench.queue.waits == {"handle-of-m1": 480, "handle-of-m2": 480}


def test_one_log_named_in_both_ways_is_written_once(bench: Bench) -> None:
    """A new log named by ID and by resource in one batch costs one row and one alias."""
    list_fax(bench)
    assert bench.run(sent(), sent(BY_SID, message_id="m2")) == []
    assert [[write.key for write in writes] for writes in bench.table.writes] == [[ALIAS], [FAX]]


def test_an_alias_that_cannot_be_written_returns_the_message(bench: Bench) -> None:
    """Otherwise the row would lack it for good."""
    list_fax(bench)
    bench.table.write_errors[ALIAS] = errors.StoreThrottledError()
    assert bench.run(sent(BY_SID)) == ["m1"]
    assert "outcome" not in bench.table.items[FAX]
    assert bench.report.errors == {"store.throttled": 1}


def test_rows_behind_aliases_that_cannot_be_read_return_the_batch(bench: Bench) -> None:
    """Nothing is decided without them."""
    list_fax(bench)
    bench.run(sent(BY_SID))
    bench.table.read_errors = [None, errors.StoreUnavailableError()]
    assert bench.run(sent(BY_SID)) == ["m1"]


def test_a_message_parked_under_its_sid_gives_way_to_the_alias(bench: Bench) -> None:
    """The same row is on the parked list and leads to the log, until the redrive lifts it."""
    expire_rows(bench)
    bench.source.answers[ALIAS] = errors.NotFoundError()
    bench.last_try(errors.NotFoundError, ALIAS)
    assert bench.run(sent(BY_SID)) == []
    assert bench.table.items[ALIAS]["parked_code"] == "fetch.not_found"
    list_fax(bench)
    bench.clock.advance(minutes=1)
    assert bench.run(replace(sent(BY_SID, at=bench.clock()), parked_as=ALIAS)) == []
    alias = bench.table.items[ALIAS]
    assert alias["alias_of"] == FAX
    assert "parked_code" not in alias
    assert history_of(alias)[0]["into"] == FAX
    assert alias["expires_at"] == int((bench.clock() + TTL).timestamp())


def test_a_log_that_is_found_at_last_forgets_the_tries_under_its_sid(bench: Bench) -> None:
    """Should the search for it fail again, the next failure is the first."""
    bench.last_try(errors.NotFoundError, ALIAS)
    list_fax(bench)
    assert bench.run(sent(BY_SID)) == []
    assert bench.table.items[ALIAS] == {"alias_of": FAX, "version": 2}


def test_a_parked_row_that_is_an_alias_does_not_expire(bench: Bench) -> None:
    """A person has to see it first."""
    expire_rows(bench)
    bench.source.answers[ALIAS] = errors.NotFoundError()
    bench.last_try(errors.NotFoundError, ALIAS)
    bench.run(sent(BY_SID))
    bench.answer(failed_fax())
    bench.clock.advance(minutes=1)
    bench.run(sent(at=bench.clock()))
    assert bench.table.items[ALIAS]["alias_of"] == FAX
    assert "expires_at" not in bench.table.items[ALIAS]


def test_a_log_whose_id_is_the_sid_of_another_keeps_its_row(bench: Bench) -> None:
    """An alias neither replaces a stored log nor hides one that is stored later."""
    other = failed_fax(id=FAX_SID, url="https://example.signalwire.com/x")
    bench.answer(failed_fax(), other)
    by_id = sent(body(log_id=FAX_SID), message_id="other")
    for first, second in ((sent(), by_id), (by_id, sent())):
        bench.table.items.clear()
        assert bench.run(first) == []
        assert bench.run(second) == []
        assert bench.table.items[ALIAS]["status"] == other["status"]
        assert "alias_of" not in bench.table.items[ALIAS]
        assert bench.table.items[FAX]["status"] == "completed"


def test_two_logs_with_one_sid_are_both_stored(bench: Bench) -> None:
    """Should SignalWire ever list two, the alias leads to one of them."""
    twin = failed_fax(id=MESSAGE_ID)
    bench.source.answers |= {FAX: json.dumps(failed_fax()), f"fax#{MESSAGE_ID}": json.dumps(twin)}
    assert bench.run(sent(), sent(body(log_id=MESSAGE_ID), message_id="m2")) == []
    assert {FAX, f"fax#{MESSAGE_ID}", ALIAS} == set(bench.table.items)


def test_an_erased_log_is_not_fetched_by_its_sid(bench: Bench) -> None:
    """The alias leads to a row without a number, which tells that the log was erased."""
    list_fax(bench)
    bench.run(sent(BY_SID))
    bench.table.items[FAX] = {"version": 2, "erased_at": "2026-05-04T12:00:00+00:00"}
    bench.source.requested.clear()
    assert bench.run(sent(BY_SID, at=NOW + timedelta(days=1))) == []
    assert bench.source.requested == []


@pytest.mark.parametrize("minutes", [0, 60])
def test_a_replayed_fax_callback_changes_nothing(bench: Bench, minutes: int) -> None:
    """The row reflects it already, so it costs no request."""
    list_fax(bench)
    text = json.dumps(json.loads(BY_SID) | {"origin": "webhook"})
    bench.run(sent(text))
    before = copy.deepcopy(bench.table.items)
    bench.source.requested.clear()
    bench.clock.advance(minutes=minutes)
    assert bench.run(sent(text, message_id="replay", at=bench.clock())) == []
    assert bench.table.items == before
    assert bench.source.requested == []
    assert bench.report.skipped == {"fax": 1}


def test_a_resource_whose_sid_is_the_logs_id_is_found_by_id(bench: Bench) -> None:
    """In spaces where the SID is the log's ID, the row says that it was found by ID."""
    bench.answer(fax_log())
    text = json.dumps({"log_type": "fax", "resource_sid": FAX_ID})
    assert bench.run(sent(text)) == []
    assert bench.table.items[FAX]["resolved_by"] == "id"
    assert bench.run(sent(text, attempt=2)) == []
    assert bench.source.requested == [FAX]


def test_an_unreadable_row_of_a_resolved_log_returns_its_message(bench: Bench) -> None:
    """Only that message is returned; its neighbour with a readable row is stored."""
    bench.source.answers[f"fax#{FAX_SID}"] = json.dumps(fax_log())
    bench.source.found_by_url = {f"fax#{FAX_SID}"}
    bench.answer(message_log())
    by_sid = json.dumps({"log_type": "fax", "resource_sid": FAX_SID})
    bench.table.read_errors = [None, errors.StoreUnavailableError()]
    good = sent(body("message", MESSAGE_ID), message_id="good")
    assert bench.run(sent(by_sid), good) == ["m1"]
    assert "outcome" not in bench.table.items[FAX]
    assert bench.table.items[MESSAGE]["outcome"] == "succeeded"
