"""The queue: messages that are delivered, hidden, delivered again and finally deleted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hooklog.enrich.deliveries import Delivery
from hooklog.logs import KINDS, LogKind
from tests.fakes import Clock
from tests.limits import MAX_RECEIVES, VISIBILITY_TIMEOUT


class Message:
    """One message in any state.

    Attributes:
        id: SQS message ID.
        body: the body as sent.
        sent_at: true time of sending.
        stamp: time of sending by the queue's own clock.
        visible_at: time until which the message is hidden.
        receives: deliveries so far.
        receipt: receipt handle of the last delivery.
        is_deleted: whether the message was acknowledged.
        is_dead: whether the message is in the dead-letter queue.
        parked_as: key of the row from which an operator redrove it.

    """

    def __init__(
        self,
        message_id: str,
        body: str,
        sent_at: datetime,
        stamp: datetime,
        parked_as: str | None = None,
    ) -> None:
        """Create a message at the moment of sending."""
        self.id = message_id
        self.body = body
        self.sent_at = sent_at
        self.stamp = stamp
        self.visible_at = sent_at
        self.receives = 0
        self.receipt = ""
        self.is_deleted = False
        self.is_dead = False
        self.parked_as = parked_as

    def __repr__(self) -> str:
        """Return what a reader needs to follow an example."""
        return f"<{self.id} {self.body}>"

    @property
    def says(self) -> dict[str, str]:
        """The fields of the body; empty if it names no log."""
        says = json.loads(self.body) if self.body.startswith("{") else {}
        return says if says.get("log_type") in KINDS else {}

    @property
    def kind(self) -> LogKind:
        """The kind of log that the message names."""
        return KINDS[self.says["log_type"]]

    @property
    def key(self) -> str:
        """The key of the row that shows its ending, if its ID is the log's."""
        says = self.says
        if not says:
            return self.parked_as or f"parked#{self.id}"
        return self.kind.key(says.get("log_id") or says["resource_sid"])


@dataclass
class MessageQueue:
    """All messages that were ever sent."""

    clock: Clock
    #: How far the queue's own clock is ahead of the true time.
    skew: timedelta = timedelta(0)
    #: Messages about other logs, which no example follows: visible, and in flight.
    others: tuple[int, int] = (0, 0)
    all: list[Message] = field(default_factory=list)

    @property
    def waiting(self) -> list[Message]:
        """Messages that are neither deleted nor dead."""
        return [one for one in self.all if not one.is_deleted and not one.is_dead]

    @property
    def visible(self) -> list[Message]:
        """Messages that can be delivered now."""
        return [one for one in self.waiting if one.visible_at <= self.clock()]

    def depth(self) -> tuple[int, int]:
        """Return how many messages are visible, and how many in flight."""
        visible, in_flight = self.others
        count = len(self.visible)
        return visible + count, in_flight + len(self.waiting) - count

    def send(
        self, body: str, parked_as: str | None = None, *, age: timedelta = timedelta(0)
    ) -> None:
        """Accept a message, which may be redriven, or have waited since long ago."""
        sent_at = self.clock() - age
        self.all.append(Message(f"m{len(self.all)}", body, sent_at, sent_at + self.skew, parked_as))

    def receive(self, message: Message) -> Delivery | None:
        """Deliver a message, or move it to the dead-letter queue after the last receive."""
        if message.receives >= MAX_RECEIVES:
            message.is_dead = True
            return None
        message.receives += 1
        message.receipt = f"{message.id} {message.receives}"
        message.visible_at = self.clock() + VISIBILITY_TIMEOUT
        return Delivery(
            message_id=message.id,
            receipt_handle=message.receipt,
            body=message.body,
            attempt=message.receives,
            sent_at=message.stamp,
            parked_as=message.parked_as,
        )

    def delay(self, waits: Mapping[str, int]) -> int:
        """Hide messages by the receipt of their last delivery; return how many were not found."""
        held = {one.receipt: one for one in self.waiting}
        for receipt, seconds in waits.items():
            if receipt in held:
                held[receipt].visible_at = self.clock() + timedelta(seconds=seconds)
        return len(waits.keys() - held.keys())
