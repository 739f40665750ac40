"""The paging of the lists: newest first, by tokens that name a log, not an offset.

A page token is `PA` or `PB` and the ID of a log: the page just after that log, or just before
it. Logs added meanwhile are newer than any token, so they shift nothing after it.

    newest                                                        oldest
    |  page 0            |  page 1            |  page 2            |
                       ^ PA: start below    PB: end above ^
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from local.space.model import instant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from yarl import URL

    from local.space.model import Json, LogType, Position, Space

type Period = tuple[datetime, datetime]
"""Bounds of creation times: the start belongs to it, the end does not."""
type Shows = Callable[[str], bool]
"""Whether a list shows the log with this ID."""

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 1000
ALWAYS: Period = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))

_TOKEN_REQUIRED = "page_token_required"
_TOKEN_INVALID = "page_token_is_invalid"
_NO_DATETIME = "datetime_required"
_NO_NUMBER = "invalid_parameter"
_NO_BOOLEAN = "not_a_boolean"

_AFTER, _BEFORE = "PA", "PB"
_BOOLEANS = {"true": True, "false": False}
_RESOLUTION = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_LATEST = ALWAYS[1]


class InvalidParameterError(Exception):
    """A query parameter that the API answers with 422; `code` and `attribute` go on the wire."""

    def __init__(self, code: str, attribute: str, message: str) -> None:
        """Keep the content of the answer."""
        super().__init__(message)
        self.code = code
        self.attribute = attribute


@dataclass(frozen=True, slots=True)
class Names:
    """The names of an API's query parameters; every link repeats the `filters`."""

    number: str
    size: str
    token: str
    filters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its number and size, the IDs of its logs, and absolute links to others.

    `links` always has `self` and `first`, but `next` and `prev` only where a page follows.
    """

    number: int
    size: int
    ids: list[str]
    links: dict[str, URL]


_NAMES = Names(
    "page_number",
    "page_size",
    "page_token",
    ("created_after", "created_before", "created_on", "include_deleted"),
)


def log_page(space: Space, log_type: LogType, url: URL) -> dict[str, Json]:
    """Answer a request for a list of logs, by its absolute URL; unknown parameters are ignored.

    Returns `{"links": {"self", "first", "next"?, "prev"?}, "data": [log, …]}` with absolute links.
    A date stands for the whole day in UTC: `created_after` and `created_before` both exclude it.
    Raises InvalidParameterError for an invalid parameter.
    """
    include_deleted = _boolean(url.query, "include_deleted")

    def shows(log_id: str) -> bool:
        return include_deleted or log_id not in space.deleted

    found = page(space, log_type, url, _NAMES, _window(url.query), shows)
    logs = space.logs(log_type)
    return {
        "links": {name: str(link) for name, link in found.links.items()},
        "data": [logs[log_id] for log_id in found.ids],
    }


def page(
    space: Space, log_type: LogType, url: URL, names: Names, period: Period, shows: Shows
) -> Page:
    """Find the page that an absolute URL asks for, among the logs of a period that a list shows.

    Raises InvalidParameterError for an invalid number, size or token.
    """
    number = _integer(url.query, names.number, 0, 0, sys.maxsize)
    size = _integer(url.query, names.size, DEFAULT_PAGE_SIZE, 1, MAX_PAGE_SIZE)
    token = url.query.get(names.token)
    if number > 0 and token is None:
        raise InvalidParameterError(
            _TOKEN_REQUIRED, names.token, "Page numbers over 0 need a page token."
        )
    walk = _Walk(space, log_type, period, shows)
    positions = _select(walk, size, None if token is None else _cursor(walk, names.token, token))
    lasting = {name: url.query[name] for name in names.filters if name in url.query}
    lasting[names.size] = str(size)

    def link(to: int, token: str | None) -> URL:
        numbered = lasting | {names.number: str(to)}
        if token is not None:
            numbered[names.token] = token
        return url.with_query(sorted(numbered.items()))

    links = {"self": link(number, token), "first": url.with_query(sorted(lasting.items()))}
    if positions and next(walk.older(positions[-1]), None) is not None:
        links["next"] = link(number + 1, _AFTER + positions[-1][1])
    if positions and number > 0:
        links["prev"] = link(number - 1, _BEFORE + positions[0][1])
    return Page(number, size, [log_id for _, log_id in positions], links)


@dataclass(frozen=True, slots=True)
class _Walk:
    """The logs of a period that a list shows, from any place in either direction."""

    space: Space
    log_type: LogType
    period: Period
    shows: Shows

    def older(self, mark: Position | None) -> Iterator[Position]:
        """Walk from just below the mark, or from the newest log, to the oldest."""
        order, (start, end) = self.space.order(self.log_type), self.period
        top = bisect_left(order, (end, ""))
        if mark is not None:
            top = min(top, bisect_left(order, mark))
        bottom = bisect_left(order, (start, ""))
        return self._shown(order[index] for index in range(top - 1, bottom - 1, -1))

    def newer(self, mark: Position) -> Iterator[Position]:
        """Walk from just above the mark to the newest log."""
        order, (start, end) = self.space.order(self.log_type), self.period
        bottom = max(bisect_left(order, (start, "")), bisect_left(order, mark) + 1)
        top = bisect_left(order, (end, ""))
        return self._shown(order[index] for index in range(bottom, top))

    def _shown(self, walk: Iterator[Position]) -> Iterator[Position]:
        return (item for item in walk if self.shows(item[1]))


def _select(walk: _Walk, size: int, cursor: tuple[str, Position] | None) -> list[Position]:
    way, mark = (_AFTER, None) if cursor is None else cursor
    if way == _BEFORE and mark is not None:
        return list(islice(walk.newer(mark), size))[::-1]
    return list(islice(walk.older(mark), size))


def _cursor(walk: _Walk, name: str, token: str) -> tuple[str, Position]:
    way, log_id = token[:2], token[2:]
    if way not in {_AFTER, _BEFORE} or log_id not in walk.space.logs(walk.log_type):
        raise InvalidParameterError(_TOKEN_INVALID, name, "The page token is not valid.")
    return way, walk.space.position(walk.log_type, log_id)


def _window(parameters: Mapping[str, str]) -> Period:
    start, end = ALWAYS
    if "created_after" in parameters:
        _, start = span(parameters, "created_after")
    if "created_before" in parameters:
        end, _ = span(parameters, "created_before")
    if "created_on" in parameters:
        moment, _ = span(parameters, "created_on")
        day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        start, end = max(start, day), min(end, _end(day, _DAY))
    return start, end


def span(parameters: Mapping[str, str], name: str) -> Period:
    """Return the period that a parameter names: a whole day in UTC, or a single moment.

    Raises InvalidParameterError for anything but a date or time.
    """
    text = parameters[name]
    try:
        moment = instant(text)
    except ValueError as error:
        raise InvalidParameterError(
            _NO_DATETIME, name, "The value must be a date or an ISO 8601 time."
        ) from error
    # The first time after a single moment is one tick of the clock later.
    return moment, _end(moment, _DAY if _is_date(text) else _RESOLUTION)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _end(moment: datetime, length: timedelta) -> datetime:
    return _LATEST if moment > _LATEST - length else moment + length


def _integer(parameters: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = parameters.get(name)
    if text is None:
        return default
    # Digits only: int() would also take blanks, signs and underscores.
    if text.isascii() and text.isdigit() and least <= int(text) <= most:
        return int(text)
    raise InvalidParameterError(
        _NO_NUMBER, name, f"The value must be a whole number from {least} to {most}."
    )


def _boolean(parameters: Mapping[str, str], name: str) -> bool:
    value = _BOOLEANS.get(parameters.get(name, "false").lower())
    if value is None:
        raise InvalidParameterError(_NO_BOOLEAN, name, "The value must be true or false.")
    return value
