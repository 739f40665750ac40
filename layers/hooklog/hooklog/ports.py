"""The seams: what the pipeline needs of the world, as small protocols.

Each has an adapter in ``hooklog.adapters`` and an in-memory fake in ``tests/fakes``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol

from hooklog.enrich.report import Report
from hooklog.errors import HooklogError, StoreError
from hooklog.queue_messages import LogRequest
from hooklog.records.rows import Row, Write

type Clock = Callable[[], datetime]
#: Seconds that the invocation has left.
type TimeLeft = Callable[[], float]


def utc_now() -> datetime:
    """Tell the time in UTC, to the millisecond that the table keeps."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The answer to one request for a log.

    Attributes:
        body: JSON text of the log.
        began_at: when the request was sent.
        took_ms: until the whole answer was there.
        found_by: whether the log was asked for by its ID, or found by the end of its ``url``.

    """

    body: str
    began_at: datetime
    took_ms: float
    found_by: Literal["id", "url"] = "id"


class LogSource(Protocol):
    """Where logs come from."""

    def fetch(
        self, requests: Sequence[LogRequest], time_left: TimeLeft
    ) -> Iterator[tuple[LogRequest, Fetched | HooklogError]]:
        """Fetch each log once, in any order; never beyond the time that is left."""


class Lost:
    """A write met another version of the row than the one expected, and changed nothing."""


class Table(Protocol):
    """Where rows are."""

    def read(self, keys: Sequence[str], *, consistent: bool = False) -> Mapping[str, Row]:
        """Read rows by key; a key without a row is absent.

        Raises:
            StoreError: the rows could not be read.

        """

    def write(self, writes: Sequence[Write]) -> Mapping[str, Lost | StoreError | None]:
        """Carry out each write by itself; None says that it is done.

        No two writes may have the same key.
        """


class Queue(Protocol):
    """Where messages wait."""

    def delay(self, waits: Mapping[str, int]) -> int:
        """Hide messages in flight, given by receipt handle, for so many seconds from now.

        Returns how many waits could not be set; those messages come back all the same, when
        the queue's own visibility timeout ends.
        """


class Telemetry(Protocol):
    """Where an operator looks."""

    def emit(self, report: Report) -> None:
        """Publish what became of one batch."""

    def defect(self, key: str, error: BaseException) -> None:
        """Report a bug's place, without any value that may be personal data.

        It never raises: it is called where nothing may be lost, and nobody else can be told.
        """
