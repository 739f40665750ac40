"""Messages with attributes, on an SQS queue."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from hooklog.queue_messages import Origin
from hooklog_ops.problems import SendError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

#: SQS's limits for one batch call: messages, and bytes of all of them; with room for attributes.
_MAX_ENTRIES = 10
_MAX_BYTES = 240_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message to be sent; attributes are texts."""

    body: str
    attributes: Mapping[str, str] = field(default_factory=dict)


def send(client: SQSClient, url: str, messages: Sequence[Message]) -> None:
    """Put messages on a queue, ten a call.

    Raises:
        SendError: the queue refused some; the text says how many.

    """
    refused = 0
    reason = ""
    for batch in _batches(messages):
        failed = _send(client, url, batch)
        refused += len(failed)
        reason = failed[0] if failed else reason
    if refused:
        raise SendError(f"The queue refused {refused} of {len(messages)} messages ({reason}).")


def by_hand(log_type: str, log_id: str) -> Message:
    """Make the message by which a person asks for a log to be fetched and stored."""
    body = {"log_type": log_type, "log_id": log_id, "origin": Origin.MANUAL}
    return Message(body=json.dumps(body))


def at_rate[T](
    items: Sequence[T], per_second: float, sleep: Callable[[float], None]
) -> Iterator[Sequence[T]]:
    """Give items ten at a time, and at most so many a second."""
    for number, chunk in enumerate(batched(items, _MAX_ENTRIES, strict=False)):
        if number:
            sleep(_MAX_ENTRIES / per_second)
        yield chunk


def _send(client: SQSClient, url: str, batch: Sequence[Message]) -> list[str]:
    """Send a batch; give the reason of each message that was refused."""
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
        # Perhaps it took them; to send them again costs a read each.
        return [type(error).__name__] * len(batch)
    return [entry["Code"] for entry in answer.get("Failed", [])]


def _batches(messages: Sequence[Message]) -> Iterator[list[Message]]:
    batch: list[Message] = []
    size = 0
    for message in messages:
        length = len(message.body.encode())
        if batch and (len(batch) == _MAX_ENTRIES or size + length > _MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += length
    if batch:
        yield batch
