"""The sweep's share: its pages keep to the pace, and its messages to half of the limit."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from hooklog.errors import BY_CODE, HeldBackError, RateLimitedError
from hooklog.logs import LogKind
from hooklog.logs.listing import Page
from hooklog.pace import Experience
from hooklog.records.pacing import Brake
from hooklog.records.rows import PACE_KEY
from hooklog.records.store import Table
from hooklog.sweep.page_store import Resources
from hooklog.sweep.walk import Listing

#: Of the requests that SignalWire allows, for logs that a sweep or backfill enqueues: callbacks
#: have at least the rest.
SHARE: Final = 0.5
#: Seconds between two looks at a pace that has no slot.
_LOOK: Final = 0.5


class Lists(Listing, Resources, Protocol):
    """Where all lists come from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PacedLists:
    """Fetches pages as the pace allows; implements :class:`Lists`.

    A page that gets no turn in time ends as ``HeldBackError``; while an outage lasts, its error is
    raised.
    """

    lists: Lists
    table: Table
    brake: Brake
    sleep: Callable[[float], None]

    def page(
        self, kind: LogKind, start: datetime, end: datetime, page: str | None, time_left: float
    ) -> Page:
        """Fetch one page of logs."""
        return self._paced(lambda left: self.lists.page(kind, start, end, page, left), time_left)

    def resources(
        self, path: str, start: datetime, end: datetime, page: str | None, time_left: float
    ) -> Page:
        """Fetch one page of fax resources."""
        return self._paced(
            lambda left: self.lists.resources(path, start, end, page, left), time_left
        )

    def _paced(self, fetch: Callable[[float], Page], time_left: float) -> Page:
        until = self.brake.now() + time_left
        while (left := until - self.brake.now()) > 0:
            self.brake.read(self.table.read([PACE_KEY]))
            grant = self.brake.grant(1)
            if not grant.requests:
                if outage := BY_CODE.get(self.brake.pace.outage or ""):
                    raise outage
                self.sleep(_LOOK)
                continue
            self.sleep(grant.wait)
            began_at = self.brake.now()
            try:
                answer = fetch(left)
            except RateLimitedError:
                self.brake.learn(Experience(began_at=began_at, refused=1))
                self.sleep(_LOOK)
                continue
            self.brake.learn(Experience(began_at=began_at, answered=1))
            return answer
        raise HeldBackError

    def allowed(self) -> float:
        """Return the messages per second that may go on the queue now."""
        limit = self.brake.pace.limit(self.brake.now())
        return math.inf if limit is None else limit * SHARE
