"""A tap on the event bus: a rule and a queue that exist only while somebody watches.

Nothing else shows what is on a bus: EventBridge delivers an event to the targets of its rules, and
keeps nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from hooklog.adapters.aws.sqs import MAX_ENTRIES
from hooklog.publish.events import SOURCE
from hooklog_ops.errors import TapError, describe
from hooklog_ops.queues import delete, sent_at

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

#: What the names of all taps' rules and queues begin with.
PREFIX: Final = "hooklog-tail-"
#: Seconds, the least that SQS allows: events have numbers, and an orphaned queue gets them, too.
_RETENTION: Final = 60
#: Seconds of one receive, the most that SQS allows.
_WAIT: Final = 20
#: IDs of events that are remembered; copies come within minutes.
_REMEMBERED: Final = 10_000
_TARGET: Final = "queue"
#: AWS's codes for what is no longer there.
_GONE: Final = frozenset(
    {
        "ResourceNotFoundException",
        "QueueDoesNotExist",
        "AWS.SimpleQueueService.NonExistentQueue",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An event that came.

    Attributes:
        event: as EventBridge delivers it, with its envelope.
        arrived_at: when EventBridge put it on the queue.
        repeated: whether an event with the same ``id`` came before.

    """

    event: Mapping[str, Any]
    arrived_at: datetime
    repeated: bool

    @property
    def written_at(self) -> datetime:
        """When the row was written, rounded down to a second as in the table's stream."""
        return datetime.fromisoformat(self.event["time"])

    @property
    def lag(self) -> float:
        """Seconds from the write to the arrival, up to one too many."""
        return (self.arrived_at - self.written_at).total_seconds()


class Tap:
    """One rule, and the queue that it fills."""

    def __init__(self, events: EventBridgeClient, sqs: SQSClient, *, bus: str, name: str) -> None:
        """Create nothing yet.

        Args:
            events: client of EventBridge.
            sqs: client of SQS.
            bus: ARN of the event bus.
            name: of the rule and the queue, which nothing else may have.

        """
        self._events = events
        self._sqs = sqs
        self._bus = bus.rpartition(":event-bus/")[2]
        self._name = name
        self._url: str | None = None
        self._undo: list[Callable[[], object]] = []
        self._seen: dict[str, None] = {}

    def open(self, *, log_type: str | None = None, outcome: str | None = None) -> None:
        """Create the rule and the queue; :meth:`close` has to follow, also after an error.

        Args:
            log_type: only events of this type; None for all.
            outcome: only events with this outcome; None for all.

        Raises:
            TapError: EventBridge does not take the queue as the rule's target.
            ClientError: AWS refused.
            BotoCoreError: AWS could not be reached.

        """
        wanted = {"log_type": log_type, "outcome": outcome}
        detail = {name: [value] for name, value in wanted.items() if value is not None}
        pattern = {"source": [SOURCE]} | ({"detail": detail} if detail else {})
        rule = self._make(
            lambda: self._events.put_rule(
                Name=self._name,
                EventBusName=self._bus,
                EventPattern=json.dumps(pattern),
                Description="Temporary: made by `hooklog events tail`, and removed at its end",
            ),
            lambda: self._events.delete_rule(Name=self._name, EventBusName=self._bus),
        )["RuleArn"]
        _, partition, _, region, account, _ = rule.split(":", 5)
        queue = f"arn:{partition}:sqs:{region}:{account}:{self._name}"
        self._url = self._make(
            lambda: self._sqs.create_queue(
                QueueName=self._name,
                Attributes={
                    "MessageRetentionPeriod": str(_RETENTION),
                    "SqsManagedSseEnabled": "true",
                    "Policy": _policy(queue, rule),
                },
            ),
            self._delete_queue,
        )["QueueUrl"]
        answer = self._make(
            lambda: self._events.put_targets(
                Rule=self._name,
                EventBusName=self._bus,
                Targets=[{"Id": _TARGET, "Arn": queue}],
            ),
            lambda: self._events.remove_targets(
                Rule=self._name, EventBusName=self._bus, Ids=[_TARGET]
            ),
        )
        for entry in answer["FailedEntries"]:
            raise TapError(
                "EventBridge does not take the queue as a target"
                f" ({entry.get('ErrorCode')}): {entry.get('ErrorMessage')}"
            )

    def arrivals(self) -> Iterator[Arrival]:
        """Yield the events as they come, without an end."""
        url = self._queue_url()
        while True:
            messages = self._sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=MAX_ENTRIES,
                WaitTimeSeconds=_WAIT,
                MessageSystemAttributeNames=["SentTimestamp"],
            ).get("Messages", [])
            yield from map(self._arrival, messages)
            delete(self._sqs, url, (message["ReceiptHandle"] for message in messages))

    def close(self) -> None:
        """Remove whatever was created, or may have been.

        Raises:
            TapError: something may be left; the text names it.

        """
        problems = []
        while self._undo:
            try:
                self._undo.pop()()
            except ClientError as error:
                if error.response["Error"]["Code"] not in _GONE:
                    problems.append(describe(error))
            except BotoCoreError as error:
                problems.append(describe(error))
        if problems:
            raise TapError(
                f"The rule {self._name} on the bus {self._bus}, or the queue of the same name, may"
                f" be left; remove both by hand. {problems[-1]}"
            )

    def _make[Answer](self, make: Callable[[], Answer], undo: Callable[[], object]) -> Answer:
        """Create something that :meth:`close` removes."""
        # Noted first: AWS may have carried out a call that an interrupt ends.
        self._undo.append(undo)
        try:
            return make()
        except ClientError:
            self._undo.pop()
            raise

    def _queue_url(self) -> str:
        # Without an answer of SQS, the queue may exist all the same.
        return self._url or self._sqs.get_queue_url(QueueName=self._name)["QueueUrl"]

    def _delete_queue(self) -> None:
        self._sqs.delete_queue(QueueUrl=self._queue_url())

    def _arrival(self, message: MessageTypeDef) -> Arrival:
        event: dict[str, Any] = json.loads(message["Body"])
        # Another sender's event may lack one; EventBridge gives every event an ID of its own.
        name = str(event["detail"].get("id", event["id"]))
        repeated = name in self._seen
        self._seen[name] = None
        if len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return Arrival(event=event, arrived_at=sent_at(message), repeated=repeated)


def _policy(queue: str, rule: str) -> str:
    """Let this rule send to the queue, and nothing else."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "events.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": queue,
                    "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
                }
            ],
        }
    )
