"""The parked list: messages that wait for an operator, and their redrive.

Everything here goes through the sparse index ``parked``; the table is never scanned. The index does
not have the other name of a fax, so :func:`logs_of` reads the rows of the entries that are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

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
from hooklog_ops.errors import SendError
from hooklog_ops.queues import Message, at_rate, send
from hooklog_ops.records import Found, Records, decode_cursor, encode_cursor, may_be_sid

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef
    from mypy_boto3_sqs import SQSClient

_INDEX = "parked"
_KEYS = "parked_code = :code AND parked_at BETWEEN :since AND :until"
#: Entries of each code in an overview of the list.
SAMPLE = 100
#: Stands for the kind of log of a message that names none.
UNREADABLE: Final = "unreadable message"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedItem:
    """One entry of the list.

    Attributes:
        key: of its row.
        code: why it was parked, one of hooklog's own codes.
        detail: the reason as a sentence.
        log_type: kind of log, or None if the message does not name one.
        attempts: deliveries before it was parked.
        first_at: when it was parked for the first time.
        parked_at: when it was parked last.
        redriven_at: when it was put on the queue again.
        redriven_by: who did that.

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
class ParkedPage:
    """Entries with one code, oldest first, and the cursor of the next page; None at the end."""

    code: str
    items: Sequence[ParkedItem]
    cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedFilter:
    """Selects entries of the list.

    Attributes:
        codes: any of these; empty for every code.
        log_type: kind of log; None for any.
        since: parked at that time or later.
        until: parked before that time.

    """

    codes: Sequence[str] = ()
    log_type: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(slots=True)
class RedriveResult:
    """The number of messages that a redrive sent, and of those that it left alone."""

    sent: int = 0
    #: Left the list, or were parked again, since they were listed.
    changed: int = 0


def parkable_codes() -> list[str]:
    """Return every code that a message can be parked with."""
    errors = family(MessageError, FetchError, LogError, StoreError, UnexpectedError)
    return sorted(error.code for error in errors)


def logs_of(records: Records, items: Sequence[ParkedItem]) -> dict[str, Found]:
    """Find the logs of those entries whose keys may name a SID, with two calls per hundred."""
    return records.find_all([item.key for item in items if may_be_sid(item.key)])


class ParkedList:
    """The entries of the index, oldest first within a code."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        """Read the index of that table."""
        self._client = client
        self._table_name = table_name
        self._table = DynamoTable(client, table_name)

    def items(self, wanted: ParkedFilter) -> Iterator[ParkedItem]:
        """Yield the selected entries, with one query per code."""
        since = iso(wanted.since) if wanted.since else "0"
        until = iso(wanted.until) if wanted.until else "9"
        for code in wanted.codes or parkable_codes():
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table_name,
                IndexName=_INDEX,
                KeyConditionExpression=_KEYS,
                ExpressionAttributeValues={
                    ":code": {"S": code},
                    ":since": {"S": since},
                    ":until": {"S": until},
                },
            )
            for page in pages:
                for item in map(_parked_item, page["Items"]):
                    if wanted.log_type in (None, item.log_type):
                        yield item

    def page(self, code: str, *, limit: int, cursor: str | None = None) -> ParkedPage:
        """Return one page of the entries with a code, by one query.

        Args:
            code: one of hooklog's own.
            limit: entries per page.
            cursor: from the page before.

        Raises:
            CursorError: no page returned this cursor.

        """
        start = decode_cursor(cursor)
        more: dict[str, Any] = {"ExclusiveStartKey": start} if start else {}
        answer = self._client.query(
            TableName=self._table_name,
            IndexName=_INDEX,
            KeyConditionExpression="parked_code = :code",
            ExpressionAttributeValues={":code": {"S": code}},
            Limit=limit,
            **more,
        )
        return ParkedPage(
            code=code,
            items=[_parked_item(item) for item in answer["Items"]],
            cursor=encode_cursor(answer.get("LastEvaluatedKey")),
        )

    def oldest(self, pool: Executor) -> list[ParkedPage]:
        """Return the oldest entries of each code that has any, the most frequent code first."""
        pages = pool.map(lambda code: self.page(code, limit=SAMPLE), parkable_codes())
        return sorted((page for page in pages if page.items), key=lambda page: -len(page.items))

    def redrive(
        self,
        items: Sequence[ParkedItem],
        queue: tuple[SQSClient, str],
        *,
        by: str,
        per_second: float,
        clock: Clock,
        sleep: Callable[[float], None],
        done: Callable[[int], None],
    ) -> RedriveResult:
        """Put messages on the queue again, at a bounded rate.

        Each row is marked before its message is sent. The mark keeps two operators from redriving
        the same message; a message that is marked and not sent is still on the list.

        Args:
            items: as listed; those that have changed since are left alone.
            queue: client and URL of the queue.
            by: who redrives; kept in the row.
            per_second: messages per second, on average.
            clock: for the mark.
            sleep: waits some seconds, to hold the rate.
            done: is called with the number of messages after each batch.

        Raises:
            SendError: the queue refused some messages.
            StoreError: the table refused a mark.

        """
        result = RedriveResult()
        for chunk in at_rate(items, per_second, sleep):
            marked = self._mark(chunk, by, clock())
            messages = [
                Message(
                    # A redriven message is always fetched, whatever its old callback announced.
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
            result.sent += len(messages)
            result.changed += len(chunk) - len(messages)
            done(len(chunk))
        return result

    def _mark(self, items: Sequence[ParkedItem], by: str, at: datetime) -> list[tuple[str, str]]:
        """Mark rows as redriven; return key and message of those that have not changed."""
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


def _parked_item(raw: Mapping[str, AttributeValueTypeDef]) -> ParkedItem:
    """Read an entry of the index."""
    deserialize = TypeDeserializer().deserialize
    values = {name: deserialize(value) for name, value in raw.items()}
    redriven_at = values.get("redriven_at")
    return ParkedItem(
        key=values["pk"],
        code=values["parked_code"],
        detail=values["parked_detail"],
        log_type=values.get("log_type"),
        attempts=int(values["parked_attempts"]),
        first_at=datetime.fromisoformat(values["parked_first_at"]),
        parked_at=datetime.fromisoformat(values["parked_at"]),
        redriven_at=datetime.fromisoformat(redriven_at) if redriven_at else None,
        redriven_by=values.get("redriven_by"),
    )
