"""Lambda's event source mapping for SQS, one batch at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING

from hooklog.adapters.aws.sqs import MAX_ENTRIES
from tests.runtime.emulator import InvocationError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

    from local.space import Json


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one batch.

    Attributes:
        received: IDs of the messages.
        returned: IDs of those that stay on the queue until their visibility timeout ends.
        error: of an invocation without an answer; then all messages stay.

    """

    received: frozenset[str]
    returned: frozenset[str]
    error: InvocationError | None = None


class EventSource:
    """Receives messages, invokes the function, and deletes the messages that succeeded."""

    def __init__(
        self, sqs: SQSClient, queue_url: str, invoke: Callable[[Json], Json], size: int = 100
    ) -> None:
        """Use a queue and a function; a batch has at most `size` messages."""
        self._sqs = sqs
        self._url = queue_url
        self._invoke = invoke
        self._size = size

    def deliver(self) -> Outcome | None:
        """Deliver one batch; returns None when no message is visible.

        Raises:
            ValueError: the answer is not a valid partial batch response.

        """
        messages = self._receive()
        if not messages:
            return None
        received = frozenset(message["MessageId"] for message in messages)
        try:
            answer = self._invoke({"Records": [_record(message) for message in messages]})
        except InvocationError as error:
            return Outcome(received, received, error)
        returned = _named(answer)
        if len(returned) != len(set(returned)) or not received.issuperset(returned):
            raise ValueError(f"the answer names an unknown message, or one twice: {answer}")
        self._delete([message for message in messages if message["MessageId"] not in returned])
        return Outcome(received, frozenset(returned))

    def _receive(self) -> list[MessageTypeDef]:
        messages: list[MessageTypeDef] = []
        while len(messages) < self._size:
            answer = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(MAX_ENTRIES, self._size - len(messages)),
                MessageSystemAttributeNames=["All"],
                WaitTimeSeconds=0,
            )
            if not answer.get("Messages"):
                break
            messages += answer["Messages"]
        return messages

    def _delete(self, messages: list[MessageTypeDef]) -> None:
        for chunk in batched(messages, MAX_ENTRIES, strict=False):
            self._sqs.delete_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]}
                    for index, message in enumerate(chunk)
                ],
            )


def _record(message: MessageTypeDef) -> Json:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": {str(name): value for name, value in message["Attributes"].items()},
        "messageAttributes": {},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:hooklog",
        "awsRegion": "us-east-1",
    }


def _named(answer: Json) -> list[str]:
    """Return the failed messages; for a malformed answer Lambda redelivers the whole batch."""
    if not isinstance(answer, dict) or answer.keys() != {"batchItemFailures"}:
        raise ValueError(f"not a partial batch response: {answer}")
    failures = answer["batchItemFailures"]
    if not isinstance(failures, list):
        raise ValueError(f"not a list of failures: {answer}")  # noqa: TRY004 - as the others
    named: list[str] = []
    for failure in failures:
        identifier = failure.get("itemIdentifier") if isinstance(failure, dict) else None
        if not isinstance(identifier, str) or not identifier:
            raise ValueError(f"a failure without its message: {answer}")
        named.append(identifier)
    return named
