"""Faults in memory: how a port or a message is changed so that the fault occurs.

Two faults that share a slot cannot apply to the same message.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Protocol

from hooklog.clock import iso
from hooklog.errors import HooklogError, StoreError
from hooklog.records.store import Conflict
from tests.fakes import NOW, Item
from tests.faults.harness import Harness
from tests.faults.memory_harness import MemoryHarness
from tests.faults.messages import WAITED, Message, Text
from tests.write_purpose import Purpose

#: Later than the first batch.
LATER = NOW + timedelta(minutes=5)


class Injection(Protocol):
    """A fault in memory."""

    @property
    def slots(self) -> frozenset[str]:
        """What the fault changes."""

    def inject(self, harness: MemoryHarness, message: Message) -> None:
        """Apply the fault."""


def stored_row(status: str) -> Item:
    """Return a row that another writer stored later than this batch."""
    return {
        "version": 9,
        "status": status,
        "outcome": "succeeded",
        "final": True,
        "fetched_at": iso(LATER),
    }


def redriven(items: dict[str, Item], message: Message) -> None:
    """Mark the message as redriven by an operator from a row of its own."""
    message.parked_as = f"parked#of-{message.name.replace(' ', '-')}"
    items[message.parked_as] = {
        "version": 1,
        "parked_code": "message.malformed",
        "parked_body": message.body,
        "parked_at": iso(NOW - timedelta(hours=1)),
        "redriven_at": iso(NOW - timedelta(minutes=1)),
    }


@dataclass(frozen=True)
class MessageBody:
    """The message has a different body."""

    text: Text
    slots: ClassVar = frozenset({"body"})

    def inject(self, harness: Harness, message: Message) -> None:  # noqa: ARG002
        """Change the body."""
        message.body = self.text(message)


@dataclass(frozen=True)
class LogAnswer:
    """SignalWire gives a different answer; None means no answer in time."""

    answer: Text | HooklogError | None
    slots: ClassVar = frozenset({"answer"})

    def inject(self, harness: MemoryHarness, message: Message) -> None:
        """Change the answer."""
        if self.answer is None:
            del harness.source.answers[message.key]
        elif isinstance(self.answer, HooklogError):
            harness.source.answers[message.key] = self.answer
        else:
            harness.source.answers[message.key] = self.answer(message)


@dataclass(frozen=True)
class SpaceDown:
    """SignalWire gives the same answer to everybody."""

    error: HooklogError
    slots: ClassVar = frozenset({"space"})

    def inject(self, harness: MemoryHarness, message: Message) -> None:  # noqa: ARG002
        """Change all answers."""
        harness.source.down = self.error


@dataclass(frozen=True)
class ResourceAnswer:
    """The fax resource gives a different answer; no other signal tells how the fax ended."""

    answer: str | HooklogError
    slots: ClassVar = frozenset({"body", "answer"})

    def inject(self, harness: MemoryHarness, message: Message) -> None:
        """Change the answer."""
        harness.source.resources[message.sid] = self.answer


@dataclass(frozen=True)
class LogBehindCallback:
    """The message announces a final status that the log has not reached."""

    slots: ClassVar = frozenset({"body", "answer", "row"})
    hits_all: bool = False

    def inject(self, harness: Harness, message: Message) -> None:
        """Change the message and the log."""
        message.body = json.dumps(json.loads(message.body) | {"status": "delivered"})
        message.log = message.log | {"status": "queued"}
        harness.list_logs([message])


@dataclass(frozen=True)
class CatalogueBroken:
    """The log has failed, and the catalogue cannot be read."""

    slots: ClassVar = frozenset({"answer"})

    def inject(self, harness: MemoryHarness, message: Message) -> None:
        """Break the catalogue, which only failed logs need."""
        harness.catalogue.is_broken = True
        harness.source.answers[message.key] = json.dumps(message.log | {"status": "failed"})


@dataclass(frozen=True)
class TableUnreadable:
    """Every read of the table fails."""

    error: StoreError
    slots: ClassVar = frozenset({"read"})

    def inject(self, harness: MemoryHarness, message: Message) -> None:  # noqa: ARG002
        """Refuse the reads."""
        harness.table.down = self.error


@dataclass(frozen=True)
class SecondReadFails:
    """The log is found by its resource's SID, and then its own row cannot be read."""

    error: StoreError
    slots: ClassVar = frozenset({"body", "answer", "row"})

    def inject(self, harness: MemoryHarness, message: Message) -> None:
        """Request by SID and refuse the second read."""
        ask_by_sid(message)
        harness.table.unreadable[message.key] = self.error


def ask_by_sid(message: Message) -> None:
    """Make a message name the resource instead of the log."""
    content = {"log_type": message.kind, "resource_sid": message.sid, "name": message.name}
    message.body = json.dumps(content)


@dataclass(frozen=True)
class WriteFails:
    """Every write of the message for this purpose gets this error."""

    purpose: Purpose
    error: StoreError | Conflict

    @property
    def slots(self) -> frozenset[str]:
        """One slot per purpose."""
        return frozenset({self.purpose})

    def inject(self, harness: MemoryHarness, message: Message) -> None:
        """Refuse the write; a lift needs a redriven message."""
        if self.purpose is Purpose.LIFT:
            redriven(harness.table.items, message)
        for key in message.keys:
            harness.table.refused[self.purpose, key] = self.error


@dataclass(frozen=True)
class ParkedRowUnreadable:
    """The message was redriven, and the row in which it was parked cannot be read.

    An unreadable message would be parked there again, which needs that read as well.
    """

    error: StoreError
    slots: ClassVar = frozenset({Purpose.LIFT, "body"})

    def inject(self, harness: MemoryHarness, message: Message) -> None:
        """Redrive the message and refuse the read."""
        redriven(harness.table.items, message)
        assert message.parked_as is not None
        harness.table.unreadable[message.parked_as] = self.error


@dataclass(frozen=True)
class RowUpToDate:
    """The row already reflects the message."""

    slots: ClassVar = frozenset({"row"})

    def inject(self, harness: MemoryHarness, message: Message) -> None:
        """Store the row."""
        harness.table.items[message.key] = stored_row("stored before")


@dataclass(frozen=True)
class RowErased:
    """An operator has erased the log, as its row shows."""

    slots: ClassVar = frozenset({"row"})

    def inject(self, harness: MemoryHarness, message: Message) -> None:
        """Store the row of an erased log."""
        harness.table.items[message.key] = {"version": 9, "erased_at": iso(NOW - WAITED)}


@dataclass(frozen=True)
class RowOvertaken:
    """Another writer stores a newer version of the log between our read and our write."""

    slots: ClassVar = frozenset({"row", Purpose.LOG, Purpose.PARKING})

    def inject(self, harness: MemoryHarness, message: Message) -> None:
        """Store the other row before our write."""
        harness.table.overtaken[message.key] = stored_row("stored meanwhile")


@dataclass(frozen=True)
class WaitNotSet:
    """SQS does not change the message's visibility timeout."""

    slots: ClassVar = frozenset({"wait"})

    def inject(self, harness: MemoryHarness, message: Message) -> None:
        """Refuse the change."""
        harness.queue.refused.add(message.handle)


@dataclass(frozen=True)
class ReportFails:
    """The metrics cannot be printed."""

    error: Exception
    slots: ClassVar = frozenset({"report"})

    def inject(self, harness: MemoryHarness, message: Message) -> None:  # noqa: ARG002
        """Refuse the report."""
        harness.telemetry.error = self.error
