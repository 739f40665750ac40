"""SignalWire's lists of logs, page by page."""

from __future__ import annotations

import json
from datetime import datetime
from urllib.parse import urlencode, urlsplit

from hooklog.adapters.signalwire.api import SignalWireApi
from hooklog.clock import iso
from hooklog.errors import BadPayloadError
from hooklog.logs import LogKind
from hooklog.logs.listing import PAGE_SIZE, Page

#: Bytes; a page of full size has about 200 kB.
_MAX_BODY = 4 * 1024 * 1024


class LogLists:
    """Reads the list endpoints; implements :class:`hooklog.sweep.walk.Listing`."""

    def __init__(self, api: SignalWireApi) -> None:
        """Read through that client."""
        self._api = api

    def page(
        self, kind: LogKind, start: datetime, end: datetime, page: str | None, time_left: float
    ) -> Page:
        """Fetch one page of the logs created in a period, newest first.

        Args:
            kind: of log.
            start: of the period.
            end: of the period.
            page: ``next`` of the page before; None for the first.
            time_left: seconds after which an answer is of no use.

        Raises:
            FetchError: there is no usable answer.

        """
        query = {"created_after": iso(start), "created_before": iso(end), "page_size": PAGE_SIZE}
        path = page or f"{kind.path}?{urlencode(query)}"
        text = self._api.get(path, time_left, max_body=_MAX_BODY)
        # Without a model, which each start of a function would pay for that hardly reads a list.
        try:
            match json.loads(text):
                case {"links": {**links}, "data": [*logs]} if all(
                    type(log) is dict for log in logs
                ):
                    return Page(logs, _following(links.get("next")))
        except (ValueError, RecursionError):
            pass
        raise BadPayloadError("The answer is not a page of logs.")


def _following(link: object) -> str | None:
    """Return path and query of a page's link.

    The link is absolute, on whatever host the API believes it has. Only path and query count, so
    that the credentials go to the configured space and nowhere else.

    Raises:
        ValueError: it is not a link.

    """
    if link is None:
        return None
    if not isinstance(link, str):
        raise ValueError("not text")  # noqa: TRY004 - the answer's fault, not the caller's
    parts = urlsplit(link)
    return f"{parts.path}?{parts.query}"
