"""The kinds of fault in memory: each befalls one message of a bench, or the whole batch.

Two of one kind, or of kinds with a slot in common, cannot befall the same message.
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
from tests.faults.fakes import Fakes, Purpose
from tests.faults.messages import WAITED, Message, Text

#: Later than anything that a bench does in its first batch.
LATER = NOW + timedelta(minutes=5)


class Trouble(Protocol):
    """A fault in memory."""

    @property
    def slots(self) -> frozenset[str]:
        """What of the world it takes."""

    def befall(self, bench: Fakes, message: Message) -> None:
        """Let it happen."""


def stored_row(status: str) -> Item:
    """Return a row that another writer has stored, later than this batch."""
    return {
        "version": 9,
        "status": status,
        "outcome": "succeeded",
        "final": True,
        "fetched_at": iso(LATER),
    }


def redriven(items: dict[str, Item], message: Message) -> None:
    """Let an operator have put the message on the queue again, from a row of its own."""
    message.parked_as = f"parked#of-{message.name.replace(' ', '-')}"
    items[message.parked_as] = {
        "version": 1,
        "parked_code": "message.malformed",
        "parked_body": message.body,
        "parked_at": iso(NOW - timedelta(hours=1)),
        "redriven_at": iso(NOW - timedelta(minutes=1)),
    }


@dataclass(frozen=True)
class Says:
    """The message says something else."""

    text: Text
    slots: ClassVar = frozenset({"body"})

    def befall(self, bench: Fakes, message: Message) -> None:  # noqa: ARG002
        """Change the body."""
        message.body = self.text(message)


@dataclass(frozen=True)
class Answers:
    """SignalWire answers something else, or, with None, nothing in time."""

    answer: Text | HooklogError | None
    slots: ClassVar = frozenset({"answer"})

    def befall(self, bench: Fakes, message: Message) -> None:
        """Change the answer."""
        if self.answer is None:
            del bench.source.answers[message.key]
        elif isinstance(self.answer, HooklogError):
            bench.source.answers[message.key] = self.answer
        else:
            bench.source.answers[message.key] = self.answer(message)


@dataclass(frozen=True)
class Behind:
    """The message announces an end that the log has not reached."""

    slots: ClassVar = frozenset({"body", "answer", "row"})

    def befall(self, bench: Fakes, message: Message) -> None:
        """Change both."""
        announce(message)
        bench.list_logs([message])


def announce(message: Message) -> None:
    """Let a message announce the end of a log that is queued."""
    message.body = json.dumps(json.loads(message.body) | {"status": "delivered"})
    message.log = message.log | {"status": "queued"}


@dataclass(frozen=True)
class Unexplainable:
    """The log has failed, and the catalogue of failures cannot be read."""

    slots: ClassVar = frozenset({"answer"})

    def befall(self, bench: Fakes, message: Message) -> None:
        """Break the catalogue, which only failures need."""
        bench.catalogue.is_broken = True
        bench.source.answers[message.key] = json.dumps(message.log | {"status": "failed"})


@dataclass(frozen=True)
class Unreadable:
    """Every read of the table fails."""

    error: StoreError
    slots: ClassVar = frozenset({"read"})

    def befall(self, bench: Fakes, message: Message) -> None:  # noqa: ARG002
        """Refuse them."""
        bench.table.down = self.error


@dataclass(frozen=True)
class UnreadableBySid:
    """The log was found by its resource's SID; now its own row cannot be read."""

    error: StoreError
    slots: ClassVar = frozenset({"body", "answer", "row"})

    def befall(self, bench: Fakes, message: Message) -> None:
        """Ask by SID, and refuse the second read."""
        ask_by_sid(message)
        bench.table.unreadable[message.key] = self.error


def ask_by_sid(message: Message) -> None:
    """Let a message name the resource and not the log."""
    content = {"log_type": message.kind, "resource_sid": message.sid, "name": message.name}
    message.body = json.dumps(content)


@dataclass(frozen=True)
class Refused:
    """Every write of the message's for this purpose is answered so."""

    purpose: Purpose
    error: StoreError | Conflict

    @property
    def slots(self) -> frozenset[str]:
        """One a purpose; who is to be lifted was redriven."""
        return frozenset({self.purpose})

    def befall(self, bench: Fakes, message: Message) -> None:
        """Refuse the write."""
        if self.purpose is Purpose.LIFT:
            redriven(bench.table.items, message)
        for key in message.keys:
            bench.table.refused[self.purpose, key] = self.error


@dataclass(frozen=True)
class LiftUnreadable:
    """The message was redriven, and the row cannot be read that it was parked in.

    A message that is no message would be parked there again, which needs that read as well.
    """

    error: StoreError
    slots: ClassVar = frozenset({Purpose.LIFT, "body"})

    def befall(self, bench: Fakes, message: Message) -> None:
        """Refuse the read."""
        redriven(bench.table.items, message)
        assert message.parked_as is not None
        bench.table.unreadable[message.parked_as] = self.error


@dataclass(frozen=True)
class Ahead:
    """The row shows as much already."""

    slots: ClassVar = frozenset({"row"})

    def befall(self, bench: Fakes, message: Message) -> None:
        """Put it there."""
        bench.table.items[message.key] = stored_row("stored before")


@dataclass(frozen=True)
class Erased:
    """An operator has erased the log, and its row says so."""

    slots: ClassVar = frozenset({"row"})

    def befall(self, bench: Fakes, message: Message) -> None:
        """Leave nothing else of it."""
        bench.table.items[message.key] = {"version": 9, "erased_at": iso(NOW - WAITED)}


@dataclass(frozen=True)
class Overtaken:
    """Somebody else stores a later look at the log, between our reading and our writing."""

    slots: ClassVar = frozenset({"row", Purpose.LOG, Purpose.PARKING})

    def befall(self, bench: Fakes, message: Message) -> None:
        """Write first."""
        bench.table.overtaken[message.key] = stored_row("stored meanwhile")


@dataclass(frozen=True)
class Unset:
    """SQS does not hide the message for as long as it was told."""

    slots: ClassVar = frozenset({"wait"})

    def befall(self, bench: Fakes, message: Message) -> None:
        """Refuse the change of visibility."""
        bench.queue.refused.add(message.handle)


@dataclass(frozen=True)
class Unreported:
    """The metrics cannot be printed."""

    error: Exception
    slots: ClassVar = frozenset({"report"})

    def befall(self, bench: Fakes, message: Message) -> None:  # noqa: ARG002
        """Refuse the report."""
        bench.telemetry.error = self.error
