"""The dead-letter queue: look into it, and redrive its messages.

It holds messages that crashed the function or timed out on every delivery. Any other message that
cannot be processed is parked in the table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from hooklog.clock import Clock, iso
from hooklog_ops.queues import Message, at_rate, delete, receive, release, send, sent_at

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

#: Message attributes that say who redrove a dead letter, and when.
REDRIVEN_BY, REDRIVEN_AT = "redriven_by", "redriven_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One message of the dead-letter queue.

    Attributes:
        message_id: SQS's.
        receipt_handle: of this receive.
        body: as it came.
        log_type: that the body names; None if it cannot be read.
        log_id: that the body names, or a fax's SID where only that is known; None if it cannot be
            read.
        sent_at: when it was put on the main queue.
        attempts: receives, this one included.
        attributes: its message attributes that are strings.

    """

    message_id: str
    receipt_handle: str
    body: str
    log_type: str | None
    log_id: str | None
    sent_at: datetime
    attempts: int
    attributes: dict[str, str]


class DeadLetters:
    """The messages of the dead-letter queue."""

    def __init__(self, client: SQSClient, url: str) -> None:
        """Use the queue at that URL."""
        self._client = client
        self._url = url

    def receive(self, limit: int, *, visibility_timeout: int) -> Iterator[DeadLetter]:
        """Receive messages, each one once, and hide them from others for that many seconds."""
        messages = receive(self._client, self._url, limit, visibility_timeout=visibility_timeout)
        return map(_dead_letter, messages)

    def release(self, letters: Sequence[DeadLetter]) -> None:
        """Make received messages visible to others again at once."""
        release(self._client, self._url, (letter.receipt_handle for letter in letters))

    def redrive(
        self,
        letters: Sequence[DeadLetter],
        url: str,
        *,
        by: str,
        per_second: float,
        clock: Clock,
        sleep: Callable[[float], None],
        done: Callable[[int], None],
    ) -> None:
        """Put messages on the main queue again, at a bounded rate.

        Each is sent before it is deleted here: a crash between the two makes a second message
        for the same log, which costs one read, and never loses one.

        Args:
            letters: as :meth:`receive` returned them, and still hidden from others.
            url: of the main queue.
            by: who redrives; goes with the message.
            per_second: messages per second, on average.
            clock: for the time of the redrive.
            sleep: waits some seconds, to hold the rate.
            done: is called with the number of messages after each batch.

        Raises:
            SendError: the main queue refused some messages; they stay here.

        """
        for chunk in at_rate(letters, per_second, sleep):
            mark = {REDRIVEN_BY: by, REDRIVEN_AT: iso(clock())}
            messages = [
                Message(body=letter.body, attributes=letter.attributes | mark) for letter in chunk
            ]
            send(self._client, url, messages)
            delete(self._client, self._url, (letter.receipt_handle for letter in chunk))
            done(len(chunk))


def _dead_letter(message: MessageTypeDef) -> DeadLetter:
    log_type, log_id = _named(message["Body"])
    return DeadLetter(
        message_id=message["MessageId"],
        receipt_handle=message["ReceiptHandle"],
        body=message["Body"],
        log_type=log_type,
        log_id=log_id,
        sent_at=sent_at(message),
        attempts=int(message["Attributes"]["ApproximateReceiveCount"]),
        attributes={
            name: attribute["StringValue"]
            for name, attribute in message.get("MessageAttributes", {}).items()
            if "StringValue" in attribute
        },
    )


def _named(body: str) -> tuple[str | None, str | None]:
    """Read which log a body names, as far as it can be read: it may be why the message is here."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None, None
    if not isinstance(content, dict):
        return None, None
    names = (content.get("log_type"), content.get("log_id") or content.get("resource_sid"))
    log_type, log_id = (name if isinstance(name, str) else None for name in names)
    return log_type, log_id
