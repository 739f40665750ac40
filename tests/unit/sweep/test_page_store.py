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
from tests.unit.sweep.bench import Bench, entry

KEY = f"fax#{FAX_ID}"
ALIAS = f"fax#{FAX_SID}"
FAXES = f"/api/laml/2010-04-01/Accounts/{PROJECT_ID}/Faxes"
#: After the fetches of the rows that the bench keeps.
LATER = NOW + timedelta(minutes=1)
#: How the same fax is known in a space where a SID is written in capitals.
LOUD = FAX_SID.upper()


def store(bench: Bench, *entries: RawLog, counts: Counts | None = None) -> list[str]:
    """Store a page of entries beside the rows that there are; return what is left."""
    kind = MESSAGE if "number_of_segments" in entries[0] else FAX
    by_id = {str(one["id"]): one for one in entries}
    rows = bench.table.read([kind.key(log_id) for log_id in by_id])
    return bench.store.store(kind, by_id, LATER, rows, Counts() if counts is None else counts)


def fax(**fields: JsonValue) -> RawLog:
    """Return the resource of the builders' fax."""
    return {"sid": FAX_SID, "status": "delivered", "duration": 40, **fields}


def test_a_page_makes_the_same_row_as_a_fetch(bench: Bench) -> None:
    """Only the lag is missing, because no event led to the page."""
    assert store(bench, {**failed_message()}) == []
    write = StoreRecord(record(failed_message(), fetched_at=LATER)).plan(None)
    assert write is not None
    expected = {name: value for name, value in write.values.items() if name != "lag_ms"}
    assert bench.table.items[f"message#{MESSAGE_ID}"] == expected | {"version": 1}


def test_storage_options_apply(bench: Bench) -> None:
    """Rows from a page expire and have keys of indexes as all others."""
    bench.store = replace(
        bench.store, storage=StorageOptions(ttl=timedelta(days=1), index_days=True)
    )
    store(bench, {**message_log()})
    row = bench.table.items[f"message#{MESSAGE_ID}"]
    assert row["expires_at"] == int((LATER + timedelta(days=1)).timestamp())
    assert row["day"] == "2026-05-04#message"


def test_what_is_stored_is_counted_once(bench: Bench) -> None:
    """Failures and ends count when they are stored first, as for the enrich function."""
    first, second = Counts(), Counts()
    store(bench, {**failed_message()}, counts=first)
    store(bench, {**failed_message(charge=1)}, counts=second)
    assert first.failures == {("message", "30003", "destination"): 1}
    assert (first.enriched, first.finished) == ({"message": 1}, {"message": 1})
    assert (second.failures, second.finished) == ({}, {})
    assert not first.lag_ms


@pytest.mark.parametrize(
    "change", [{"created_at": "yesterday"}, {"status": None}, {"charge_details": 7}], ids=str
)
def test_an_entry_that_is_no_valid_log_is_left(bench: Bench, change: RawLog) -> None:
    """The enrich function parks it with its payload; the neighbour is stored."""
    other = {**message_log(), "id": "11111111-2222-4333-8444-555555555555"}
    assert store(bench, {**message_log(), **change}, other) == [MESSAGE_ID]
    assert len(bench.table.items) == 1


def test_a_defect_costs_only_its_log(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The enrich function meets it, too, and reports it."""

    def broken(content: Mapping[str, JsonValue]) -> None:
        raise KeyError(str(content["id"]))

    monkeypatch.setattr(MESSAGE.model, "read", broken)
    assert store(bench, {**message_log()}) == [MESSAGE_ID]


def test_a_defect_in_storing_loses_no_log(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """All logs of the page are left; raised, it would stop every sweep at this page."""

    def broken(*_: object) -> None:
        raise KeyError("a name")

    monkeypatch.setattr(page_store, "store", broken)
    assert store(bench, {**message_log()}) == [MESSAGE_ID]


# --- how a fax ended ------------------------------------------------------------------------------


def test_a_page_of_fax_resources_tells_how_faxes_ended(bench: Bench) -> None:
    """One request for all faxes of the page whose logs tell only the end of the call."""
    bench.lists.faxes = [[{"sid": "x", "status": "busy"}, fax(sid=LOUD)]]
    assert (
        store(bench, entry(), entry(MESSAGE_ID, status="busy", url="https://example.com/fax")) == []
    )
    created_at = NOW - timedelta(hours=12)
    (asked,) = bench.lists.asked_for_faxes
    assert asked == (
        FAXES,
        created_at - timedelta(minutes=10),
        created_at + timedelta(minutes=1),
        None,
    )
    row = bench.table.items[KEY]
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
def test_a_fax_that_contradicts_its_log_is_left(bench: Bench, fields: RawLog) -> None:
    """The enrich function fetches both again, a few times, before it takes sides."""
    bench.lists.faxes = [[fax(**fields)]]
    assert store(bench, entry()) == [FAX_ID]
    assert bench.table.items == {}


def test_a_log_that_contradicts_its_row_is_left(bench: Bench) -> None:
    """A callback told a failure, and nobody has fetched the log often enough to take sides."""
    told = Signal(by="callback", status="failed", error_code="34004")
    write = StoreRecord(record(fax_log(), fetched_at=NOW), told=told, is_last=False).plan(None)
    assert write is not None
    bench.table.items[KEY] = dict(write.values) | {"version": 1}
    assert store(bench, entry()) == [FAX_ID]
    assert bench.table.items[KEY]["version"] == 1


def test_a_contradiction_that_came_meanwhile_is_left(bench: Bench) -> None:
    """A callback's failure was stored after the rows were read."""
    bench.lists.faxes = [[fax()]]
    fetched = record(fax_log(), fetched_at=NOW)
    told = Signal(by="callback", status="failed", error_code="34004")
    write = StoreRecord(fetched, told=told, is_last=False).plan(None)
    assert write is not None
    bench.table.items[KEY] = dict(write.values) | {"version": 1}
    assert bench.store.store(FAX, {FAX_ID: entry()}, LATER, {}, Counts()) == [FAX_ID]
    assert bench.table.items[KEY]["outcome"] == "failed"


def test_a_contradiction_that_stands_is_stored(bench: Bench) -> None:
    """The log was fetched often enough; only its charge has changed."""
    told = Signal(by="callback", status="failed", error_code="34004")
    write = StoreRecord(record(fax_log(), fetched_at=NOW), told=told).plan(None)
    assert write is not None
    bench.table.items[KEY] = dict(write.values) | {"version": 1}
    assert store(bench, entry(charge=0.04)) == []
    row = bench.table.items[KEY]
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
def test_a_fax_whose_end_no_page_tells_is_left(bench: Bench, faxes: list[RawLog]) -> None:
    """Nothing is stored of it: the enrich function asks for its resource."""
    bench.lists.faxes = [faxes]
    assert store(bench, entry()) == [FAX_ID]
    assert bench.table.items == {}


def test_resources_of_the_next_pages_are_listed_ahead(bench: Bench) -> None:
    """A page of resources is larger than one of logs, so it suffices for several of them."""
    others = [f"00000000-0000-4000-8000-00000000000{number}" for number in range(3)]
    bench.lists.faxes = [[fax(sid=sid) for sid in others]]
    hours = timedelta(hours=1)
    logs = [
        entry(sid, url=str(entry()["url"]).replace(FAX_SID, sid), created_at=iso(NOW - at * hours))
        for at, sid in enumerate(others)
    ]
    assert store(bench, *logs[:2]) == []
    assert store(bench, logs[2]) == []
    (asked,) = bench.lists.asked_for_faxes
    assert asked[1] == NOW - hours - 4 * hours - timedelta(minutes=10)


def test_what_was_listed_is_kept_when_more_is_listed(bench: Bench) -> None:
    """A page may begin among resources that are known and end among others."""
    first, second = entry(), entry(MESSAGE_ID, url=str(entry()["url"]).replace(FAX_SID, MESSAGE_ID))
    bench.lists.faxes = [[fax()]]
    assert store(bench, first) == []
    bench.lists.faxes = [[fax(sid=MESSAGE_ID)]]
    bench.table.items.clear()
    assert store(bench, first, second) == []


def test_pages_of_resources_are_read_until_all_are_found(bench: Bench) -> None:
    """A server may have smaller pages; three are read at most."""
    bench.lists.faxes = [[], [fax()], []]
    assert store(bench, entry()) == []
    assert [page for *_, page in bench.lists.asked_for_faxes] == [None, "1"]
    bench.lists.faxes, bench.lists.asked_for_faxes = [[], [], [], [fax()]], []
    other = entry(MESSAGE_ID, url=str(entry()["url"]).replace(FAX_SID, MESSAGE_ID))
    assert store(bench, other) == [MESSAGE_ID]
    assert len(bench.lists.asked_for_faxes) == 3


def test_without_an_answer_the_faxes_are_left(bench: Bench) -> None:
    """All others are stored."""
    bench.lists.fax_error = UpstreamError()
    assert store(
        bench, entry(), entry(MESSAGE_ID, status="no-answer", url="https://example.com/fax")
    ) == [FAX_ID]
    assert bench.rows == {f"fax#{MESSAGE_ID}": "no-answer"}


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
def test_a_log_that_tells_enough_asks_for_no_resource(bench: Bench, log: RawLog) -> None:
    """Nor does one that names no resource."""
    assert store(bench, log) == []
    assert bench.lists.asked_for_faxes == []


def test_a_row_that_knows_the_end_asks_for_no_resource(bench: Bench) -> None:
    """A callback told it; only the charge has changed."""
    bench.keep(fax_log())
    bench.table.items[KEY] |= {"settled_by": "callback", "fax_status": "delivered"}
    assert store(bench, entry(charge=0.04)) == []
    assert bench.lists.asked_for_faxes == []
    assert str(bench.table.items[KEY]["charge"]) == "0.04"


@pytest.mark.parametrize("odd", ["9999-12-31T23:59:59.999Z", "2600-01-01", "0001-01-01"])
def test_an_odd_time_costs_no_other_log(bench: Bench, odd: str) -> None:
    """No period of resources can be asked for, so the faxes are left."""
    other = entry(MESSAGE_ID, created_at=odd)
    third = entry("11111111-2222-4333-8444-555555555555", status="busy")
    assert store(bench, entry(), other, third) == [FAX_ID, MESSAGE_ID]


def test_resources_that_are_held_back_stop_the_page(bench: Bench) -> None:
    """Otherwise all its faxes would go on the queue while there are too few slots anyway."""
    bench.lists.fax_error = HeldBackError()
    with pytest.raises(HeldBackError):
        store(bench, entry())


def test_without_settling_the_call_decides(bench: Bench) -> None:
    """``SettleFaxes=false`` costs no request here, either."""
    bench.store = replace(bench.store, settle_faxes=False)
    assert store(bench, entry()) == []
    assert (bench.lists.asked_for_faxes, bench.table.items[KEY]["settled_by"]) == ([], "call")


# --- aliases, and other rows ----------------------------------------------------------------------


def test_the_alias_comes_before_the_row(bench: Bench) -> None:
    """Later callbacks and tools find the log by its SID."""
    store(bench, entry(status="busy"))
    assert bench.table.items[ALIAS]["alias_of"] == KEY
    # A log that is new has none to be read.
    assert bench.table.reads == [[KEY]]
    assert [[write.key for write in writes] for writes in bench.table.writes] == [[ALIAS], [KEY]]


def test_a_log_without_its_alias_is_left(bench: Bench) -> None:
    """No row lacks its alias."""
    bench.table.write_errors = {ALIAS: StoreThrottledError()}
    assert store(bench, entry(status="busy")) == [FAX_ID]
    assert bench.table.items == {}


def test_an_alias_that_is_there_is_left_alone(bench: Bench) -> None:
    """It is read with one call for the whole page."""
    store(bench, entry(status="ringing"))
    version = bench.table.items[ALIAS]["version"]
    bench.table.reads.clear()
    bench.table.writes.clear()
    assert store(bench, entry(status="busy")) == []
    assert bench.table.reads == [[KEY], [ALIAS]]
    assert [[write.key for write in writes] for writes in bench.table.writes] == [[KEY]]
    assert bench.table.items[ALIAS]["version"] == version


def test_a_row_that_cannot_be_written_is_left(bench: Bench) -> None:
    """The enrich function tries again."""
    bench.table.write_errors = {KEY: StoreThrottledError()}
    assert store(bench, entry(status="busy")) == [FAX_ID]


def test_an_entry_that_is_behind_its_row_is_left(bench: Bench) -> None:
    """The list lags behind the log that a callback's fetch has shown."""
    key = f"message#{MESSAGE_ID}"
    write = StoreRecord(record(message_log(status="sent"), fetched_at=NOW)).plan(None)
    assert write is not None
    bench.table.items[key] = dict(write.values) | {"version": 1}
    assert store(bench, {**message_log(status="queued")}) == [MESSAGE_ID]
    assert bench.table.items[key]["status"] == "sent"


def test_a_later_row_is_kept(bench: Bench) -> None:
    """A callback's fetch came between the request for the page and its write."""
    bench.table.items[KEY] = dict(
        StoreRecord(record(fax_log(status="busy"), fetched_at=NOW + timedelta(seconds=1)))
        .plan(None)
        .values  # type: ignore[union-attr] # there is no row yet
    ) | {"version": 1}
    counts = Counts()
    left = bench.store.store(FAX, {FAX_ID: entry(status="canceled")}, NOW, {}, counts)
    assert (left, bench.table.items[KEY]["status"]) == ([], "busy")
    assert (counts.skipped, counts.enriched) == ({"fax": 1}, {})


def test_a_parking_is_lifted_by_the_page(bench: Bench) -> None:
    """Its log was parked when its tries were used up; the page shows it."""
    bench.table.items[KEY] = {
        "version": 1,
        "log_type": "fax",
        "parked_code": "fetch.upstream",
        "parked_at": "2026-05-04T11:00:00.000Z",
        "parked_first_at": "2026-05-04T11:00:00.000Z",
        "parked_body": "{}",
        "parked_attempts": 10,
    }
    rows: Mapping[str, Row] = bench.table.read([KEY])
    assert bench.store.store(FAX, {FAX_ID: entry(status="busy")}, NOW, rows, Counts()) == []
    row = bench.table.items[KEY]
    assert "parked_code" not in row
    assert row["parked_history"]
