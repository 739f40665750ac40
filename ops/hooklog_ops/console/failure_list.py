"""Failed logs that match a filter, page by page: through the index, day by day backwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from hooklog.clock import iso
from hooklog.logs import KINDS
from hooklog_ops.overview import SAMPLE
from hooklog_ops.problems import CursorError
from hooklog_ops.records import Failure, Records

#: Failures a page.
SIZE = 25
#: Queries a page at most; a rare code is looked for in so many days and types, and then further
#: if somebody asks.
_QUERIES = 14
_DAY = timedelta(days=1)
_TYPES = tuple(KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which failures are wanted; None is any."""

    code: str | None = None
    explanation: str | None = None
    log_type: str | None = None

    def takes(self, one: Failure) -> bool:
        """Whether this one is wanted."""
        return (
            self.code in (None, (one.code or "").casefold())
            and self.explanation in (None, one.explanation)
            and self.log_type in (None, one.log_type)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page begins: a day and type, and there the failure after which it goes on."""

    day: date
    log_type: str
    after: tuple[datetime, str] | None = None

    def __str__(self) -> str:
        """Write it so that it can stand in a URL."""
        after = (iso(self.after[0]), self.after[1]) if self.after else ()
        return "~".join((self.day.isoformat(), self.log_type, *after))

    @classmethod
    def read(cls, text: str) -> Place:
        """Read what was written.

        Raises:
            CursorError: no page has written this.

        """
        match text.split("~"):
            case [day, log_type] if log_type in KINDS:
                after = None
            case [day, log_type, created_at, key] if log_type in KINDS:
                after = (created_at, key)
            case _:
                raise CursorError(_NO_CURSOR)
        try:
            return cls(
                day=date.fromisoformat(day),
                log_type=log_type,
                after=(datetime.fromisoformat(after[0]), after[1]) if after else None,
            )
        except ValueError:
            raise CursorError(_NO_CURSOR) from None

    def next(self) -> Place:
        """Give the beginning of what comes after this day and type."""
        position = _TYPES.index(self.log_type) + 1
        if position < len(_TYPES):
            return Place(day=self.day, log_type=_TYPES[position])
        return Place(day=self.day - _DAY, log_type=_TYPES[0])


_NO_CURSOR = "The cursor is none that an earlier page gave."


@dataclass(frozen=True, slots=True, kw_only=True)
class FailurePage:
    """Failures, newest first a day and type, and where the next page begins."""

    failures: Sequence[Failure]
    next: Place


def failure_page(records: Records, wanted: Filter, start: Place) -> FailurePage:
    """Look for failures from a place on.

    At most :data:`_QUERIES` queries, each for at most :data:`SAMPLE` entries of the index; so a
    page of a rare code may be short or empty although there are older ones.
    """
    found: list[Failure] = []
    place = start
    for _ in range(_QUERIES):
        if wanted.log_type not in (None, place.log_type):
            place = place.next()
        failed, has_more = records.failed_on(
            place.day, place.log_type, limit=SAMPLE, after=place.after
        )
        for one in filter(wanted.takes, failed):
            found.append(one)
            if len(found) == SIZE:
                return FailurePage(failures=found, next=_after(place, one))
        place = _after(place, failed[-1]) if has_more else place.next()
    return FailurePage(failures=found, next=place)


def _after(place: Place, one: Failure) -> Place:
    return Place(day=place.day, log_type=place.log_type, after=(one.created_at, one.key))
