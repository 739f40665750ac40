"""The messages of a batch, each with the log that it requests; all carry canaries."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hooklog.enrich.deliveries import Delivery
from local.space import Log, LogType
from tests.builders import PROJECT_ID, body, delivery, fax_log, message_log
from tests.fakes import NOW
from tests.faults.canary import NUMBER, TEXT

#: Time between the sending of the messages and the start of the batch.
WAITED = timedelta(seconds=10)

#: Text that depends on its message.
type Text = Callable[[Message], str]


@dataclass
class Message:
    """One message on the queue, which faults may change.

    Attributes:
        name: SQS message ID.
        kind: kind of log.
        log: the log as SignalWire has it.
        body: the body as sent.
        attempt: deliveries so far.
        parked_as: key of the row from which it was redriven.

    """

    name: str
    kind: LogType
    log: Log
    body: str
    attempt: int = 1
    parked_as: str | None = None
    sent_at: datetime = NOW - WAITED

    @property
    def log_id(self) -> str:
        """The log's own ID."""
        return str(self.log["id"])

    @property
    def key(self) -> str:
        """The key of the log's row."""
        return f"{self.kind}#{self.log_id}"

    @property
    def sid(self) -> str:
        """The resource's SID, which finds the log in a list."""
        return str(self.log["url"]).rpartition("/")[2]

    @property
    def key_by_sid(self) -> str:
        """The key of the row if the SID is taken for the log's ID."""
        return f"{self.kind}#{self.sid}"

    @property
    def keys(self) -> set[str]:
        """The keys of all rows in which the message may be stored or parked."""
        keys = {self.key, self.key_by_sid, f"parked#{self.name}"}
        return keys | ({self.parked_as} if self.parked_as else set())

    @property
    def handle(self) -> str:
        """SQS receipt handle."""
        return self.delivery().receipt_handle

    def delivery(self) -> Delivery:
        """Return the current delivery."""
        return delivery(
            self.body,
            message_id=self.name,
            attempt=self.attempt,
            sent_at=self.sent_at,
            parked_as=self.parked_as,
        )

    def again(self) -> Message:
        """Return the same message, delivered once more."""
        return replace(self, attempt=self.attempt + 1)


def fax(name: str, number: int = 1) -> Message:
    """Return a message that requests a fax that succeeded."""
    log_id = _uuid(number)
    log = fax_log(id=log_id, url=_url("Faxes", number), to=NUMBER, body=TEXT)
    return Message(name, "fax", log, _body(name, "fax", log_id))


def text_message(name: str, number: int = 2) -> Message:
    """Return a message that requests a text message that was delivered."""
    log_id = _uuid(number)
    log = message_log(id=log_id, url=_url("Messages", number), to=NUMBER, body=TEXT)
    return Message(name, "message", log, _body(name, "message", log_id))


def neighbours() -> list[Message]:
    """Return messages that a fault of another message must not affect.

    The fax's message tells its end, so no further request is needed that another fault could stop.
    """
    settled = fax("neighbouring fax", 11)
    settled.body = json.dumps(json.loads(settled.body) | {"status": "delivered"})
    return [settled, text_message("neighbouring message", 12)]


def _uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def _url(resources: str, number: int) -> str:
    account = f"https://example.signalwire.com/api/laml/2010-04-01/Accounts/{PROJECT_ID}"
    return f"{account}/{resources}/{_uuid(number + 1000)}"


def _body(name: str, kind: LogType, log_id: str) -> str:
    return body(kind, log_id, name=name, to=NUMBER, text=TEXT)
