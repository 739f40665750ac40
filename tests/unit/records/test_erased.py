"""An erased row stays empty, whatever arrives for its log."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from hooklog.clock import iso
from hooklog.enrich.pipeline import CLOCK_SKEW
from hooklog.errors import LogInvalidError
from hooklog.queue_messages import LogRequest, Origin
from hooklog.records.parking import Lift, Park, Redrive
from hooklog.records.recording import StoreRecord, already_reflects, supersedes
from hooklog.records.rows import Row
from hooklog.records.store import UpToDate, apply
from hooklog.sweep.comparison import ListedLog, Verdict, compare
from tests.builders import FAX_ID, FETCHED_AT, SENT_AT, body, failed_fax, record, request
from tests.fakes import Item, MemoryTable

KEY = f"fax#{FAX_ID}"
LATER = FETCHED_AT + timedelta(days=1)
ERASED = Row(version=8, erased_at=FETCHED_AT)
TOMBSTONE: Item = {"version": 8, "erased_at": iso(FETCHED_AT)}


def park() -> Park:
    """Return a parking of the log with SignalWire's answer."""
    error = LogInvalidError("charge: missing", payload='{"from": "+12025550143"}')
    return Park(key=KEY, error=error, body=body(), attempts=5, at=LATER, log_type="fax")


@pytest.mark.parametrize("origin", list(Origin))
@pytest.mark.parametrize("status", [None, "queued", "completed", "failed", "unheard-of"])
def test_no_message_causes_a_fetch(origin: Origin, status: str | None) -> None:
    """No callback, sweep, backfill or redrive fetches an erased log."""
    wanted = LogRequest(
        kind=request().kind, log_id=FAX_ID, event_at=LATER, status=status, origin=origin
    )
    assert already_reflects(ERASED, wanted, LATER, CLOCK_SKEW)


def test_a_log_that_was_fetched_all_the_same_does_not_replace_it() -> None:
    """A fetched log does not replace the erased row, whether its fetch began before or after."""
    for fetched_at in (SENT_AT, FETCHED_AT, LATER):
        log = record(failed_fax(), fetched_at=fetched_at)
        assert not supersedes(log, ERASED)
        assert StoreRecord(log).plan(ERASED) is None


def test_it_is_not_parked() -> None:
    """An erased log is not parked, because a parked row keeps numbers in body and answer."""
    assert park().plan(ERASED) is None


def test_a_redrive_that_was_under_way_finds_nothing_to_do() -> None:
    """A redrive of an erased row changes nothing, and neither does lifting its parking."""
    assert Redrive(key=KEY, parked_at=SENT_AT, by="somebody", at=LATER).plan(ERASED) is None
    assert Lift(key=KEY, into=KEY, at=LATER).plan(ERASED) is None


def test_the_sweep_does_not_miss_it() -> None:
    """SignalWire still lists the log, but storing it again would bring the number back."""
    listed = ListedLog(id=FAX_ID, status="completed", charge=Decimal("0.02"), created_at=FETCHED_AT)
    assert compare(listed, ERASED, stuck_before=LATER) is Verdict.PRESENT


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("change", [StoreRecord(record(failed_fax())), park()])
def test_an_erasure_wins_the_race_against_a_write(
    change: StoreRecord | Park, *, known: bool
) -> None:
    """A write that read the row before its erasure is refused, reads again and writes nothing."""
    table = MemoryTable({KEY: {"version": 7}} if known else {})
    rows = table.read([KEY])

    def erase() -> None:
        table.items[KEY] = dict(TOMBSTONE)

    table.meanwhile = erase
    assert isinstance(apply(table, [change], rows)[KEY], UpToDate)
    assert table.items[KEY] == TOMBSTONE
