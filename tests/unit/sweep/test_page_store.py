"""What a page shows is stored as the enrich function would, or goes on the queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import JsonValue

from hooklog.clock import iso
from hooklog.errors import HeldBackError, StoreThrottledError, UpstreamError
from hooklog.logs import FAX, MESSAGE
from hooklog.logs.listing import RawLog
from hooklog.records.counts import Counts
from hooklog.records.items import StorageOptions
from hooklog.records.recording import StoreRecord
from hooklog.records.rows import Row
from hooklog.records.signals import Signal
from hooklog.sweep import page_store
from tests.builders import (
    FAX_ID,
    FAX_SID,
    MESSAGE_ID,
    PROJECT_ID,
    failed_fax,
    failed_message,
    fax_log,
    message_log,
    record,
)
from tests.fakes import NOW
from tests.unit.sweep.harness import Harness, entry

KEY = f"fax#{FAX_ID}"
ALIAS = f"fax#{FAX_SID}"
FAXES = f"/api/laml/2010-04-01/Accounts/{PROJECT_ID}/Faxes"
#: After the fetches of the rows that the harness keeps.
LATER = NOW + timedelta(minutes=1)
#: How the same fax is known in a space where a SID is written in capitals.
LOUD = FAX_SID.upper()


def store(harness: Harness, *entries: RawLog, counts: Counts | None = None) -> list[str]:
    """Store a page of entries beside the rows that there are; return what is left."""
    kind = MESSAGE if "number_of_segments" in entries[0] else FAX
    by_id = {str(one["id"]): one for one in entries}
    rows = harness.table.read([kind.key(log_id) for log_id in by_id])
    return harness.store.store(kind, by_id, LATER, rows, Counts() if counts is None else counts)


def fax(**fields: JsonValue) -> RawLog:
    """Return the resource of the builders' fax."""
    return {"sid": FAX_SID, "status": "delivered", "duration": 40, **fields}


def test_a_page_makes_the_same_row_as_a_fetch(harness: Harness) -> None:
    """Only the lag is missing, because no event led to the page."""
    assert store(harness, {**failed_message()}) == []
    write = StoreRecord(record(failed_message(), fetched_at=LATER)).plan(None)
    assert write is not None
    expected = {name: value for name, value in write.values.items() if name != "lag_ms"}
    assert harness.table.items[f"message#{MESSAGE_ID}"] == expected | {"version": 1}


def test_storage_options_apply(harness: Harness) -> None:
    """Rows from a page expire and have keys of indexes as all others."""
    harness.store = replace(
        harness.store, storage=StorageOptions(ttl=timedelta(days=1), index_days=True)
    )
    store(harness, {**message_log()})
    row = harness.table.items[f"message#{MESSAGE_ID}"]
    assert row["expires_at"] == int((LATER + timedelta(days=1)).timestamp())
    assert row["day"] == "2026-05-04#message"
    store(harness, {**fax_log(status="busy")})
    assert harness.table.items[ALIAS]["expires_at"] == row["expires_at"]


def test_what_is_stored_is_counted_once(harness: Harness) -> None:
    """Failures and ends count when they are stored first, as for the enrich function."""
    first, second = Counts(), Counts()
    store(harness, {**failed_message()}, counts=first)
    store(harness, {**failed_message(charge=1)}, counts=second)
    assert first.failures == {("message", "30003", "destination"): 1}
    assert (first.enriched, first.finished) == ({"message": 1}, {"message": 1})
    assert (second.failures, second.finished) == ({}, {})
    assert not first.lag_ms


@pytest.mark.parametrize(
    "change", [{"created_at": "yesterday"}, {"status": None}, {"charge_details": 7}], ids=str
)
def test_an_entry_that_is_no_valid_log_is_left(harness: Harness, change: RawLog) -> None:
    """The enrich function parks it with its payload; the neighbour is stored."""
    other = {**message_log(), "id": "11111111-2222-4333-8444-555555555555"}
    assert store(harness, {**message_log(), **change}, other) == [MESSAGE_ID]
    assert len(harness.table.items) == 1


def test_a_defect_costs_only_its_log(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    """The enrich function meets it, too, and reports it."""

    def broken(content: Mapping[str, JsonValue]) -> None:
        raise KeyError(str(content["id"]))

    monkeypatch.setattr(MESSAGE.model, "read", broken)
    assert store(harness, {**message_log()}) == [MESSAGE_ID]


def test_a_defect_in_storing_loses_no_log(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All logs of the page are left; raised, it would stop every sweep at this page."""

    def broken(*_: object) -> None:
        raise KeyError("a name")

    monkeypatch.setattr(page_store, "store", broken)
    assert store(harness, {**message_log()}) == [MESSAGE_ID]


# --- how a fax ended ------------------------------------------------------------------------------


def test_a_page_of_fax_resources_tells_how_faxes_ended(harness: Harness) -> None:
    """One request for all faxes of the page whose logs tell only the end of the call."""
    harness.lists.faxes = [[{"sid": "x", "status": "busy"}, fax(sid=LOUD)]]
    assert (
        store(harness, entry(), entry(MESSAGE_ID, status="busy", url="https://example.com/fax"))
        == []
    )
    created_at = NOW - timedelta(hours=12)
    (asked,) = harness.lists.asked_for_faxes
    assert asked == (
        FAXES,
        created_at - timedelta(minutes=10),
        created_at + timedelta(minutes=1),
        None,
    )
    row = harness.table.items[KEY]
    assert (row["outcome"], row["settled_by"], row["fax_status"]) == (
        "succeeded",
        "fax",
        "delivered",
    )


@pytest.mark.parametrize(
    "fields",
    [{"status": "failed", "error_code": "34004"}, {"status": "failed"}, {"status": "sending"}],
    ids=str,
)
def test_a_fax_that_contradicts_its_log_is_left(harness: Harness, fields: RawLog) -> None:
    """The enrich function fetches both again, a few times, before it takes sides."""
    harness.lists.faxes = [[fax(**fields)]]
    assert store(harness, entry()) == [FAX_ID]
    assert harness.table.items == {}


def test_a_log_that_contradicts_its_row_is_left(harness: Harness) -> None:
    """A callback told a failure, and nobody has fetched the log often enough to take sides."""
    told = Signal(by="callback", status="failed", error_code="34004")
    write = StoreRecord(record(fax_log(), fetched_at=NOW), told=told, is_last=False).plan(None)
    assert write is not None
    harness.table.items[KEY] = dict(write.values) | {"version": 1}
    assert store(harness, entry()) == [FAX_ID]
    assert harness.table.items[KEY]["version"] == 1


def test_a_contradiction_that_came_meanwhile_is_left(harness: Harness) -> None:
    """A callback's failure was stored after the rows were read."""
    harness.lists.faxes = [[fax()]]
    fetched = record(fax_log(), fetched_at=NOW)
    told = Signal(by="callback", status="failed", error_code="34004")
    write = StoreRecord(fetched, told=told, is_last=False).plan(None)
    assert write is not None
    harness.table.items[KEY] = dict(write.values) | {"version": 1}
    assert harness.store.store(FAX, {FAX_ID: entry()}, LATER, {}, Counts()) == [FAX_ID]
    assert harness.table.items[KEY]["outcome"] == "failed"


def test_a_contradiction_that_stands_is_stored(harness: Harness) -> None:
    """The log was fetched often enough; only its charge has changed."""
    told = Signal(by="callback", status="failed", error_code="34004")
    write = StoreRecord(record(fax_log(), fetched_at=NOW), told=told).plan(None)
    assert write is not None
    harness.table.items[KEY] = dict(write.values) | {"version": 1}
    assert store(harness, entry(charge=0.04)) == []
    row = harness.table.items[KEY]
    assert (row["outcome"], str(row["charge"])) == ("failed", "0.04")
    assert row["drift"] == ["contradiction:callback"]


@pytest.mark.parametrize(
    "faxes",
    [
        [],
        [{"sid": "another", "status": "delivered"}],
        [{"sid": FAX_SID, "status": [1]}],
        [{"status": "delivered"}],
    ],
    ids=str,
)
def test_a_fax_whose_end_no_page_tells_is_left(harness: Harness, faxes: list[RawLog]) -> None:
    """Nothing is stored of it: the enrich function asks for its resource."""
    harness.lists.faxes = [faxes]
    assert store(harness, entry()) == [FAX_ID]
    assert harness.table.items == {}


def test_resources_of_the_next_pages_are_listed_ahead(harness: Harness) -> None:
    """A page of resources is larger than one of logs, so it suffices for several of them."""
    others = [f"00000000-0000-4000-8000-00000000000{number}" for number in range(3)]
    harness.lists.faxes = [[fax(sid=sid) for sid in others]]
    hours = timedelta(hours=1)
    logs = [
        entry(sid, url=str(entry()["url"]).replace(FAX_SID, sid), created_at=iso(NOW - at * hours))
        for at, sid in enumerate(others)
    ]
    assert store(harness, *logs[:2]) == []
    assert store(harness, logs[2]) == []
    (asked,) = harness.lists.asked_for_faxes
    assert asked[1] == NOW - hours - 4 * hours - timedelta(minutes=10)


def test_what_was_listed_is_kept_when_more_is_listed(harness: Harness) -> None:
    """A page may begin among resources that are known and end among others."""
    first, second = entry(), entry(MESSAGE_ID, url=str(entry()["url"]).replace(FAX_SID, MESSAGE_ID))
    harness.lists.faxes = [[fax()]]
    assert store(harness, first) == []
    harness.lists.faxes = [[fax(sid=MESSAGE_ID)]]
    harness.table.items.clear()
    assert store(harness, first, second) == []


def test_the_next_walk_lists_resources_anew(harness: Harness) -> None:
    """How a fax ended may have changed since the walk before."""
    harness.lists.faxes = [[fax()]]
    harness.lists.pages = {"fax": [[entry()]]}
    harness.walk(FAX)
    harness.table.items.clear()
    harness.walk(FAX)
    assert len(harness.lists.asked_for_faxes) == 2


def test_pages_of_resources_are_read_until_all_are_found(harness: Harness) -> None:
    """A server may have smaller pages; three are read at most."""
    harness.lists.faxes = [[], [fax()], []]
    assert store(harness, entry()) == []
    assert [page for *_, page in harness.lists.asked_for_faxes] == [None, "1"]
    harness.lists.faxes, harness.lists.asked_for_faxes = [[], [], [], [fax()]], []
    other = entry(MESSAGE_ID, url=str(entry()["url"]).replace(FAX_SID, MESSAGE_ID))
    assert store(harness, other) == [MESSAGE_ID]
    assert len(harness.lists.asked_for_faxes) == 3


def test_without_an_answer_the_faxes_are_left(harness: Harness) -> None:
    """All others are stored."""
    harness.lists.fax_error = UpstreamError()
    assert store(
        harness, entry(), entry(MESSAGE_ID, status="no-answer", url="https://example.com/fax")
    ) == [FAX_ID]
    assert harness.rows == {f"fax#{MESSAGE_ID}": "no-answer"}


@pytest.mark.parametrize(
    "log",
    [
        failed_fax(),
        fax_log(status="busy"),
        fax_log(status="ringing"),
        fax_log(url="https://example.com/fax"),
    ],
    ids=lambda log: f"{log['status']} {log['error_code']}",
)
def test_a_log_that_tells_enough_asks_for_no_resource(harness: Harness, log: RawLog) -> None:
    """Nor does one that names no resource."""
    assert store(harness, log) == []
    assert harness.lists.asked_for_faxes == []


def test_a_row_that_knows_the_end_asks_for_no_resource(harness: Harness) -> None:
    """A callback told it; only the charge has changed."""
    harness.keep(fax_log())
    harness.table.items[KEY] |= {"settled_by": "callback", "fax_status": "delivered"}
    assert store(harness, entry(charge=0.04)) == []
    assert harness.lists.asked_for_faxes == []
    assert str(harness.table.items[KEY]["charge"]) == "0.04"


@pytest.mark.parametrize("odd", ["9999-12-31T23:59:59.999Z", "2600-01-01", "0001-01-01"])
def test_an_odd_time_costs_no_other_log(harness: Harness, odd: str) -> None:
    """No period of resources can be asked for, so the faxes are left."""
    other = entry(MESSAGE_ID, created_at=odd)
    third = entry("11111111-2222-4333-8444-555555555555", status="busy")
    assert store(harness, entry(), other, third) == [FAX_ID, MESSAGE_ID]


def test_resources_that_are_held_back_stop_the_page(harness: Harness) -> None:
    """Otherwise all its faxes would go on the queue while there are too few slots anyway."""
    harness.lists.fax_error = HeldBackError()
    with pytest.raises(HeldBackError):
        store(harness, entry())


def test_without_settling_the_call_decides(harness: Harness) -> None:
    """``SettleFaxes=false`` costs no request here, either."""
    harness.store = replace(harness.store, settle_faxes=False)
    assert store(harness, entry()) == []
    assert (harness.lists.asked_for_faxes, harness.table.items[KEY]["settled_by"]) == ([], "call")


# --- aliases, and other rows ----------------------------------------------------------------------


def test_the_alias_comes_before_the_row(harness: Harness) -> None:
    """Later callbacks and tools find the log by its SID."""
    store(harness, entry(status="busy"))
    assert harness.table.items[ALIAS]["alias_of"] == KEY
    # A log that is new has none to be read.
    assert harness.table.reads == [[KEY]]
    assert [[write.key for write in writes] for writes in harness.table.writes] == [[ALIAS], [KEY]]


def test_a_log_without_its_alias_is_left(harness: Harness) -> None:
    """No row lacks its alias."""
    harness.table.write_errors = {ALIAS: StoreThrottledError()}
    assert store(harness, entry(status="busy")) == [FAX_ID]
    assert harness.table.items == {}


def test_an_alias_that_is_there_is_left_alone(harness: Harness) -> None:
    """It is read with one call for the whole page."""
    store(harness, entry(status="ringing"))
    version = harness.table.items[ALIAS]["version"]
    harness.table.reads.clear()
    harness.table.writes.clear()
    assert store(harness, entry(status="busy")) == []
    assert harness.table.reads == [[KEY], [ALIAS]]
    assert [[write.key for write in writes] for writes in harness.table.writes] == [[KEY]]
    assert harness.table.items[ALIAS]["version"] == version


def test_a_row_that_cannot_be_written_is_left(harness: Harness) -> None:
    """The enrich function tries again."""
    harness.table.write_errors = {KEY: StoreThrottledError()}
    assert store(harness, entry(status="busy")) == [FAX_ID]


def test_an_entry_that_is_behind_its_row_is_left(harness: Harness) -> None:
    """The list lags behind the log that a callback's fetch has shown."""
    key = f"message#{MESSAGE_ID}"
    write = StoreRecord(record(message_log(status="sent"), fetched_at=NOW)).plan(None)
    assert write is not None
    harness.table.items[key] = dict(write.values) | {"version": 1}
    assert store(harness, {**message_log(status="queued")}) == [MESSAGE_ID]
    assert harness.table.items[key]["status"] == "sent"


def test_a_later_row_is_kept(harness: Harness) -> None:
    """A callback's fetch came between the request for the page and its write."""
    harness.table.items[KEY] = dict(
        StoreRecord(record(fax_log(status="busy"), fetched_at=NOW + timedelta(seconds=1)))
        .plan(None)
        .values  # type: ignore[union-attr] # there is no row yet
    ) | {"version": 1}
    counts = Counts()
    left = harness.store.store(FAX, {FAX_ID: entry(status="canceled")}, NOW, {}, counts)
    assert (left, harness.table.items[KEY]["status"]) == ([], "busy")
    assert (counts.skipped, counts.enriched) == ({"fax": 1}, {})


def test_a_parking_is_lifted_by_the_page(harness: Harness) -> None:
    """Its log was parked when its tries were used up; the page shows it."""
    harness.table.items[KEY] = {
        "version": 1,
        "log_type": "fax",
        "parked_code": "fetch.upstream",
        "parked_at": "2026-05-04T11:00:00.000Z",
        "parked_first_at": "2026-05-04T11:00:00.000Z",
        "parked_body": "{}",
        "parked_attempts": 10,
    }
    rows: Mapping[str, Row] = harness.table.read([KEY])
    assert harness.store.store(FAX, {FAX_ID: entry(status="busy")}, NOW, rows, Counts()) == []
    row = harness.table.items[KEY]
    assert "parked_code" not in row
    assert row["parked_history"]
