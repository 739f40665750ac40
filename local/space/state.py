"""The state of a running space: its logs, credentials, faults, limits, outage, and traffic."""

from __future__ import annotations

import base64
import copy
import hmac
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from local.space.faults import Asked, FaultQueue
from local.space.fax_resources import FaxResources
from local.space.model import LOG_TYPES, LogType, Space

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class Requests:
    """The API requests that a space has received, including refused and faulty ones.

    `counts` is by endpoint: `<log type>_list`, `<log type>_one`, `fax_resource` and
    `fax_resource_list`. `ids` are the IDs of the logs that were asked for one by one, in order, and
    `sids` the SIDs of the fax resources.
    `max_in_flight` is the highest number of requests at the same time. `faults` counts the faults
    that were shown, by kind, `limited` the requests that a limit refused, and `while_down` those
    that came during an outage. `per_second` and `limited_per_second` count all requests and the
    refused ones by the second in which they came, from the first request on.
    """

    counts: dict[str, int] = field(default_factory=dict)
    max_in_flight: int = 0
    ids: list[str] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)
    limited: int = 0
    sids: list[str] = field(default_factory=list)
    while_down: int = 0
    per_second: list[int] = field(default_factory=list)
    limited_per_second: list[int] = field(default_factory=list)


class Traffic:
    """Counts the API requests as they come and go; `open` are being answered at the moment."""

    def __init__(self) -> None:
        """Start from zero."""
        self._in_flight = 0
        self.open = 0
        self.reset()

    def reset(self) -> None:
        """Start again from zero; requests that are still open keep counting as open."""
        self._seen = Requests(max_in_flight=self._in_flight)
        self._first_at: float | None = None

    @contextmanager
    def track(self, asked: Asked, now: float) -> Iterator[None]:
        """Count a request from its start, at that time in seconds, to the end of its response."""
        seen = self._seen
        if self._first_at is None:
            self._first_at = now
        second = int(now - self._first_at)
        for counts in (seen.per_second, seen.limited_per_second):
            counts.extend([0] * (second + 1 - len(counts)))
        seen.per_second[second] += 1
        seen.counts[asked.endpoint] = seen.counts.get(asked.endpoint, 0) + 1
        if asked.log_id is not None:
            seen.ids.append(asked.log_id)
        if asked.fax_sid is not None:
            seen.sids.append(asked.fax_sid)
        self._in_flight += 1
        seen.max_in_flight = max(seen.max_in_flight, self._in_flight)
        try:
            yield
        finally:
            self._in_flight -= 1

    def count_fault(self, kind: str) -> None:
        """Count a fault that is shown."""
        self._seen.faults[kind] = self._seen.faults.get(kind, 0) + 1

    @contextmanager
    def answer(self) -> Iterator[None]:
        """Count a request as open, because no limit refuses it."""
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1

    def count_limited(self) -> None:
        """Count that a limit refuses the request that came last."""
        self._seen.limited += 1
        self._seen.limited_per_second[-1] += 1

    def count_while_down(self) -> int:
        """Count a request that comes during an outage, and return its number, from 1."""
        self._seen.while_down += 1
        return self._seen.while_down

    def snapshot(self) -> Requests:
        """Return a copy of the requests so far."""
        return copy.deepcopy(self._seen)


@dataclass(slots=True)
class RateLimit:
    """A limit on the requests in each second of the clock; the rest is answered with 429.

    SignalWire may count differently. Raises ValueError for a limit below 1.
    """

    per_second: int
    _second: int = -1
    _count: int = 0

    def __post_init__(self) -> None:
        """Refuse a limit that would admit no request."""
        if self.per_second < 1:
            raise ValueError(f"per_second must be at least 1, not {self.per_second}")

    def admits(self, now: float) -> bool:
        """Count a request at that time, in seconds, and return whether it may be answered."""
        if int(now) != self._second:
            self._second, self._count = int(now), 0
        self._count += 1
        return self._count <= self.per_second


@dataclass(frozen=True, slots=True)
class OpenLimit:
    """A limit on the requests that are open at the same time; the rest is answered with 429.

    Raises ValueError for a limit below 1.
    """

    most: int

    def __post_init__(self) -> None:
        """Refuse a limit that would admit no request."""
        if self.most < 1:
            raise ValueError(f"most must be at least 1, not {self.most}")

    def admits(self, already: int) -> bool:
        """Return whether a request may be answered while so many are open already."""
        return already < self.most


@dataclass
class State:
    """Everything that the endpoints share. Use it on the thread of the event loop only.

    `latency_s` is the least duration of each API response, in seconds. Without a `rate_limit` and
    an `open_limit` the API answers every request, unless it `is_down`.
    """

    space: Space
    project_id: str
    api_token: str
    latency_s: float = 0.0
    rate_limit: RateLimit | None = None
    open_limit: OpenLimit | None = None
    is_down: bool = False
    faults: FaultQueue = field(default_factory=FaultQueue)
    traffic: Traffic = field(default_factory=Traffic)
    fax_resources: FaxResources = field(init=False)

    def __post_init__(self) -> None:
        """Derive the fax resources from the logs."""
        self.fax_resources = FaxResources(self.space, self.project_id)

    def authorizes(self, header: str) -> bool:
        """Return whether an `Authorization` header carries the project ID and its token."""
        scheme, _, credentials = header.partition(" ")
        pair = f"{self.project_id}:{self.api_token}".encode()
        given = credentials.strip().encode(errors="surrogateescape")  # whatever bytes came
        same = hmac.compare_digest(given, base64.b64encode(pair))
        return scheme.lower() == "basic" and same

    def admits(self, now: float) -> bool:
        """Return whether the limits admit a request that comes at that time, in seconds."""
        if self.open_limit is not None and not self.open_limit.admits(self.traffic.open):
            return False
        return self.rate_limit is None or self.rate_limit.admits(now)

    def statuses(self) -> dict[LogType, dict[str, str]]:
        """Return the status of each log by kind and ID."""
        return {
            name: {log_id: str(log.get("status")) for log_id, log in self.space.logs(name).items()}
            for name in LOG_TYPES
        }


STATE = web.AppKey("state", State)
