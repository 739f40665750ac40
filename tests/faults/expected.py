"""The rule that combines rows of the table: how a message with several faults ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tests.faults.endings import Ending, Known, Parked, Returned, Stored
from tests.faults.table import Row, Step


def expected(rows: Iterable[Row]) -> tuple[Ending, set[str]]:
    """Return a message's ending and the codes counted as processing failures.

    The first fault that ends a message decides. A later fault can only return a message that
    would have been acknowledged, or leave its wait to the queue.
    """
    ending: Ending = Stored()
    decided_at = None
    codes = set()
    for row in sorted(rows, key=lambda row: (row.step, not row.hits_all)):
        match row.step, ending:
            case Step.REPORT, _:
                continue
            case Step.WAIT, Returned():
                ending = replace(ending, after=None)
            case Step.LIFT, Stored() | Known():
                ending = row.ends
            # An unreadable message is parked again in the row from which it was redriven.
            case Step.LIFT, Parked() if decided_at is not Step.PARSE:
                ending = row.ends
            case Step.PARK, Parked():
                ending = row.ends
            # A log that another writer has stored need not be parked.
            case _, Parked() if isinstance(row.ends, Known) and decided_at is not Step.PARSE:
                ending = row.ends
            case step, Stored() if step < Step.PARK:
                ending, decided_at = row.ends, row.step
            case _:
                continue
        codes |= _codes(row.ends)
    return ending, codes


def _codes(ending: Ending) -> set[str]:
    return {ending.code} if isinstance(ending, Parked | Returned) else set()
