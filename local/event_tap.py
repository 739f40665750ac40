"""A queue with a stack's events, as an application would have one, and what arrives there."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hooklog.logs import KINDS
from hooklog.parsing import parse
from hooklog.publish.changes import Told, told
from hooklog.publish.events import SOURCE, LogEvent
from local.cloud import LocalCloud
from local.stack import Item

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

_EVERY_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One event, as it arrived.

    Attributes:
        text: JSON of the whole event.
        detail_type: by which rules tell events apart.
        event: what it tells.
        arrived_at: when the bus put it on the queue.

    """

    text: str
    detail_type: str
    event: LogEvent
    arrived_at: datetime

    @property
    def key(self) -> str:
        """Key of the row that it tells of."""
        return KINDS[self.event.log_type].key(self.event.log_id)

    @property
    def told(self) -> Told:
        """What it tells of the log's end."""
        return Told(outcome=self.event.outcome, error_code=self.event.error_code)

    @property
    def lag(self) -> timedelta:
        """Time since the fetch of what it tells; the row was written in between."""
        return self.arrived_at - datetime.fromisoformat(self.event.fetched_at)


class EventTap:
    """A rule that takes all of hooklog's events, the queue behind it, and what it received."""

    def __init__(self, cloud: LocalCloud, name: str, bus: str = "default") -> None:
        """Create both under this name; only events from now on arrive."""
        self._sqs = cloud.client("sqs")
        self._url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        events = cloud.client("events")
        pattern = json.dumps({"source": [SOURCE]})
        events.put_rule(Name=name, EventBusName=bus, EventPattern=pattern)
        events.put_targets(
            Rule=name,
            EventBusName=bus,
            Targets=[{"Id": "queue", "Arn": arn["Attributes"]["QueueArn"]}],
        )
        self._received: list[Received] = []

    def receive(self) -> list[Received]:
        """Empty the queue, and return everything that has arrived so far.

        Raises:
            ValidationError: an event is not what its schema says.

        """
        while messages := self._sqs.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=10, AttributeNames=["SentTimestamp"]
        ).get("Messages"):
            self._received += map(_received, messages)
            self._sqs.delete_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]}
                    for index, message in enumerate(messages)
                ],
            )
        return list(self._received)

    def receive_until(
        self, is_enough: Callable[[Sequence[Received]], bool], *, within_s: float
    ) -> list[Received]:
        """Receive until that is enough or the time is up, and return everything that arrived."""
        deadline = time.monotonic() + within_s
        while not is_enough(received := self.receive()) and time.monotonic() < deadline:
            time.sleep(_EVERY_S)
        return received


def _received(message: MessageTypeDef) -> Received:
    event = json.loads(message["Body"])
    milliseconds = int(message["Attributes"]["SentTimestamp"])
    return Received(
        text=message["Body"],
        detail_type=event["detail-type"],
        event=parse(event["detail"], LogEvent),
        arrived_at=datetime.fromtimestamp(milliseconds / 1000, UTC),
    )


def latest(received: Iterable[Received]) -> Mapping[str, Received]:
    """Return the event of the greatest version of each row, by key."""
    return {one.key: one for one in sorted(received, key=lambda one: one.event.version)}


def repeated(received: Iterable[Received]) -> int:
    """Count the events that arrived before."""
    ids = [one.event.id for one in received]
    return len(ids) - len(set(ids))


def untold(items: Iterable[Item], received: Iterable[Received]) -> set[str]:
    """Return the keys of the rows whose last event says something else than they, or nothing."""
    last = {key: one.told for key, one in latest(received).items()}
    said = {item["pk"]: told(item["pk"], item) for item in items}
    return {key for key, says in said.items() if says is not None and last.get(key) != says}
