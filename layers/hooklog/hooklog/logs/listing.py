"""A page of a list of logs, as SignalWire's list endpoints return it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

#: Logs per page. The documented maximum is 1,000, but a live space returned no more than 200.
PAGE_SIZE = 200

type RawLog = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes:
        logs: as the API returned them, unchecked.
        next: path and query of the following page; None after the last.

    """

    logs: Sequence[RawLog]
    next: str | None
