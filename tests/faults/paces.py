"""What the row of the pace shows, in memory as over the wire; it concerns every message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from hooklog.errors import StoreError, StoreThrottledError
from hooklog.pace import Pace
from hooklog.records.rows import PACE_KEY, pace_values, present
from hooklog.records.store import Conflict
from tests.fakes import Item
from tests.faults.bench import Bench
from tests.faults.fakes import Fakes, Purpose
from tests.faults.messages import Message

#: A pace as it would be stored at a moment.
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
class PaceIs:
    """The row shows a pace."""

    pace: PaceAt
    slots: ClassVar = frozenset({"pace"})
    hits_all: bool = True

    def befall(self, bench: Bench, message: Message) -> None:  # noqa: ARG002
        """Store the pace."""
        pace = self.pace(bench.clock.moment())
        bench.rows.items[PACE_KEY] = {**present(pace_values(pace)), "version": 7}


@dataclass(frozen=True)
class PaceSays:
    """The row shows something that is no pace."""

    item: Item = field(hash=False)
    slots: ClassVar = frozenset({"pace"})
    hits_all: bool = True

    def befall(self, bench: Bench, message: Message) -> None:  # noqa: ARG002
        """Store the row."""
        bench.rows.items[PACE_KEY] = {"version": 7, **self.item}


@dataclass(frozen=True)
class PaceIsLost:
    """Somebody deletes the row before each write."""

    slots: ClassVar = frozenset({"pace"})
    hits_all: bool = True

    def befall(self, bench: Bench, message: Message) -> None:
        """Store a pace and delete it."""
        PaceIs(at_limit(1000)).befall(bench, message)

        def delete() -> None:
            bench.rows.items.pop(PACE_KEY, None)

        bench.rows.meanwhile = delete


@dataclass(frozen=True)
class PaceMoves:
    """Another instance takes slots between our read and our first write."""

    slots: ClassVar = frozenset({"pace"})
    hits_all: bool = True

    def befall(self, bench: Bench, message: Message) -> None:
        """Store a pace, and another one before our write."""
        PaceIs(at_limit(1000)).befall(bench, message)

        def overtake() -> None:
            bench.rows.items[PACE_KEY] |= {"version": 8}
            bench.rows.meanwhile = lambda: None

        bench.rows.meanwhile = overtake


@dataclass(frozen=True)
class PaceUnread:
    """DynamoDB leaves the pace unread at every attempt, and nothing else."""

    slots: ClassVar = frozenset({"pace"})

    def befall(self, bench: Fakes, message: Message) -> None:  # noqa: ARG002
        """Refuse the reads with its key."""
        bench.table.unreadable[PACE_KEY] = StoreThrottledError()


@dataclass(frozen=True)
class PaceRefused:
    """Every write of the pace gets this error; a pace that is known has to be written."""

    error: StoreError | Conflict
    pace: PaceAt | None = None
    slots: ClassVar = frozenset({"pace"})

    def befall(self, bench: Fakes, message: Message) -> None:
        """Refuse the write."""
        if self.pace is not None:
            PaceIs(self.pace).befall(bench, message)
        bench.table.refused[Purpose.PACE, PACE_KEY] = self.error
