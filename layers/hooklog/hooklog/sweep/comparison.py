"""Compare a listed log with its row."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel

from hooklog.errors import BY_CODE
from hooklog.logs.listing import RawLog
from hooklog.logs.model import Charge, ErrorCode, LogId, Moment
from hooklog.parsing import ValidationError, parse_readable
from hooklog.records.rows import Row


class Verdict(StrEnum):
    """The result of comparing one entry of a list with the table."""

    PRESENT = "present"
    MISSING = "missing"
    STALE = "stale"
    UNFINISHED = "unfinished"
    PARKED = "parked"
    UNREADABLE = "unreadable"


#: What is stored, from the page or through the queue.
WANTED = frozenset({Verdict.MISSING, Verdict.STALE, Verdict.UNFINISHED})


class ListedLog(BaseModel):
    """What the comparison needs of a listed log; what cannot be read is not set.

    The ID suffices: without a row the log is enqueued, and the enrich function decides. With a row
    it is compared by the values that are set.
    """

    id: LogId
    status: str = ""
    charge: Charge | None = None
    error_code: ErrorCode | None = None
    created_at: Moment | None = None


def listed_log(entry: RawLog) -> ListedLog | None:
    """Read an entry of a list; None if it has no usable ID."""
    try:
        return parse_readable(entry, ListedLog)
    except ValidationError:
        return None


def compare(
    listed: ListedLog, row: Row | None, *, stuck_before: datetime, expects_row: bool = True
) -> Verdict:
    """Compare a listed log with its row.

    Args:
        listed: what SignalWire says now.
        row: what the table has.
        stuck_before: a log in progress that was created before this time is fetched again.
        expects_row: whether a callback should have brought a row by now.

    """
    without_row = Verdict.MISSING if expects_row else Verdict.UNFINISHED
    if row is None:
        return without_row
    if row.erased_at is not None:
        # Missing on purpose.
        return Verdict.PRESENT
    if row.parked_at is not None and not _is_retryable(row.parked_code):
        # Nothing changes before a person has looked. A message that was parked because its
        # attempts ran out, for example in a long outage, is tried again.
        return Verdict.PARKED
    if row.status is None:
        return without_row
    if any(
        name in listed.model_fields_set and getattr(listed, name) != getattr(row, name)
        for name in ("status", "charge", "error_code")
    ):
        return Verdict.STALE
    # Without a time the log may be old enough; another fetch decides.
    is_open = not row.final or row.unsettled
    is_stuck = is_open and (listed.created_at is None or listed.created_at < stuck_before)
    return Verdict.UNFINISHED if is_stuck else Verdict.PRESENT


def _is_retryable(code: str | None) -> bool:
    error = BY_CODE.get(code or "")
    return error is not None and error.max_attempts > 1
