"""The queue in SQS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import batched
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

#: SQS's limit for one batch call.
_MAX_ENTRIES = 10


class SqsQueue:
    """Implements :class:`hooklog.ports.Queue`."""

    def __init__(self, client: Callable[[], SQSClient], url: str) -> None:
        """Make no client yet: most batches need none."""
        self._client = client
        self._url = url

    def delay(self, waits: Mapping[str, int]) -> int:
        """Change the messages' visibility timeouts, ten a call."""
        unset = 0
        for chunk in batched(waits.items(), _MAX_ENTRIES, strict=False):
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
