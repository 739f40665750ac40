"""SignalWire's lists of logs, page by page, as the API gives them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode, urlsplit

from pydantic import JsonValue

from hooklog.adapters.signalwire.api import SignalWireApi
from hooklog.errors import BadPayloadError
from hooklog.logs import LogKind
from hooklog.records.items import iso

#: The documented maximum is 1,000, but 200 was the most that a live space gave.
_PAGE_SIZE = 200
#: Bytes; a page of full size has about 200 kB.
_MAX_BODY = 4 * 1024 * 1024

type RawLog = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class RawPage:
    """One page as the API gives it; ``next`` is path and query of the following one."""

    logs: Sequence[RawLog]
    next: str | None


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
        # By hand: a model would be made at every start of a function that hardly ever reads a list.
        try:
            match json.loads(text):
                case {"links": {**links}, "data": [*logs]} if all(
                    type(log) is dict for log in logs
                ):
                    return RawPage(logs, _following(links.get("next")))
        except (ValueError, RecursionError):
            pass
        raise BadPayloadError("The answer is not a page of logs.")


def _following(link: object) -> str | None:
    """Give path and query of a page's link.

    The link is absolute, on whatever host the API thinks it has: only path and query count, so
    that the credentials go to the configured space and nowhere else.

    Raises:
        ValueError: it is no link.

    """
    if link is None:
        return None
    if not isinstance(link, str):
        raise ValueError("not text")  # noqa: TRY004 - the answer's fault, not the caller's
    parts = urlsplit(link)
    return f"{parts.path}?{parts.query}"
