"""Failed logs that match a filter, page by page, day by day backwards through the index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from hooklog.clock import iso
from hooklog.logs import KINDS
from hooklog_ops.errors import CursorError
from hooklog_ops.failures import SAMPLE
from hooklog_ops.records import Failure, Records

#: Failures per page.
SIZE = 25
_DAY = timedelta(days=1)
_TYPES = tuple(KINDS)
#: Most queries per page, each for one day and kind of log: a week of all kinds.
_QUERIES = 7 * len(_TYPES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Selects failures; None selects any."""

    code: str | None = None
    explanation: str | None = None
    log_type: str | None = None

    def matches(self, one: Failure) -> bool:
        """Return whether this failure is selected."""
        return (
            self.code in (None, (one.code or "").casefold())
            and self.explanation in (None, one.explanation)
            and self.log_type in (None, one.log_type)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a page begins: a day and a kind of log, and there after which failure."""

    day: date
    log_type: str
    after: tuple[datetime, str] | None = None

    @classmethod
    def newest(cls, day: date) -> Position:
        """Return the beginning of a day."""
        return cls(day=day, log_type=_TYPES[0])

    def __str__(self) -> str:
        """Write it as a cursor that can stand in a URL."""
        after = (iso(self.after[0]), self.after[1]) if self.after else ()
        return "~".join((self.day.isoformat(), self.log_type, *after))

    @classmethod
    def read(cls, text: str) -> Position:
        """Read a cursor.

        Raises:
            CursorError: no page returned it.

        """
        match text.split("~"):
            case [day, log_type] if log_type in KINDS:
                after = None
            case [day, log_type, created_at, key] if log_type in KINDS:
                after = (created_at, key)
            case _:
                raise CursorError
        try:
            return cls(
                day=date.fromisoformat(day),
                log_type=log_type,
                after=(datetime.fromisoformat(after[0]), after[1]) if after else None,
            )
        except ValueError:
            raise CursorError from None

    def next(self) -> Position:
        """Return the beginning of the next kind of log, or of the day before."""
        position = _TYPES.index(self.log_type) + 1
        if position < len(_TYPES):
            return Position(day=self.day, log_type=_TYPES[position])
        return Position.newest(self.day - _DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailurePage:
    """Failures, newest first per day and kind of log, and where the next page begins."""

    failures: Sequence[Failure]
    next: Position


def failure_page(records: Records, wanted: Filter, start: Position) -> FailurePage:
    """Look for failures from a position on.

    Makes at most :data:`_QUERIES` queries, each for at most :data:`SAMPLE` entries of the index, so
    a page of a rare code can be short or empty although there are older failures.
    """
    found: list[Failure] = []
    position = start
    for _ in range(_QUERIES):
        while wanted.log_type not in (None, position.log_type):
            position = position.next()
        failed, has_more = records.failed_on(
            position.day, position.log_type, limit=SAMPLE, after=position.after
        )
        for one in filter(wanted.matches, failed):
            found.append(one)
            if len(found) == SIZE:
                return FailurePage(failures=found, next=_after(position, one))
        position = _after(position, failed[-1]) if has_more else position.next()
    return FailurePage(failures=found, next=position)


def _after(position: Position, one: Failure) -> Position:
    return Position(day=position.day, log_type=position.log_type, after=(one.created_at, one.key))
