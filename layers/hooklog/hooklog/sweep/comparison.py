"""How a listed log compares with its row."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel

from hooklog.errors import RETRYABLE_CODES
from hooklog.logs.base import Moment
from hooklog.queue_messages import LogId
from hooklog.records.rows import Row


class Verdict(StrEnum):
    """What the comparison of a listed log with its row says."""

    PRESENT = "present"
    MISSING = "missing"
    STALE = "stale"
    UNFINISHED = "unfinished"
    PARKED = "parked"
    UNREADABLE = "unreadable"


#: What goes on the queue.
ENQUEUED = frozenset({Verdict.MISSING, Verdict.STALE, Verdict.UNFINISHED})


class ListedLog(BaseModel):
    """What the sweep needs of a log in a list; all else is the enrichment's business."""

    id: LogId
    status: str
    charge: Decimal
    error_code: str | None = None
    created_at: Moment


def judge(listed: ListedLog, row: Row | None, *, stuck_before: datetime) -> Verdict:
    """Compare a listed log with its row."""
    if row is None:
        return Verdict.MISSING
    if row.erased_at is not None:
        # It is missing on purpose.
        return Verdict.PRESENT
    if row.parked_at is not None and row.parked_code not in RETRYABLE_CODES:
        # A person has to look first; until then nothing would change. What was parked because
        # attempts ran out, in a long outage for one, is tried again.
        return Verdict.PARKED
    if row.status is None:
        return Verdict.MISSING
    if (row.status, row.charge, row.error_code) != (
        listed.status,
        listed.charge,
        listed.error_code,
    ):
        return Verdict.STALE
    is_stuck = not row.final and listed.created_at < stuck_before
    return Verdict.UNFINISHED if is_stuck else Verdict.PRESENT
