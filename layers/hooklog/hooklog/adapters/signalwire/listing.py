"""SignalWire's lists of logs as the sweep compares them."""

from __future__ import annotations

from datetime import datetime

from pydantic import ValidationError

from hooklog.adapters.signalwire.api import SignalWireApi
from hooklog.adapters.signalwire.log_lists import LogLists
from hooklog.logs import LogKind
from hooklog.sweep.comparison import ListedLog
from hooklog.sweep.walk import Page


class SpaceListing:
    """Implements :class:`hooklog.sweep.walk.Listing`."""

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
