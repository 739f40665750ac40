"""The table's rows: what may replace what, and how a change is written.

Every write is a compare-and-swap on the row's ``version``: an INSERT for a row that was not
there, an UPDATE on condition of the version that was read. So the decision below is made
once, in plain code, on the very row that the write will meet, and a write that meets any
other row changes nothing (``docs/decisions/0002-compare-and-swap.md``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar, Protocol

from hooklog.enrichment import Record
from hooklog.errors import HooklogError, LogError
from hooklog.items import Attribute, iso, optional_attributes, record_attributes
from hooklog.queue_messages import LogRequest, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What decisions need of a stored row.

    Attributes:
        version: counts the row's writes.
        status: of the stored log; None while the row is only a parked message.
        outcome: of the stored log.
        charge: of the stored log, dollars.
        error_code: of the stored log, if it has one.
        fetched_at: when the fetch of the stored log began; None likewise.
        final: whether that log had reached its end.
        first_failed_at: when a failure of this log was counted, once for ever.
        parked_at: last parking that no later success has lifted.
        parked_code: why.
        parked_first_at: first of those parkings.

    """

    version: int
    status: str | None = None
    outcome: str | None = None
    charge: Decimal | None = None
    error_code: str | None = None
    fetched_at: datetime | None = None
    final: bool = False
    first_failed_at: datetime | None = None
    parked_at: datetime | None = None
    parked_code: str | None = None
    parked_first_at: datetime | None = None

    #: Attributes that a read has to bring.
    ATTRIBUTES: ClassVar = (
        "version",
        "status",
        "outcome",
        "charge",
        "error_code",
        "fetched_at",
        "final",
        "first_failed_at",
        "parked_at",
        "parked_code",
        "parked_first_at",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One conditional write: INSERT where ``expected_version`` is None, else UPDATE."""

    key: str
    expected_version: int | None
    values: Mapping[str, Attribute]
    remove: Sequence[str] = ()
    counts_failure: bool = False
    counts_end: bool = False

    @property
    def version(self) -> int:
        """The row's version after this write."""
        return (self.expected_version or 0) + 1


class Change(Protocol):
    """Something to be done to one row."""

    @property
    def key(self) -> str:
        """The row's partition key."""

    def plan(self, row: Row | None) -> Write | None:
        """Decide, on the row as it stands, what to write; None if it needs nothing."""


def contains(row: Row | None, request: LogRequest, sent_at: datetime, skew: timedelta) -> bool:
    """Whether a stored row already shows what this message tells.

    It does if it is not behind the status that the message announces, and was fetched after the
    message was sent, by more than the clocks may differ; or if the message is an old story.
    """
    if row is None or row.fetched_at is None or row.status is None:
        return False
    if request.kind.is_behind(row.status, request.status):
        return False
    return row.fetched_at >= sent_at + skew or _is_old_story(row, request)


def _is_old_story(row: Row, request: LogRequest) -> bool:
    """Whether a callback, late or replayed, tells of a log's way that has ended since.

    A callback tells no more than a status. Of a log that has ended, one of progress is past, and
    one of the same kind of end is known. What else may change then, such as the charge, no
    callback announces; the sweep compares it.
    """
    status, model = request.status, request.kind.model
    if request.origin is not Origin.WEBHOOK or not row.final or status not in request.kind.progress:
        return False
    return status not in model.terminal or (status in model.failed) == (row.outcome == "failed")


def supersedes(record: Record, row: Row) -> bool:
    """Whether a fetched log replaces the stored one. The one subtle condition.

    A fetch that began later saw a later truth, with one exception: SignalWire's API may lag,
    and show a log in progress again after it showed its end. An end is never unseen::

                             the fetched log is
                             in progress            final
        stored: in progress  if it is later         always
        stored: final        never                  if it is later

    That is the order of the pairs (final, fetched_at). Because the order is total, the
    greatest pair wins whatever the order of arrival: late, repeated or reordered
    deliveries all end in the same row.
    """
    if row.fetched_at is None:
        return True
    return (record.log.is_terminal, record.fetched_at) > (row.final, row.fetched_at)


@dataclass(frozen=True, slots=True)
class StoreRecord:
    """Store an explained log, and lift a parking that it outlived."""

    record: Record
    ttl: timedelta | None = None

    @property
    def key(self) -> str:
        """The log's partition key."""
        return self.record.key

    def plan(self, row: Row | None) -> Write | None:
        """Insert, update, or leave a row that is already further."""
        record = self.record
        if row is not None and not supersedes(record, row):
            return None
        values = record_attributes(record)
        if self.ttl is not None:
            values["expires_at"] = int((record.fetched_at + self.ttl).timestamp())
        failed_before = row is not None and row.first_failed_at is not None
        counts_failure = record.outcome == "failed" and not failed_before
        if counts_failure:
            values["first_failed_at"] = iso(record.fetched_at)
        counts_end = record.log.is_terminal and not (row is not None and row.final)
        if row is None:
            return Write(
                key=self.key,
                expected_version=None,
                values=values,
                counts_failure=counts_failure,
                counts_end=counts_end,
            )
        outdated = [name for name in optional_attributes(record.kind) if name not in values]
        if row.parked_at is not None and row.parked_at <= record.fetched_at:
            outdated += PARKED_ATTRIBUTES
        return Write(
            key=self.key,
            expected_version=row.version,
            values=values,
            remove=outdated,
            counts_failure=counts_failure,
            counts_end=counts_end,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Park:
    """Put a message that cannot be processed where an operator finds it.

    A log's parking lies in the log's own row, so that a later success lifts it in the same
    write; a message without a usable log ID gets a row of its own.
    """

    key: str
    error: HooklogError
    body: str
    attempts: int
    at: datetime
    log_type: str | None = None

    def plan(self, row: Row | None) -> Write | None:
        """Park, unless a later fetch has stored the log, or a later failure has parked it."""
        if row is not None and any(
            later is not None and later > self.at for later in (row.fetched_at, row.parked_at)
        ):
            return None
        first_at = row.parked_first_at if row is not None and row.parked_first_at else self.at
        values: dict[str, Attribute] = {
            "parked_code": self.error.code,
            "parked_detail": self.error.detail,
            "parked_body": self.body,
            "parked_attempts": self.attempts,
            "parked_first_at": iso(first_at),
            "parked_at": iso(self.at),
        }
        if self.log_type is not None:
            values["log_type"] = self.log_type
        if isinstance(self.error, LogError) and self.error.payload is not None:
            values["parked_payload"] = self.error.payload
        if row is None:
            return Write(key=self.key, expected_version=None, values=values)
        # A parked row waits for a person, so it must not expire meanwhile.
        outdated = ["expires_at", *(name for name in PARKED_ATTRIBUTES if name not in values)]
        return Write(key=self.key, expected_version=row.version, values=values, remove=outdated)


PARKED_ATTRIBUTES = (
    "parked_code",
    "parked_detail",
    "parked_body",
    "parked_payload",
    "parked_attempts",
    "parked_first_at",
    "parked_at",
)
