"""The seams of the enrich function, as small protocols; :mod:`hooklog.records.store` has one more.

Each has an adapter in :mod:`hooklog.adapters` and an in-memory fake in ``tests/fakes.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from hooklog.clock import TimeLeft
from hooklog.enrich.report import Report
from hooklog.errors import HooklogError
from hooklog.pace import Allowance, Grant
from hooklog.queue_messages import LogRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The answer to one request for a log.

    Attributes:
        body: JSON text of the log.
        began_at: when the request was sent.
        took_ms: milliseconds until the whole answer had arrived.
        found_by: whether the log was fetched by its ID, or found by the end of its ``url``.

    """

    body: str
    began_at: datetime
    took_ms: float
    found_by: Literal["id", "url"] = "id"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceRequest:
    """What to fetch beside a log: the resource that tells how a fax ended.

    Attributes:
        key: of the log's row.
        path: of the resource.

    """

    key: str
    path: str


type Wanted = LogRequest | ResourceRequest


class LogSource(Protocol):
    """Where logs and fax resources come from."""

    def fetch(
        self, wanted: Sequence[Wanted], time_left: TimeLeft, grant: Grant
    ) -> Iterator[tuple[Wanted, Fetched | HooklogError]]:
        """Fetch each once, in any order, no faster than granted, and within the time left.

        The sequence may grow while the answers are taken. No request starts before its turn:
        ``grant.wait`` seconds after the call for the first one, ``grant.gap`` later for each
        further one, also beyond ``grant.requests`` and for the pages of a list. After a 429, a
        refusal of the credentials, or an outage, what has not begun ends as ``HeldBackError``.
        """

    def allowance(self) -> Allowance | None:
        """Return the scarcest allowance that answers announced since the last call.

        An allowance that counts as scarce comes before one that does not; then the lower rate
        decides, and of equal rates the fewer requests that are left.
        """


class Queue(Protocol):
    """Where messages wait."""

    def delay(self, waits: Mapping[str, int]) -> int:
        """Set the visibility timeout of messages, in seconds by receipt handle.

        Return how many could not be set; those messages come back when the queue's own
        visibility timeout ends.
        """


class Telemetry(Protocol):
    """Where an operator looks."""

    def emit(self, report: Report) -> None:
        """Publish what became of one batch."""

    def defect(self, key: str, error: BaseException) -> None:
        """Report where a bug is, without any value that may be personal data.

        It never raises: its callers must not lose a message, and have no other way to report.
        """
