"""Which log replaces which row, and which messages a row already reflects."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hooklog.clock import iso
from hooklog.queue_messages import Origin
from hooklog.records.items import StorageOptions, failure_attributes
from hooklog.records.recording import StoreRecord, already_reflects, supersedes
from hooklog.records.rows import Row
from hooklog.records.signals import Signal
from local.space import Log
from tests.builders import (
    FETCHED_AT,
    SENT_AT,
    failed_fax,
    failed_message,
    fax_log,
    message_log,
    record,
    request,
)
from tests.fakes import MemoryTable

SECOND = timedelta(seconds=1)
SKEW = 2 * SECOND


def row(*, status: str = "completed", final: bool = True, later: float = 0) -> Row:
    """Return a stored row, fetched the given number of seconds after the builders' fetch."""
    names = frozenset({"status", "final", "error_code", "error_message", "cause", "advice"})
    return Row(
        names=names,
        version=3,
        status=status,
        final=final,
        fetched_at=FETCHED_AT + later * SECOND,
    )


@pytest.mark.parametrize(
    ("stored_final", "fetched_status", "stored_later", "expected"),
    [
        (False, "in-progress", -1, True),
        (False, "in-progress", +1, False),
        (False, "completed", -1, True),
        (False, "completed", +1, True),
        (True, "in-progress", -1, False),
        (True, "in-progress", +1, False),
        (True, "completed", -1, True),
        (True, "completed", +1, False),
        (True, "completed", 0, False),
    ],
)
def test_supersedes(
    *, stored_final: bool, fetched_status: str, stored_later: int, expected: bool
) -> None:
    """A later fetch wins, but an end always wins over progress."""
    fetched = record(fax_log(status=fetched_status))
    assert supersedes(fetched, row(final=stored_final, later=stored_later)) is expected


def test_a_parked_row_without_a_log_is_always_superseded() -> None:
    """A log always supersedes a parked row without one."""
    assert supersedes(record(fax_log()), Row(version=1, parked_at=FETCHED_AT + SECOND))


@pytest.mark.parametrize(("later", "known"), [(1.9, False), (2, True), (60, True), (-60, False)])
def test_a_row_reflects_an_event_that_was_sent_before_its_fetch(
    later: float, *, known: bool
) -> None:
    """A row reflects an event only if its fetch is later by more than the clock skew."""
    stored = Row(version=1, status="completed", fetched_at=SENT_AT + later * SECOND)
    assert already_reflects(stored, request(), SENT_AT, SKEW) is known


@pytest.mark.parametrize(
    ("stored_status", "announced", "known"),
    [
        ("in-progress", "delivered", False),
        ("completed", "delivered", True),
        ("completed", "sending", True),
        ("in-progress", "a new word", True),
        ("a new word", "delivered", True),
    ],
)
def test_a_row_behind_the_announced_status_does_not_reflect_it(
    stored_status: str, announced: str, *, known: bool
) -> None:
    """A row reflects an announced status only once it has reached it, if both words are known."""
    stored = Row(version=1, status=stored_status, fetched_at=SENT_AT + 60 * SECOND)
    assert already_reflects(stored, request(status=announced), SENT_AT, SKEW) is known


@pytest.mark.parametrize(
    ("announced", "outcome", "old"),
    [
        ("sending", "succeeded", True),
        ("sending", "failed", True),
        ("delivered", "succeeded", True),
        ("delivered", "failed", False),
        ("failed", "failed", True),
        ("no-answer", "failed", True),
        ("failed", "succeeded", False),
        ("a new word", "succeeded", False),
        (None, "succeeded", False),
    ],
)
def test_a_callback_about_a_log_that_has_ended_tells_nothing_new(
    announced: str | None, outcome: str, *, old: bool
) -> None:
    """A callback about an ended log is skipped unless it announces another end."""
    stored = Row(version=1, status="completed", outcome=outcome, fetched_at=FETCHED_AT, final=True)
    sent_at = FETCHED_AT + 60 * SECOND
    callback = replace(request(status=announced), origin=Origin.WEBHOOK)
    assert already_reflects(stored, callback, sent_at, SKEW) is old
    # Requests of other origins have a reason to fetch the log again.
    assert not already_reflects(stored, request(status=announced), sent_at, SKEW)
    assert not already_reflects(replace(stored, final=False), callback, sent_at, SKEW)


@pytest.mark.parametrize(
    "half",
    [Row(version=1, fetched_at=FETCHED_AT), Row(version=1, status="completed")],
    ids=["no status", "no fetch"],
)
def test_a_row_without_a_whole_log_reflects_nothing(half: Row) -> None:
    """It takes a status, and the time of the fetch that saw it."""
    assert not already_reflects(half, request(), SENT_AT, SKEW)


def test_no_row_and_a_parked_row_reflect_nothing() -> None:
    """Without a stored log no message is skipped."""
    assert not already_reflects(None, request(), SENT_AT, SKEW)
    assert not already_reflects(Row(version=1, parked_at=FETCHED_AT), request(), SENT_AT, SKEW)


def test_a_new_log_is_inserted_with_its_first_failure() -> None:
    """The first failure of a log is counted, and the row keeps its time."""
    write = StoreRecord(record(failed_fax())).plan(None)
    assert write is not None
    assert write.expected_version is None
    assert write.version == 1
    assert write.counts_failure
    assert write.values["first_failed_at"] == iso(FETCHED_AT)


def test_a_failure_is_counted_once_for_ever() -> None:
    """A log that fails, recovers and fails again counts once."""
    stored = Row(
        version=7,
        status="completed",
        final=True,
        fetched_at=FETCHED_AT - SECOND,
        first_failed_at=FETCHED_AT - 9 * SECOND,
    )
    write = StoreRecord(record(failed_fax())).plan(stored)
    assert write is not None
    assert not write.counts_failure
    assert "first_failed_at" not in write.values
    assert "first_failed_at" not in write.remove


def test_an_update_removes_what_the_log_no_longer_says() -> None:
    """No attribute of an earlier state survives an update."""
    write = StoreRecord(record(message_log(status="queued"))).plan(
        row(status="queued", final=False, later=-1)
    )
    assert write is not None
    assert write.expected_version == 3
    assert set(write.remove) == {"error_code", "error_message", "cause", "advice", "final"}


def test_an_update_keeps_attributes_from_outside_the_log() -> None:
    """The first failure, a lifted parking and attributes of other writers outlive every fetch."""
    kept = {"pk", "version", "first_failed_at", "parked_history", "erased_at", "note"}
    stored = Row(names=frozenset(kept | {"error_code"}), version=1)
    write = StoreRecord(record(message_log())).plan(stored)
    assert write is not None
    assert list(write.remove) == ["error_code"]


def test_a_time_to_live_counts_from_the_fetch() -> None:
    """DynamoDB wants whole seconds since 1970."""
    write = StoreRecord(record(fax_log()), StorageOptions(ttl=timedelta(days=1))).plan(None)
    assert write is not None
    assert write.values["expires_at"] == int((FETCHED_AT + timedelta(days=1)).timestamp())


# --- signals that come with an older fetch ------------------------------------------------------

CALLBACK = Signal(by="callback", status="failed", error_code="34004")
OWN_END = {"settled_by": "callback", "fax_status": "failed", "fax_error_code": "34004"}


def fetched(log: Log, signal: Signal | None = None, *, is_last: bool = True) -> StoreRecord:
    """Return what a fetch of the log brings, with a signal."""
    return StoreRecord(record(log), told=signal, is_last=is_last)


def stored(**changes: object) -> Row:
    """Return a row of a fax whose call completed, fetched a second later."""
    values: dict[str, Any] = {"outcome": "succeeded", "settled_by": "call", **changes}
    return replace(row(later=1), **values)


def test_a_failure_is_added_to_a_row_with_a_later_fetch() -> None:
    """The row fails, is counted, and says why; what the later fetch saw stays."""
    write = fetched(fax_log(), CALLBACK).plan(stored(drift=["field:ecm"]))
    assert write is not None
    assert write.values.items() >= OWN_END.items()
    assert write.values["outcome"] == "failed"
    assert write.values["explanation"] == "34004"
    assert write.values["failed_on"] == "2026-05-04#fax"
    assert write.values["first_failed_at"] == iso(FETCHED_AT)
    assert write.values["drift"] == ["contradiction:callback", "field:ecm"]
    assert (write.counts_failure, write.counts_drift, write.counts_end) == (True, True, False)
    assert not write.is_unsettled
    assert not {"status", "charge", "fetched_at", "final", "unsettled"} & write.values.keys()


def test_a_failure_that_is_fetched_again_is_not_yet_a_contradiction() -> None:
    """The row is unsettled until the last attempt."""
    write = fetched(fax_log(), CALLBACK, is_last=False).plan(stored())
    assert write is not None
    assert write.values["unsettled"] is True
    assert write.is_unsettled
    assert "drift" not in write.values


def test_a_failure_is_added_to_a_log_in_progress() -> None:
    """There is no contradiction before the log ends."""
    write = fetched(fax_log(), CALLBACK).plan(
        stored(status="in-progress", outcome="in_progress", final=True, settled_by=None)
    )
    assert write is not None
    assert write.values["outcome"] == "failed"


@pytest.mark.parametrize(
    ("status", "outcome"), [("completed", "succeeded"), ("in-progress", "in_progress")]
)
def test_a_success_is_added_without_changing_the_outcome(status: str, outcome: str) -> None:
    """A callback settles what only the call had told, or tells the end before the log does."""
    told = Signal(by="callback", status="delivered")
    write = fetched(fax_log(status=status), told).plan(
        stored(status=status, outcome=outcome, final=status == "completed")
    )
    assert write is not None
    assert write.values == {
        "settled_by": "callback",
        "fax_status": "delivered",
        "outcome": outcome,
    }
    assert (write.counts_failure, write.counts_drift) == (False, False)


def test_a_failure_that_an_older_fetch_showed_is_added() -> None:
    """The log reported it, and shows none any more."""
    write = fetched(failed_fax()).plan(stored())
    assert write is not None
    assert (write.values["outcome"], write.values["settled_by"]) == ("failed", "log")
    assert write.values["drift"] == ["contradiction:log"]


@pytest.mark.parametrize(
    "changes",
    [
        {"erased_at": FETCHED_AT},
        {"signal": CALLBACK, "outcome": "failed"},
        {"signal": replace(CALLBACK, by="fax"), "outcome": "failed"},
    ],
)
def test_a_signal_that_adds_nothing_is_not_written(changes: dict[str, object]) -> None:
    """The row was erased, or knows as much or more."""
    assert fetched(fax_log(), CALLBACK).plan(stored(**changes)) is None


def test_a_resource_under_way_is_not_added() -> None:
    """It has gone on since."""
    under_way = Signal(by="fax", status="sending")
    assert fetched(fax_log(), under_way).plan(stored()) is None


def test_a_row_that_failed_keeps_its_explanation() -> None:
    """The evidence is added, the failure was explained and counted by the log's own error."""
    failed = stored(outcome="failed", error_code="34005", first_failed_at=FETCHED_AT)
    write = fetched(fax_log(), CALLBACK).plan(failed)
    assert write is not None
    assert write.values == OWN_END | {"outcome": "failed"}
    assert not write.counts_failure


def test_a_later_fetch_keeps_the_signal_of_the_row() -> None:
    """What was told once stays, and the failure is not counted again."""
    before = replace(
        row(later=-1),
        outcome="failed",
        signal=CALLBACK,
        first_failed_at=FETCHED_AT,
        drift=["contradiction:callback"],
    )
    write = fetched(fax_log()).plan(before)
    assert write is not None
    assert write.values.items() >= OWN_END.items()
    assert write.values["outcome"] == "failed"
    assert (write.counts_failure, write.counts_drift) == (False, False)


@pytest.mark.parametrize(
    ("before", "log", "told"),
    [
        (
            {"status": "completed", "error_message": "The call dropped prematurely"},
            fax_log(),
            {"fax_status": "completed", "fax_error_message": "The call dropped prematurely"},
        ),
        (
            {"status": "sent", "error_code": "30003"},
            message_log(status="sent", kind="mms"),
            {"message_status": "sent", "message_error_code": "30003"},
        ),
    ],
)
def test_a_later_fetch_keeps_the_failure_that_the_stored_log_showed(
    before: dict[str, Any], log: Log, told: dict[str, str]
) -> None:
    """A code or a text is enough, and for an MMS "sent" is an end."""
    write = fetched(log).plan(replace(row(later=-1), outcome="failed", **before))
    assert write is not None
    assert write.values.items() >= (told | {"outcome": "failed", "settled_by": "log"}).items()


@pytest.mark.parametrize(
    ("told", "code", "changes", "known"),
    [
        ("failed", None, {"outcome": "succeeded"}, False),
        ("failed", "34004", {"outcome": "failed", "error_code": "34005"}, True),
        ("failed", "34004", {"outcome": "failed", "error_message": "The line was cut"}, True),
        ("failed", "34004", {"outcome": "failed", "signal": CALLBACK}, True),
        ("failed", "34004", {"outcome": "failed"}, False),
        ("failed", None, {"outcome": "failed"}, True),
        ("delivered", None, {"outcome": "succeeded", "settled_by": "call"}, False),
        ("delivered", None, {"outcome": "succeeded", "settled_by": "fax"}, True),
        ("delivered", "34004", {"outcome": "succeeded", "settled_by": "fax"}, False),
        ("delivered", "0", {"outcome": "succeeded", "settled_by": "fax"}, True),
        ("sending", None, {"outcome": "succeeded", "settled_by": "call"}, True),
        ("sending", None, {"outcome": "succeeded", "unsettled": True}, False),
    ],
)
def test_a_row_reflects_what_a_message_tells_of_the_end(
    told: str, code: str | None, changes: dict[str, Any], *, known: bool
) -> None:
    """A failure that the row lacks, and an end that only the call told, are no old news."""
    asked = replace(request(status=told), error_code=code)
    at_rest = replace(row(later=60), **changes)
    assert already_reflects(at_rest, asked, SENT_AT, SKEW) is known


def test_an_end_settles_a_row_that_a_resource_left_open() -> None:
    """The resource was under way; a callback that comes late tells that the fax arrived."""
    open_row = replace(
        stored(outcome="in_progress", settled_by="fax", unsettled=True),
        signal=Signal(by="fax", status="sending"),
        names=frozenset({"unsettled", "fax_duration"}),
    )
    write = fetched(fax_log(), Signal(by="callback", status="delivered")).plan(open_row)
    assert write is not None
    assert write.values["outcome"] == "succeeded"
    assert write.values["fax_status"] == "delivered"
    assert write.remove == ["fax_duration", "unsettled"]


def test_a_stronger_signal_explains_the_failure_anew() -> None:
    """A callback without a code was all; the resource names the error."""
    before = replace(
        stored(outcome="failed", first_failed_at=FETCHED_AT, settled_by="callback"),
        signal=Signal(by="callback", status="failed"),
        drift=["contradiction:callback"],
    )
    write = fetched(fax_log(), replace(CALLBACK, by="fax")).plan(before)
    assert write is not None
    assert write.values["explanation"] == "34004"
    assert write.values["drift"] == ["contradiction:fax"]
    assert (write.counts_failure, write.counts_drift) == (False, True)


def test_a_contradiction_that_is_known_is_not_fetched_again() -> None:
    """A stronger signal changes what the drift names, and leaves the row settled."""
    before = replace(
        stored(outcome="failed", first_failed_at=FETCHED_AT),
        signal=CALLBACK,
        drift=["contradiction:callback"],
    )
    write = fetched(fax_log(), replace(CALLBACK, by="fax"), is_last=False).plan(before)
    assert write is not None
    assert write.values["drift"] == ["contradiction:fax"]
    assert not write.is_unsettled


def test_who_says_why_explains_a_failure_in_either_order() -> None:
    """A log that failed without a code has the callback's code and its explanation."""
    told = Signal(by="callback", status="undelivered", error_code="30007")
    bare = record(failed_message(error_code=None, error_message=None), fetched_at=FETCHED_AT)
    early = record(message_log(status="sent"), fetched_at=FETCHED_AT - SECOND)
    fetches = StoreRecord(bare), StoreRecord(early, told=told)
    found = []
    for order in (fetches, fetches[::-1]):
        table = MemoryTable()
        for one in order:
            write = one.plan(table.read([bare.key]).get(bare.key))
            assert write is not None
            table.write([write])
        item = table.items[bare.key]
        found.append({name: item[name] for name in (*failure_attributes(bare), "failed_on")})
    assert found[0] == found[1]
    assert found[0]["explanation"] == "30007"
