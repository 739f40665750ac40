"""The queue: messages that are delivered, hidden, delivered again and in the end deleted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hooklog.enrich.deliveries import Delivery
from hooklog.logs import KINDS, LogKind
from tests.fakes import Clock

#: As in the template.
VISIBILITY = timedelta(seconds=420)
MAX_RECEIVES = 14


class Message:
    """One message, wherever it is.

    Attributes:
        id: of the message.
        body: as it was sent.
        sent_at: when, in truth.
        stamp: when, by the queue's own clock.
        visible_at: hidden until then.
        receives: deliveries so far.
        receipt: of the last delivery.
        is_deleted: acknowledged.
        is_dead: in the dead-letter queue.
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
        """Be sent."""
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
        """Say what is needed to follow an example."""
        return f"<{self.id} {self.body}>"

    @property
    def says(self) -> dict[str, str]:
        """What the body says; nothing if it names no log."""
        says = json.loads(self.body) if self.body.startswith("{") else {}
        return says if says.get("log_type") in KINDS else {}

    @property
    def kind(self) -> LogKind:
        """Of the log that it names."""
        return KINDS[self.says["log_type"]]

    @property
    def key(self) -> str:
        """Where its end would be found if the ID that it names is the log's."""
        says = self.says
        if not says:
            return self.parked_as or f"parked#{self.id}"
        return self.kind.key(says.get("log_id") or says["resource_sid"])


@dataclass
class Messages:
    """All messages there ever were."""

    clock: Clock
    #: How far the queue's own clock is from the truth.
    skew: timedelta = timedelta(0)
    all: list[Message] = field(default_factory=list)

    @property
    def waiting(self) -> list[Message]:
        """Those that have not come to an end."""
        return [one for one in self.all if not one.is_deleted and not one.is_dead]

    @property
    def visible(self) -> list[Message]:
        """Those that can be delivered now."""
        return [one for one in self.waiting if one.visible_at <= self.clock()]

    def send(self, body: str, parked_as: str | None = None) -> None:
        """Take a message, perhaps one that is redriven."""
        now = self.clock()
        self.all.append(Message(f"m{len(self.all)}", body, now, now + self.skew, parked_as))

    def receive(self, message: Message) -> Delivery | None:
        """Deliver it, unless that was done too often."""
        if message.receives >= MAX_RECEIVES:
            message.is_dead = True
            return None
        message.receives += 1
        message.receipt = f"{message.id} {message.receives}"
        message.visible_at = self.clock() + VISIBILITY
        return Delivery(
            message_id=message.id,
            receipt_handle=message.receipt,
            body=message.body,
            attempt=message.receives,
            sent_at=message.stamp,
            parked_as=message.parked_as,
        )

    def delay(self, waits: Mapping[str, int]) -> int:
        """Hide messages by their last delivery; the deleted cannot be hidden."""
        held = {one.receipt: one for one in self.waiting}
        for receipt, seconds in waits.items():
            if receipt in held:
                held[receipt].visible_at = self.clock() + timedelta(seconds=seconds)
        return len(waits.keys() - held.keys())
