"""A listed log is compared with its row."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from pydantic import JsonValue

from hooklog.clock import iso
from hooklog.records.rows import Row
from hooklog.sweep.comparison import ListedLog, Verdict, compare, listed_log
from tests.fakes import NOW
from tests.unit.sweep.harness import ODD, entry

HOUR = timedelta(hours=1)


def listed(**changes: JsonValue) -> ListedLog:
    """Return a listed log that can be compared."""
    log = listed_log(entry() | changes)
    assert log is not None
    return log


ROW = Row(version=1, status="completed", charge=Decimal("0.02"), fetched_at=NOW, final=True)


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (None, Verdict.MISSING),
        (ROW, Verdict.PRESENT),
        (Row(version=1), Verdict.MISSING),
        (Row(version=1, status="queued", charge=Decimal("0.02"), fetched_at=NOW), Verdict.STALE),
        (Row(version=1, status="completed", charge=Decimal(0), final=True), Verdict.STALE),
        (
            Row(version=1, status="completed", charge=Decimal("0.02"), error_code="34004"),
            Verdict.STALE,
        ),
        (Row(version=1, status="completed", charge=Decimal("0.02")), Verdict.UNFINISHED),
        (Row(version=1, parked_at=NOW, parked_code="log.invalid"), Verdict.PARKED),
        # Parked because attempts ran out: the outage may be over.
        (Row(version=1, parked_at=NOW, parked_code="fetch.upstream"), Verdict.MISSING),
    ],
)
def test_verdicts(row: Row | None, verdict: Verdict) -> None:
    """The verdict follows from the row's status, charge, error and age, or from its absence."""
    assert compare(listed(), row, stuck_before=NOW) == verdict


@pytest.mark.parametrize("change", ODD[1:], ids=str)
def test_a_value_that_cannot_be_read_is_not_compared(change: dict[str, JsonValue]) -> None:
    """An unreadable value is not compared, or every sweep would fetch the log again."""
    odd = listed_log(entry() | change)
    assert odd is not None
    assert compare(odd, ROW, stuck_before=NOW) == Verdict.PRESENT
    other = listed_log(entry() | {"charge": 7, "status": "failed"} | change)
    assert other is not None
    assert compare(other, ROW, stuck_before=NOW) == Verdict.STALE


def test_an_error_code_is_compared_as_text() -> None:
    """A numeric error code equals the same digits in the row."""
    row = Row(version=1, status="completed", charge=Decimal("0.02"), error_code="34004", final=True)
    assert compare(listed(error_code=34004), row, stuck_before=NOW) == Verdict.PRESENT
    assert compare(listed(error_code=34005), row, stuck_before=NOW) == Verdict.STALE


def test_a_contradiction_that_nobody_settled_is_fetched_again() -> None:
    """Its messages may be lost; the log has ended, and no value differs."""
    row = Row(version=1, status="completed", charge=Decimal("0.02"), final=True, unsettled=True)
    assert compare(listed(), row, stuck_before=NOW) == Verdict.UNFINISHED
    young = listed(created_at=iso(NOW))
    assert compare(young, row, stuck_before=NOW - HOUR) == Verdict.PRESENT


def test_a_young_log_in_progress_is_left_alone() -> None:
    """A young log in progress counts as present, because its callbacks are still to come."""
    row = Row(version=1, status="queued", charge=Decimal(0))
    young = listed(status="queued", charge=0, created_at=iso(NOW - HOUR))
    assert compare(young, row, stuck_before=NOW - 2 * HOUR) == Verdict.PRESENT
    assert compare(young, row, stuck_before=NOW - HOUR) == Verdict.PRESENT
    assert compare(young, row, stuck_before=NOW) == Verdict.UNFINISHED


def test_no_row_is_expected_of_a_log_in_progress_without_callbacks() -> None:
    """Where only ends go on the queue, such a log is unfinished, and no callback is missing."""
    for row in (None, Row(version=1)):
        verdict = compare(listed(status="queued"), row, stuck_before=NOW, expects_row=False)
        assert verdict == Verdict.UNFINISHED
