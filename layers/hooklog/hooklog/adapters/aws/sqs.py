"""The queue in SQS: visibility timeouts, its depth, and new messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import batched
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from hooklog.errors import QueueUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

#: SQS's limit for one batch call.
MAX_ENTRIES = 10
_VISIBLE: Final = "ApproximateNumberOfMessages"
_IN_FLIGHT: Final = "ApproximateNumberOfMessagesNotVisible"


class SqsQueue:
    """Implements :class:`hooklog.enrich.ports.Queue`."""

    def __init__(self, client: Callable[[], SQSClient], url: str) -> None:
        """Make no client yet; most batches need none."""
        self._client = client
        self._url = url

    def delay(self, waits: Mapping[str, int]) -> int:
        """Change the messages' visibility timeouts, ten per call."""
        unset = 0
        for chunk in batched(waits.items(), MAX_ENTRIES, strict=False):
            try:
                answer = self._client().change_message_visibility_batch(
                    QueueUrl=self._url,
                    Entries=[
                        {"Id": str(index), "ReceiptHandle": handle, "VisibilityTimeout": seconds}
                        for index, (handle, seconds) in enumerate(chunk)
                    ],
                )
            except (ClientError, BotoCoreError):
                # Counted, and reported as queue.unavailable.
                unset += len(chunk)
            else:
                unset += len(answer.get("Failed", []))
        return unset

    def depth(self) -> tuple[int, int]:
        """Return how many messages are visible, and how many in flight; none if SQS is silent."""
        try:
            answer = self._client().get_queue_attributes(
                QueueUrl=self._url, AttributeNames=[_VISIBLE, _IN_FLIGHT]
            )
        except (ClientError, BotoCoreError):
            return 0, 0
        counts = answer.get("Attributes", {})
        return int(counts.get(_VISIBLE, 0)), int(counts.get(_IN_FLIGHT, 0))


class SqsProducer:
    """Puts messages on the queue, for the webhook and the sweep function."""

    def __init__(self, client: Callable[[], SQSClient], url: str) -> None:
        """Make no client yet; a refused callback needs none."""
        self._client = client
        self._url = url

    def send(self, body: str) -> None:
        """Put one message on the queue."""
        try:
            self._client().send_message(QueueUrl=self._url, MessageBody=body)
        except (ClientError, BotoCoreError) as error:
            raise _unavailable(error) from None

    def send_all(self, bodies: Sequence[str]) -> None:
        """Put messages on the queue, ten per call; some may be there when this raises."""
        for chunk in batched(bodies, MAX_ENTRIES, strict=False):
            try:
                answer = self._client().send_message_batch(
                    QueueUrl=self._url,
                    Entries=[
                        {"Id": str(index), "MessageBody": body} for index, body in enumerate(chunk)
                    ],
                )
            except (ClientError, BotoCoreError) as error:
                raise _unavailable(error) from None
            if failed := len(answer.get("Failed", [])):
                raise QueueUnavailableError(f"SQS refused {failed} of {len(chunk)} messages.")


def _unavailable(error: ClientError | BotoCoreError) -> QueueUnavailableError:
    if isinstance(error, ClientError):
        code = error.response["Error"]["Code"]
        return QueueUnavailableError(f"SQS did not take the message ({code}).")
    return QueueUnavailableError(f"SQS could not be reached ({type(error).__name__}).")
