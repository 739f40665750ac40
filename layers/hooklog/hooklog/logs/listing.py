"""A page of a list of logs or fax resources, as SignalWire's list endpoints return it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

#: Logs per page. The documented maximum is 1,000, but a live space returned no more than 200.
PAGE_SIZE = 200

#: An entry.
type RawLog = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes:
        entries: as the API returned them, unchecked.
        next: path and query of the following page; None after the last.
        began_at: when the request began; what a later one shows is a later truth.

    """

    entries: Sequence[RawLog]
    next: str | None
    began_at: datetime
