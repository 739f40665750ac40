"""The paging of the list endpoints: newest first, by tokens that name a log, not an offset.

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
    from collections.abc import Iterator, Mapping

    from yarl import URL

    from local.space.model import Json, LogType, Position, Space

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 1000

_TOKEN_REQUIRED = "page_token_required"
_TOKEN_INVALID = "page_token_is_invalid"
_NO_DATETIME = "datetime_required"
_NO_NUMBER = "invalid_parameter"
_NO_BOOLEAN = "not_a_boolean"

_AFTER, _BEFORE = "PA", "PB"
_FILTERS = ("created_after", "created_before", "created_on", "include_deleted")
_BOOLEANS = {"true": True, "false": False}
_RESOLUTION = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)


class InvalidParameterError(Exception):
    """A query parameter that the API answers with 422; `code` and `attribute` go on the wire."""

    def __init__(self, code: str, attribute: str, message: str) -> None:
        """Keep the content of the answer."""
        super().__init__(message)
        self.code = code
        self.attribute = attribute


@dataclass(frozen=True, slots=True)
class Query:
    """The checked parameters of one list request.

    `start` (inclusive) and `end` (exclusive) bound the creation times.
    """

    page_size: int = DEFAULT_PAGE_SIZE
    page_number: int = 0
    page_token: str | None = None
    include_deleted: bool = False
    start: datetime = _EARLIEST
    end: datetime = _LATEST


def parse(parameters: Mapping[str, str]) -> Query:
    """Check the query parameters of a list request; unknown ones are ignored.

    A date stands for the whole day in UTC: `created_after` and `created_before` both exclude it.
    Raises InvalidParameterError for the first invalid parameter.
    """
    page_number = _integer(parameters, "page_number", 0, 0, sys.maxsize)
    page_token = parameters.get("page_token")
    if page_number > 0 and page_token is None:
        raise InvalidParameterError(
            _TOKEN_REQUIRED, "page_token", "Page numbers over 0 need a page token."
        )
    start, end = _window(parameters)
    return Query(
        page_size=_integer(parameters, "page_size", DEFAULT_PAGE_SIZE, 1, MAX_PAGE_SIZE),
        page_number=page_number,
        page_token=page_token,
        include_deleted=_boolean(parameters, "include_deleted"),
        start=start,
        end=end,
    )


def page(space: Space, log_type: LogType, url: URL) -> dict[str, Json]:
    """Answer a list request, by its absolute URL.

    Returns `{"links": {"self", "first", "next"?, "prev"?}, "data": [log, …]}` with absolute links.
    Raises InvalidParameterError.
    """
    query = parse(url.query)
    positions = _select(space, log_type, query)
    logs = space.logs(log_type)
    data: list[Json] = [*(logs[log_id] for _, log_id in positions)]
    filters = {name: url.query[name] for name in _FILTERS if name in url.query}
    size = {"page_size": str(query.page_size)}

    def link(number: int, token: str | None) -> str:
        numbered = filters | size | {"page_number": str(number)}
        if token is not None:
            numbered["page_token"] = token
        return str(url.with_query(sorted(numbered.items())))

    links: dict[str, Json] = {
        "self": link(query.page_number, query.page_token),
        "first": str(url.with_query(sorted((filters | size).items()))),
    }
    if positions and _has_more(space, log_type, query, positions[-1]):
        links["next"] = link(query.page_number + 1, _AFTER + positions[-1][1])
    if positions and query.page_number > 0:
        links["prev"] = link(query.page_number - 1, _BEFORE + positions[0][1])
    return {"links": links, "data": data}


def _select(space: Space, log_type: LogType, query: Query) -> list[Position]:
    if query.page_token is None:
        return list(islice(_older(space, log_type, query, None), query.page_size))
    way, mark = _cursor(space, log_type, query.page_token)
    if way == _AFTER:
        return list(islice(_older(space, log_type, query, mark), query.page_size))
    return list(islice(_newer(space, log_type, query, mark), query.page_size))[::-1]


def _has_more(space: Space, log_type: LogType, query: Query, last: Position) -> bool:
    return next(_older(space, log_type, query, last), None) is not None


def _older(
    space: Space, log_type: LogType, query: Query, mark: Position | None
) -> Iterator[Position]:
    """Walk from just below the mark, or from the newest log, to the oldest in the period."""
    order = space.order(log_type)
    top = bisect_left(order, (query.end, ""))
    if mark is not None:
        top = min(top, bisect_left(order, mark))
    bottom = bisect_left(order, (query.start, ""))
    return _visible(space, query, (order[index] for index in range(top - 1, bottom - 1, -1)))


def _newer(space: Space, log_type: LogType, query: Query, mark: Position) -> Iterator[Position]:
    """Walk from just above the mark to the newest log in the period."""
    order = space.order(log_type)
    bottom = max(bisect_left(order, (query.start, "")), bisect_left(order, mark) + 1)
    top = bisect_left(order, (query.end, ""))
    return _visible(space, query, (order[index] for index in range(bottom, top)))


def _visible(space: Space, query: Query, walk: Iterator[Position]) -> Iterator[Position]:
    return (item for item in walk if query.include_deleted or item[1] not in space.deleted)


def _cursor(space: Space, log_type: LogType, token: str) -> tuple[str, Position]:
    way, log_id = token[:2], token[2:]
    if way not in {_AFTER, _BEFORE} or log_id not in space.logs(log_type):
        raise InvalidParameterError(_TOKEN_INVALID, "page_token", "The page token is not valid.")
    return way, space.position(log_type, log_id)


def _window(parameters: Mapping[str, str]) -> tuple[datetime, datetime]:
    start, end = _EARLIEST, _LATEST
    if "created_after" in parameters:
        # The first time after a single moment is one tick of the clock later.
        _, after = _span(parameters, "created_after")
        start = max(start, after)
    if "created_before" in parameters:
        before, _ = _span(parameters, "created_before")
        end = min(end, before)
    if "created_on" in parameters:
        moment, _ = _span(parameters, "created_on")
        day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        start, end = max(start, day), min(end, _end(day, _DAY))
    return start, end


def _span(parameters: Mapping[str, str], name: str) -> tuple[datetime, datetime]:
    """Return the first moment of a date or time, and the first moment after it."""
    text = parameters[name]
    try:
        moment = instant(text)
    except ValueError as error:
        raise InvalidParameterError(
            _NO_DATETIME, name, "The value must be a date or an ISO 8601 time."
        ) from error
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
