"""Faults of the row with the pace, which concern every message; most work in both harnesses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from hooklog.errors import StoreError, StoreThrottledError
from hooklog.pace import Pace
from hooklog.records.rows import PACE_KEY, pace_values, present
from hooklog.records.store import Conflict
from tests.fakes import Item
from tests.faults.harness import Harness
from tests.faults.memory_harness import MemoryHarness
from tests.faults.messages import Message
from tests.write_purpose import Purpose

#: A pace as it would be stored at a time.
type PaceAt = Callable[[float], Pace]


def at_limit(rate: float) -> PaceAt:
    """Return a pace whose limit was met an hour ago, and tried again now."""
    return lambda now: Pace(rate=rate, ceiling=rate, since=now, limited_at=now - 3600, next_at=now)


def no_slot(now: float) -> Pace:
    """Return a pace whose next slot is too far away for a batch to wait for it."""
    return Pace(rate=10, ceiling=10, since=now, limited_at=now - 3600, next_at=now + 0.9)


def down(now: float) -> Pace:
    """Return a pace in an outage, whose next probe is not due."""
    return Pace(outage="fetch.upstream", outage_at=now - 40, probe_at=now + 1)


def suspicious(now: float) -> Pace:  # noqa: ARG001 - it has no moment
    """Return a pace after another log has failed alone, so that one more makes an outage."""
    return Pace(suspect="fax#another")


@dataclass(frozen=True)
class PaceStored:
    """The row shows a pace."""

    pace: PaceAt
    slots: ClassVar = frozenset({"pace"})
    hits_all: bool = True

    def inject(self, harness: Harness, message: Message) -> None:  # noqa: ARG002
        """Store the pace."""
        pace = self.pace(harness.clock.moment())
        harness.rows.items[PACE_KEY] = {**present(pace_values(pace)), "version": 7}


@dataclass(frozen=True)
class PaceGarbled:
    """The row shows something that is no pace."""

    item: Item = field(hash=False)
    slots: ClassVar = frozenset({"pace"})
    hits_all: bool = True

    def inject(self, harness: Harness, message: Message) -> None:  # noqa: ARG002
        """Store the row."""
        harness.rows.items[PACE_KEY] = {"version": 7, **self.item}


@dataclass(frozen=True)
class PaceDeleted:
    """Somebody deletes the row before each write."""

    slots: ClassVar = frozenset({"pace"})
    hits_all: bool = True

    def inject(self, harness: Harness, message: Message) -> None:
        """Store a pace and delete it."""
        PaceStored(at_limit(1000)).inject(harness, message)

        def delete() -> None:
            harness.rows.items.pop(PACE_KEY, None)

        harness.rows.meanwhile = delete


@dataclass(frozen=True)
class PaceOvertaken:
    """Another instance takes slots between our read and our first write."""

    slots: ClassVar = frozenset({"pace"})
    hits_all: bool = True

    def inject(self, harness: Harness, message: Message) -> None:
        """Store a pace, and another one before our write."""
        PaceStored(at_limit(1000)).inject(harness, message)

        def overtake() -> None:
            harness.rows.items[PACE_KEY] |= {"version": 8}
            harness.rows.meanwhile = lambda: None

        harness.rows.meanwhile = overtake


@dataclass(frozen=True)
class PaceUnread:
    """DynamoDB leaves the pace unread at every attempt, and nothing else."""

    slots: ClassVar = frozenset({"pace"})

    def inject(self, harness: MemoryHarness, message: Message) -> None:  # noqa: ARG002
        """Refuse the reads with its key."""
        harness.table.unreadable[PACE_KEY] = StoreThrottledError()


@dataclass(frozen=True)
class PaceUnwritable:
    """Every write of the pace gets this error; a pace that is known has to be written."""

    error: StoreError | Conflict
    pace: PaceAt | None = None
    slots: ClassVar = frozenset({"pace"})

    def inject(self, harness: MemoryHarness, message: Message) -> None:
        """Refuse the write."""
        if self.pace is not None:
            PaceStored(self.pace).inject(harness, message)
        harness.table.refused[Purpose.PACE, PACE_KEY] = self.error
