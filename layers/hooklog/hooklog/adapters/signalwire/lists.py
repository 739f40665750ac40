"""SignalWire's lists of logs and of fax resources, page by page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TypeGuard
from urllib.parse import urlencode, urlsplit

from pydantic import JsonValue

from hooklog.adapters.signalwire.api import SignalWireApi
from hooklog.clock import Clock, iso
from hooklog.errors import BadPayloadError
from hooklog.logs import LogKind
from hooklog.logs.listing import PAGE_SIZE, Page, RawLog

#: Fax resources per page, as many as may be asked for.
_RESOURCES = 1000
#: Bytes; a page of full size has about 200 kB of logs, or a megabyte of fax resources.
_MAX_BODY = 4 * 1024 * 1024


class LogLists:
    """Reads the list endpoints; implements :class:`hooklog.sweep.walk.Listing`."""

    def __init__(self, api: SignalWireApi, clock: Clock) -> None:
        """Read through that client; the clock tells when a request began."""
        self._api = api
        self._clock = clock

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
        match self._get(path, time_left):
            case {"links": {**links}, "data": [*logs]}, began_at if _are_objects(logs):
                return Page(logs, _following(links.get("next")), began_at)
        raise BadPayloadError("The answer is not a page of logs.")

    def resources(
        self, path: str, start: datetime, end: datetime, page: str | None, time_left: float
    ) -> Page:
        """Fetch one page of the fax resources created in a period.

        Args:
            path: of the list.
            start: of the period.
            end: of the period.
            page: ``next`` of the page before; None for the first.
            time_left: seconds after which an answer is of no use.

        Raises:
            FetchError: there is no usable answer.

        """
        query = {
            "DateCreatedAfter": iso(start),
            "DateCreatedOnOrBefore": iso(end),
            "PageSize": _RESOURCES,
        }
        match self._get(page or f"{path}?{urlencode(query)}", time_left):
            case {"faxes": [*faxes], **rest}, began_at if _are_objects(faxes):
                # SignalWire documents links with another path than that of the list.
                following = _following(rest.get("next_page_uri"))
                asked = following and following.partition("?")[2]
                return Page(faxes, asked and f"{path}?{asked}", began_at)
        raise BadPayloadError("The answer is not a page of fax resources.")

    def _get(self, path: str, time_left: float) -> tuple[JsonValue, datetime]:
        """Return an answer, and when its request began.

        Raises:
            FetchError: there is no usable answer.

        """
        began_at = self._clock()
        text = self._api.get(path, time_left, max_body=_MAX_BODY)
        # Without a model, which each start of a function would pay for that hardly reads a list.
        try:
            return json.loads(text), began_at
        except (ValueError, RecursionError):
            raise BadPayloadError("The answer is not JSON.") from None


def _are_objects(entries: Sequence[JsonValue]) -> TypeGuard[Sequence[RawLog]]:
    return all(type(entry) is dict for entry in entries)


def _following(link: object) -> str | None:
    """Return path and query of a page's link.

    The link is absolute, on whatever host the API believes it has. Only path and query count, so
    that the credentials go to the configured space and nowhere else.

    Raises:
        BadPayloadError: it is not a link.

    """
    if link is None:
        return None
    try:
        parts = urlsplit(link if isinstance(link, str) else "//[")
    except ValueError:
        raise BadPayloadError("The answer's link is not one.") from None
    return f"{parts.path}?{parts.query}"
