"""The dead-letter queue: a look into it, and the way back.

It holds what crashed the function or ran out of its time again and again; everything else that
cannot be processed is parked in the table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import batched
from typing import TYPE_CHECKING

from hooklog.clock import Clock, iso
from hooklog_ops.sending import Message, at_rate, send

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

#: SQS's limit for one batch call.
_MAX_ENTRIES = 10
#: Message attributes that say who redrove a dead letter, and when.
REDRIVEN_BY, REDRIVEN_AT = "redriven_by", "redriven_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One message of the dead-letter queue.

    Attributes:
        message_id: SQS's.
        receipt_handle: of this look at it.
        body: as it came.
        log_type: that the body names, if it can be read.
        log_id: likewise; a fax's SID where only that is known.
        sent_at: when it was put on the main queue.
        attempts: deliveries so far, this look included.
        attributes: its message attributes that are texts.

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
        """Look into the queue at that URL."""
        self._client = client
        self._url = url

    def count(self) -> int:
        """Say about how many there are, those that others look at right now included."""
        answer = self._client.get_queue_attributes(
            QueueUrl=self._url,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
        return sum(map(int, answer["Attributes"].values()))

    def look(self, most: int, *, seconds: int) -> Iterator[DeadLetter]:
        """Take messages, which nobody else sees for so many seconds; each one once."""
        seen: set[str] = set()
        while len(seen) < most:
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(_MAX_ENTRIES, most - len(seen)),
                VisibilityTimeout=seconds,
                WaitTimeSeconds=1,
                MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
                MessageAttributeNames=["All"],
            )
            new = [one for one in answer.get("Messages", []) if one["MessageId"] not in seen]
            if not new:
                return
            seen |= {one["MessageId"] for one in new}
            yield from map(_letter, new)

    def release(self, letters: Sequence[DeadLetter]) -> None:
        """Let others see these messages again at once."""
        for chunk in batched(letters, _MAX_ENTRIES, strict=False):
            self._client.change_message_visibility_batch(
                QueueUrl=self._url,
                Entries=[
                    {
                        "Id": str(index),
                        "ReceiptHandle": letter.receipt_handle,
                        "VisibilityTimeout": 0,
                    }
                    for index, letter in enumerate(chunk)
                ],
            )

    def redrive(
        self,
        letters: Sequence[DeadLetter],
        url: str,
        *,
        by: str,
        per_second: float,
        clock: Clock,
        sleep: Callable[[float], None],
        sent: Callable[[int], None],
    ) -> None:
        """Put messages on the main queue again, at most so many a second.

        Each is sent before it is deleted here: a crash between the two makes a second message
        for the same log, which costs a read, and never loses one.

        Args:
            letters: as :meth:`look` gave them, and still hidden from others.
            url: of the main queue.
            by: who does it; goes with the message.
            per_second: messages a second, on average.
            clock: for when it was done.
            sleep: to hold the rate.
            sent: is told the number of messages done with, as they are.

        Raises:
            SendError: the main queue did not take some of them; they stay here.

        """
        for chunk in at_rate(letters, per_second, sleep):
            mark = {REDRIVEN_BY: by, REDRIVEN_AT: iso(clock())}
            messages = [
                Message(body=letter.body, attributes=letter.attributes | mark) for letter in chunk
            ]
            send(self._client, url, messages)
            self._client.delete_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": letter.receipt_handle}
                    for index, letter in enumerate(chunk)
                ],
            )
            sent(len(chunk))


def _letter(message: MessageTypeDef) -> DeadLetter:
    log_type, log_id = _named(message["Body"])
    system = message["Attributes"]
    return DeadLetter(
        message_id=message["MessageId"],
        receipt_handle=message["ReceiptHandle"],
        body=message["Body"],
        log_type=log_type,
        log_id=log_id,
        sent_at=datetime.fromtimestamp(int(system["SentTimestamp"]) / 1000, UTC),
        attempts=int(system["ApproximateReceiveCount"]),
        attributes={
            name: attribute["StringValue"]
            for name, attribute in message.get("MessageAttributes", {}).items()
            if "StringValue" in attribute
        },
    )


def _named(body: str) -> tuple[str | None, str | None]:
    """Read what the body names, as far as it can be read: it may be why this is here."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None, None
    if not isinstance(content, dict):
        return None, None
    names = (content.get("log_type"), content.get("log_id") or content.get("resource_sid"))
    log_type, log_id = (name if isinstance(name, str) else None for name in names)
    return log_type, log_id
