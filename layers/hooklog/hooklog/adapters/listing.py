"""SignalWire's lists of logs, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode, urlsplit

from pydantic import BaseModel, JsonValue, ValidationError

from hooklog.adapters.signalwire import SignalWireApi
from hooklog.comparison import ListedLog
from hooklog.errors import BadPayloadError
from hooklog.items import iso
from hooklog.logs import LogKind
from hooklog.sweep import Page

#: The documented maximum is 1,000, but 200 was the most that a live space gave.
_PAGE_SIZE = 200
#: Bytes; a page of full size has about 200 kB.
_MAX_BODY = 4 * 1024 * 1024

type RawLog = dict[str, JsonValue]


class _Links(BaseModel):
    next: str | None = None


class _Answer(BaseModel):
    links: _Links
    data: list[RawLog]


@dataclass(frozen=True, slots=True)
class RawPage:
    """One page as the API gives it; ``next`` is path and query of the following one."""

    logs: Sequence[RawLog]
    next: str | None


class SpaceListing:
    """Implements :class:`hooklog.sweep.Listing`."""

    def __init__(self, api: SignalWireApi, page_time: float) -> None:
        """Give each page so many seconds."""
        self._lists = LogLists(api)
        self._page_time = page_time

    def page(self, kind: LogKind, start: datetime, end: datetime, page: str | None) -> Page:
        """Fetch a page; an entry that cannot be compared is counted, not lost in silence."""
        raw = self._lists.page(page or LogLists.first(kind, start, end), self._page_time)
        logs = []
        for log in raw.logs:
            try:
                logs.append(ListedLog.model_validate(log))
            except ValidationError:
                continue
        return Page(logs, raw.next, unreadable=len(raw.logs) - len(logs))


class LogLists:
    """Reads the list endpoint of any kind of log."""

    def __init__(self, api: SignalWireApi) -> None:
        """Read through that client."""
        self._api = api

    @staticmethod
    def first(kind: LogKind, start: datetime, end: datetime) -> str:
        """Give path and query of the first page of the logs created in a period."""
        query = {"created_after": iso(start), "created_before": iso(end), "page_size": _PAGE_SIZE}
        return f"{kind.path}?{urlencode(query)}"

    def page(self, path: str, time_left: float) -> RawPage:
        """Fetch one page.

        Raises:
            FetchError: there is no usable answer.

        """
        text = self._api.get(path, time_left, max_body=_MAX_BODY)
        try:
            answer = _Answer.model_validate_json(text)
        except ValidationError:
            raise BadPayloadError("The answer is not a page of logs.") from None
        following = None
        if answer.links.next is not None:
            # Absolute, on whatever host the API thinks it has: only path and query count, so
            # that the credentials go to the configured space and nowhere else.
            link = urlsplit(answer.links.next)
            following = f"{link.path}?{link.query}"
        return RawPage(answer.data, following)
