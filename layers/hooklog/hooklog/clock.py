"""Times: the clock that each function is given, and the form in which a time is stored."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

type Clock = Callable[[], datetime]
#: Seconds until Lambda ends the invocation.
type TimeLeft = Callable[[], float]


def utc_now() -> datetime:
    """Return the time in UTC, to the millisecond that the table keeps."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def as_utc(moment: datetime) -> datetime:
    """Return the time in UTC; one without a zone is UTC already, as SignalWire documents.

    Raises:
        ValueError: UTC cannot express it: it lies within a zone's offset of the year 1 or 9999.

    """
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("not a time in UTC") from None


def iso(moment: datetime) -> str:
    """Write a UTC time with milliseconds, so that texts sort as times do."""
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
