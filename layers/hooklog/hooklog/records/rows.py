"""The table's rows, and how a change of one is written.

Every write is a compare-and-swap on the row's ``version``: an INSERT for a row that was not
there, an UPDATE on condition of the version that was read. So what to write is decided
once, in plain code, on the very row that the write will meet, and a write that meets any
other row changes nothing (``docs/decisions/0002-compare-and-swap.md``). The decisions are in
:mod:`hooklog.records.recording` and :mod:`hooklog.records.parking`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Protocol

from hooklog.records.items import Attribute


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
        parked_attempts: of the message, before it was parked.
        redriven_at: when an operator put it on the queue again.
        redriven_by: who that was.
        parked_history: parkings that were lifted, oldest first.
        erased_at: when an operator erased all else, because somebody asked for it; the row
            stays so that nothing brings it back.

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
    parked_attempts: int | None = None
    redriven_at: datetime | None = None
    redriven_by: str | None = None
    parked_history: Sequence[Attribute] = ()
    erased_at: datetime | None = None

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
        "parked_attempts",
        "redriven_at",
        "redriven_by",
        "parked_history",
        "erased_at",
    )
    #: Of these, the times.
    TIMES: ClassVar = (
        "fetched_at",
        "first_failed_at",
        "parked_at",
        "parked_first_at",
        "redriven_at",
        "erased_at",
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
