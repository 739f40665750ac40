"""The rule that combines rows of the table: how a message with several faults ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tests.faults.endings import Ending, Known, Parked, Returned, Stored, Waits, retried
from tests.faults.table import Row, Step


def expected(rows: Iterable[Row]) -> tuple[Ending, set[str]]:
    """Return a message's ending and the codes counted as processing failures.

    The first fault that ends a message decides. A later fault can only return a message that
    would have been acknowledged, or leave its wait to the queue. An outage that cannot be told to
    others is the trouble of each log that meets it.
    """
    ending: Ending = Stored()
    decided_at = None
    is_untold = False
    codes = set()
    for row in sorted(rows, key=lambda row: (row.step, not row.hits_all)):
        changed = _changed(ending, decided_at, row)
        if changed is None:
            continue
        if isinstance(ending, Stored) and not isinstance(changed, Stored):
            decided_at = row.step
        ending = changed
        codes |= {row.counts} if row.counts is not None else _codes(row.ends)
        is_untold |= row.counts is not None and row.step in {Step.PACE, Step.LEARN}
        if is_untold and isinstance(ending, Waits) and ending.is_outage:
            ending = retried(ending.code)
    return ending, codes


def _changed(ending: Ending, decided_at: Step | None, row: Row) -> Ending | None:
    """Return the ending after one more fault; None if that has no part in it."""
    changed: Ending | None = None
    match row.step, ending:
        case Step.LEARN, Waits() if ending.counts == "fetch.rate_limited" or ending.is_outage:
            changed = ending
        case Step.COUNT, Returned() | Waits() if ending.is_counted:
            changed = ending
        case Step.WAIT, Returned() | Waits():
            changed = replace(ending, after=None)
        case Step.LIFT, Stored() | Known():
            changed = row.ends
        # An unreadable message is parked again in the row from which it was redriven.
        case Step.LIFT, Parked() if decided_at is not Step.PARSE:
            changed = row.ends
        case Step.PARK, Parked():
            changed = row.ends
        # A log that another writer has stored need not be parked.
        case _, Parked() if isinstance(row.ends, Known) and decided_at is not Step.PARSE:
            changed = row.ends
        case step, Stored() if step < Step.LEARN:
            changed = row.ends
    return changed


def _codes(ending: Ending) -> set[str]:
    match ending:
        case Parked(code) | Returned(code=code):
            return {code}
        case Waits(counts=str(code)):
            return {code}
        case _:
            return set()
