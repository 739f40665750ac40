"""SQS queues: messages with attributes, sent at a bounded rate; those that wait, and how many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import batched
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from hooklog.adapters.aws.sqs import MAX_ENTRIES
from hooklog_ops.errors import SendError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

#: SQS's limit for the bytes of one batch call, with room for the attributes.
_MAX_BYTES = 240_000
#: Seconds. A receive that waits asks all of SQS's servers; one that does not can miss messages.
_WAIT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message to be sent, with its message attributes."""

    body: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDepth:
    """The approximate number of messages in a queue.

    Attributes:
        visible: ready to be received.
        in_flight: received and not deleted yet, or hidden until a retry.
        delayed: not yet visible, because they were sent a moment ago.

    """

    visible: int
    in_flight: int
    delayed: int

    @property
    def total(self) -> int:
        """All messages."""
        return self.visible + self.in_flight + self.delayed


def queue_depth(client: SQSClient, url: str) -> QueueDepth:
    """Ask a queue how many messages it holds."""
    counts = client.get_queue_attributes(
        QueueUrl=url,
        AttributeNames=[
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ],
    )["Attributes"]
    return QueueDepth(
        visible=int(counts["ApproximateNumberOfMessages"]),
        in_flight=int(counts["ApproximateNumberOfMessagesNotVisible"]),
        delayed=int(counts["ApproximateNumberOfMessagesDelayed"]),
    )


def receive(
    client: SQSClient, url: str, limit: int, *, visibility_timeout: int
) -> Iterator[MessageTypeDef]:
    """Receive messages, each one once, and hide them from others for that many seconds."""
    seen: set[str] = set()
    while len(seen) < limit:
        answer = client.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=min(MAX_ENTRIES, limit - len(seen)),
            VisibilityTimeout=visibility_timeout,
            WaitTimeSeconds=_WAIT,
            MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
            MessageAttributeNames=["All"],
        )
        new = [one for one in answer.get("Messages", []) if one["MessageId"] not in seen]
        if not new:
            return
        seen |= {one["MessageId"] for one in new}
        yield from new


def sent_at(message: MessageTypeDef) -> datetime:
    """Return when a received message was put on its queue."""
    return datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC)


def release(client: SQSClient, url: str, receipt_handles: Iterable[str]) -> None:
    """Make received messages visible to others again at once."""
    for chunk in batched(receipt_handles, MAX_ENTRIES, strict=False):
        client.change_message_visibility_batch(
            QueueUrl=url,
            Entries=[
                {"Id": str(index), "ReceiptHandle": handle, "VisibilityTimeout": 0}
                for index, handle in enumerate(chunk)
            ],
        )


def delete(client: SQSClient, url: str, receipt_handles: Iterable[str]) -> None:
    """Delete received messages."""
    for chunk in batched(receipt_handles, MAX_ENTRIES, strict=False):
        client.delete_message_batch(
            QueueUrl=url,
            Entries=[
                {"Id": str(index), "ReceiptHandle": handle} for index, handle in enumerate(chunk)
            ],
        )


def send(client: SQSClient, url: str, messages: Sequence[Message]) -> None:
    """Put messages on a queue, ten per call.

    Raises:
        SendError: the queue refused some; the text says how many.

    """
    reasons = [reason for batch in _batches(messages) for reason in _send(client, url, batch)]
    if reasons:
        raise SendError(
            f"The queue refused {len(reasons)} of {len(messages)} messages ({reasons[-1]})."
        )


def at_rate[T](
    items: Sequence[T], per_second: float, sleep: Callable[[float], None]
) -> Iterator[Sequence[T]]:
    """Yield ten items at a time, at most ``per_second`` on average."""
    for number, chunk in enumerate(batched(items, MAX_ENTRIES, strict=False)):
        if number:
            sleep(MAX_ENTRIES / per_second)
        yield chunk


def _send(client: SQSClient, url: str, batch: Sequence[Message]) -> list[str]:
    """Send a batch; return the reason for each message that was refused."""
    try:
        answer = client.send_message_batch(
            QueueUrl=url,
            Entries=[
                {
                    "Id": str(index),
                    "MessageBody": message.body,
                    "MessageAttributes": {
                        name: {"DataType": "String", "StringValue": value}
                        for name, value in message.attributes.items()
                    },
                }
                for index, message in enumerate(batch)
            ],
        )
    except ClientError as error:
        return [error.response["Error"]["Code"]] * len(batch)
    except BotoCoreError as error:
        # The queue may have taken them; sending them again costs one read each.
        return [type(error).__name__] * len(batch)
    return [entry["Code"] for entry in answer.get("Failed", [])]


def _batches(messages: Sequence[Message]) -> Iterator[list[Message]]:
    batch: list[Message] = []
    size = 0
    for message in messages:
        length = len(message.body.encode())
        if batch and (len(batch) == MAX_ENTRIES or size + length > _MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += length
    if batch:
        yield batch
