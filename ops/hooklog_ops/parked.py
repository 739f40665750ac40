"""The parked list: what waits for an operator, and how it goes on the queue again.

Everything here goes through the sparse index ``parked``; the table is never scanned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from boto3.dynamodb.types import TypeDeserializer

from hooklog.adapters.aws.dynamodb import DynamoTable
from hooklog.clock import Clock, iso
from hooklog.errors import (
    FetchError,
    LogError,
    MessageError,
    StoreError,
    UnexpectedError,
    family,
)
from hooklog.queue_messages import PARKED_AS, Origin, with_origin
from hooklog.records.parking import Redrive
from hooklog.records.store import Stored, apply
from hooklog_ops.problems import SendError
from hooklog_ops.sending import Message, at_rate, send

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef
    from mypy_boto3_sqs import SQSClient

INDEX = "parked"
_KEYS = "parked_code = :code AND parked_at BETWEEN :since AND :until"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedItem:
    """One entry of the list.

    Attributes:
        key: of its row.
        code: why it was parked, one of hooklog's own codes.
        detail: the same as a sentence.
        log_type: ``fax``, ``message``, or None if the message does not say.
        attempts: before it was parked.
        first_at: when it was parked for the first time.
        parked_at: when it was parked last.
        redriven_at: when it was put on the queue again.
        redriven_by: by whom.

    """

    key: str
    code: str
    detail: str
    log_type: str | None
    attempts: int
    first_at: datetime
    parked_at: datetime
    redriven_at: datetime | None
    redriven_by: str | None

    @property
    def is_under_way(self) -> bool:
        """Whether it was redriven and has not been parked again since."""
        return self.redriven_at is not None and self.redriven_at > self.parked_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which entries of the list an operator means.

    Attributes:
        codes: why they were parked; all codes if there are none.
        log_type: of which kind of log; any if None.
        since: parked then or later.
        until: parked before then.

    """

    codes: Sequence[str] = ()
    log_type: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(slots=True)
class Redriven:
    """What became of a redrive."""

    sent: int = 0
    #: Went from the list, or were parked anew, before we came to them.
    changed: int = 0


def parkable_codes() -> list[str]:
    """Name every code that a message can be parked with."""
    errors = family(MessageError, FetchError, LogError, StoreError, UnexpectedError)
    return sorted(error.code for error in errors)


class ParkedList:
    """The entries of the index, oldest first within a code."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        """Read the index of that table."""
        self._client = client
        self._table_name = table_name
        self._table = DynamoTable(client, table_name)

    def items(self, wanted: Wanted) -> Iterator[ParkedItem]:
        """Give the entries that are wanted, a query a code."""
        since = iso(wanted.since) if wanted.since else "0"
        until = iso(wanted.until) if wanted.until else "9"
        for code in wanted.codes or parkable_codes():
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table_name,
                IndexName=INDEX,
                KeyConditionExpression=_KEYS,
                ExpressionAttributeValues={
                    ":code": {"S": code},
                    ":since": {"S": since},
                    ":until": {"S": until},
                },
            )
            for page in pages:
                for raw in page["Items"]:
                    item = parked_item(raw)
                    if wanted.log_type in (None, item.log_type):
                        yield item

    def redrive(
        self,
        items: Sequence[ParkedItem],
        queue: tuple[SQSClient, str],
        *,
        by: str,
        per_second: float,
        clock: Clock,
        sleep: Callable[[float], None],
        sent: Callable[[int], None],
    ) -> Redriven:
        """Put messages on the queue again, at most so many a second.

        Each is marked before it is sent: the mark is what keeps two operators from redriving
        the same, and what is marked and not sent is still on the list.

        Args:
            items: as the list gave them; what has changed since is left alone.
            queue: client and URL of the queue.
            by: who does it, kept in the row.
            per_second: messages a second, on average.
            clock: for the mark.
            sleep: to hold the rate.
            sent: is told the number of messages done with, as they are.

        Raises:
            SendError: the queue did not take some of them.
            StoreError: the table did not take a mark.

        """
        done = Redriven()
        for chunk in at_rate(items, per_second, sleep):
            marked = self._mark(chunk, by, clock())
            messages = [
                Message(
                    # No old callback's status keeps a redriven message from a fetch.
                    body=with_origin(body, Origin.REDRIVE),
                    attributes={PARKED_AS: key},
                )
                for key, body in marked
            ]
            try:
                send(*queue, messages)
            except SendError as error:
                raise SendError(
                    f"{error} Nothing is lost; run the same command again with --again."
                ) from None
            done.sent += len(messages)
            done.changed += len(chunk) - len(messages)
            sent(len(chunk))
        return done

    def _mark(self, items: Sequence[ParkedItem], by: str, at: datetime) -> list[tuple[str, str]]:
        """Mark rows as redriven; give key and message of those that are still as they were."""
        keys = [item.key for item in items]
        bodies = self._bodies(keys)
        marks = [
            Redrive(key=item.key, parked_at=item.parked_at, by=by, at=at)
            for item in items
            if item.key in bodies
        ]
        results = apply(self._table, marks, self._table.read(keys, consistent=True))
        for result in results.values():
            if isinstance(result, StoreError):
                raise result
        return [(key, bodies[key]) for key, result in results.items() if isinstance(result, Stored)]

    def _bodies(self, keys: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        # One by one: bodies can be large, and a batch may leave some of them unread.
        for key in keys:
            answer = self._client.get_item(
                TableName=self._table_name,
                Key={"pk": {"S": key}},
                ProjectionExpression="parked_body",
            )
            if body := answer.get("Item", {}).get("parked_body"):
                found[key] = body["S"]
        return found


def parked_item(raw: Mapping[str, AttributeValueTypeDef]) -> ParkedItem:
    """Read an entry of the index."""
    deserialize = TypeDeserializer().deserialize
    values = {name: deserialize(value) for name, value in raw.items()}

    def moment(name: str) -> datetime | None:
        return datetime.fromisoformat(values[name]) if name in values else None

    return ParkedItem(
        key=values["pk"],
        code=values["parked_code"],
        detail=values["parked_detail"],
        log_type=values.get("log_type"),
        attempts=int(values["parked_attempts"]),
        first_at=datetime.fromisoformat(values["parked_first_at"]),
        parked_at=datetime.fromisoformat(values["parked_at"]),
        redriven_at=moment("redriven_at"),
        redriven_by=values.get("redriven_by"),
    )
