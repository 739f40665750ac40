"""What a running space knows: its logs, who may read them, the faults to show, and the traffic."""

from __future__ import annotations

import base64
import hmac
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from local.space.faults import FaultQueue
from local.space.model import LOG_TYPES, LogType, Space

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.space.rate import RateLimit


@dataclass(frozen=True, slots=True)
class Requests:
    """The API requests that a space has had, refused and faulty ones included.

    `counts` is by endpoint: `fax_list`, `fax_one`, `message_list`, `message_one`. `ids` are the
    ids that were asked for, in order. `max_in_flight` is the most that were open at one time.
    `faults` are the faults that were shown, by kind, and `limited` how many requests the rate limit
    refused.
    """

    counts: dict[str, int] = field(default_factory=dict)
    max_in_flight: int = 0
    ids: list[str] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)
    limited: int = 0


class Traffic:
    """Counts the API requests as they come and go."""

    def __init__(self) -> None:
        """Start from nothing."""
        self._in_flight = 0
        self.reset()

    def reset(self) -> None:
        """Forget what has been; requests still open go on counting as open."""
        self._counts: dict[str, int] = {}
        self._ids: list[str] = []
        self._faults: dict[str, int] = {}
        self._limited = 0
        self._max_in_flight = self._in_flight

    @contextmanager
    def track(self, endpoint: str, log_id: str | None) -> Iterator[None]:
        """Count a request from its start to the end of its answer."""
        self._counts[endpoint] = self._counts.get(endpoint, 0) + 1
        if log_id is not None:
            self._ids.append(log_id)
        self._in_flight += 1
        self._max_in_flight = max(self._max_in_flight, self._in_flight)
        try:
            yield
        finally:
            self._in_flight -= 1

    def count_fault(self, kind: str) -> None:
        """Count a fault that is shown."""
        self._faults[kind] = self._faults.get(kind, 0) + 1

    def count_limited(self) -> None:
        """Count a request that the rate limit refuses."""
        self._limited += 1

    def snapshot(self) -> Requests:
        """Give what has been so far."""
        return Requests(
            counts=dict(self._counts),
            max_in_flight=self._max_in_flight,
            ids=list(self._ids),
            faults=dict(self._faults),
            limited=self._limited,
        )


@dataclass
class State:
    """Everything that the endpoints share. Touch it on the thread of the event loop only.

    `latency_s` is how many seconds every API answer takes at least, and `rate_limit` how many
    requests the API answers, without end if None.
    """

    space: Space
    project_id: str
    api_token: str
    latency_s: float = 0.0
    rate_limit: RateLimit | None = None
    faults: FaultQueue = field(default_factory=FaultQueue)
    traffic: Traffic = field(default_factory=Traffic)

    def authorizes(self, header: str) -> bool:
        """Tell whether an `Authorization` header carries the project id and its token."""
        scheme, _, credentials = header.partition(" ")
        pair = f"{self.project_id}:{self.api_token}".encode()
        given = credentials.strip().encode(errors="surrogateescape")  # whatever bytes came
        same = hmac.compare_digest(given, base64.b64encode(pair))
        return scheme.lower() == "basic" and same

    def statuses(self) -> dict[LogType, dict[str, str]]:
        """Give the status of each log by type and id."""
        return {
            kind: {log_id: str(log.get("status")) for log_id, log in self.space.logs(kind).items()}
            for kind in LOG_TYPES
        }


STATE = web.AppKey("state", State)
