"""The table's records, found through an index and never by a scan."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any, Final, cast

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from hooklog.adapters.aws.dynamodb import MAX_KEYS
from hooklog.clock import iso
from hooklog.logs import KINDS
from hooklog_ops.errors import CursorError, IndexMissingError, PeriodError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

#: A row as Python values, with the attributes of a record or a parked message.
type Item = Mapping[str, Any]
#: The key of an index where a query starts or ended.
type IndexKey = Mapping[str, AttributeValueTypeDef]

#: The template's parameter that deploys an index.
PARAMETERS: Final = {"numbers": "IndexNumbers", "days": "IndexDays"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some records, newest first, and the cursor of the next page; None at the end."""

    items: Sequence[Item]
    cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An entry of the index of failures.

    Attributes:
        key: of its row.
        log_type: of its log.
        created_at: when the log was created.
        category: of the reason.
        code: SignalWire's, if the log has one.
        explanation: the catalogue's key of the reason.

    """

    key: str
    log_type: str
    created_at: datetime
    category: str
    code: str | None
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From ``since`` until just before ``until``, for some kinds of log."""

    since: datetime
    until: datetime
    log_types: Sequence[str] = tuple(KINDS)

    def __post_init__(self) -> None:
        """Raise PeriodError if it is empty, which would look like a period without records."""
        if self.until <= self.since:
            raise PeriodError("The period is empty; --until has to be later than --since.")

    def __contains__(self, moment: datetime) -> bool:
        """Return whether the moment lies in the period."""
        return self.since <= moment < self.until

    def days(self) -> list[date]:
        """Return the days that it touches, newest first."""
        last = self.until.date()
        return [last - timedelta(days=back) for back in range((last - self.since.date()).days + 1)]

    def partitions(self) -> list[tuple[date, str]]:
        """Return the day and the kind of log of each partition of a daily index, newest first."""
        return [(day, log_type) for day in self.days() for log_type in self.log_types]


class Records:
    """Reads the records of one table."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        """Read that table."""
        self._client = client
        self._table_name = table_name
        self._deserialize = TypeDeserializer().deserialize

    def get(self, key: str) -> Item | None:
        """Read one row as it is now."""
        answer = self._client.get_item(
            TableName=self._table_name, Key={"pk": {"S": key}}, ConsistentRead=True
        )
        return self._item(answer["Item"]) if "Item" in answer else None

    def of_number(self, number: str, *, limit: int, cursor: str | None = None) -> Page:
        """Return the history of a number at the other end.

        Args:
            number: as SignalWire writes it: E.164, a short code, ``whatsapp:+…``.
            limit: records per page.
            cursor: from the page before.

        Raises:
            IndexMissingError: the table has no such index.
            CursorError: no page returned this cursor.

        """
        keys, last = self._query(
            "numbers", "number", number, limit=limit, start=decode_cursor(cursor)
        )
        return Page(items=self.rows([key["pk"] for key in keys]), cursor=encode_cursor(last))

    def of_period(self, period: Period) -> Iterator[Item]:
        """Yield the logs that were created in a period, newest first per day and kind.

        Raises:
            IndexMissingError: the table has no such index.

        """
        for keys in self._partitions("days", "day", period, limit=MAX_KEYS):
            for item in self.rows([key["pk"] for key in keys]):
                if datetime.fromisoformat(item["created_at"]) in period:
                    yield item

    def failures(self, period: Period) -> Iterator[Failure]:
        """Yield the failed logs that were created in a period, newest first per day and kind."""
        for entries in self._partitions("failures", "failed_on", period):
            yield from (one for one in map(_failure, entries) if one.created_at in period)

    def failed_on(
        self, day: date, log_type: str, *, limit: int, after: tuple[datetime, str] | None = None
    ) -> tuple[list[Failure], bool]:
        """Return the failed logs of a day by one query, newest first, and whether there are more.

        ``after`` is the creation and the key of the last one that an earlier query returned.
        """
        partition = _partition(day, log_type)
        start: dict[str, AttributeValueTypeDef] = {}
        if after:
            start = {"created_at": {"S": iso(after[0])}, "pk": {"S": after[1]}}
            start["failed_on"] = {"S": partition}
        found, last = self._query("failures", "failed_on", partition, limit=limit, start=start)
        return [_failure(item) for item in found], last is not None

    def rows(self, keys: Sequence[str]) -> list[Item]:
        """Read rows by their keys, in that order; keys without a row are left out."""
        found: dict[str, Item] = {}
        for chunk in batched(keys, MAX_KEYS, strict=False):
            missing: list[dict[str, AttributeValueTypeDef]] = [{"pk": {"S": key}} for key in chunk]
            while missing:
                answer = self._client.batch_get_item(
                    RequestItems={self._table_name: {"Keys": missing}}
                )
                for raw in answer["Responses"].get(self._table_name, []):
                    item = self._item(raw)
                    found[item["pk"]] = item
                unread = answer["UnprocessedKeys"].get(self._table_name)
                missing = unread["Keys"] if unread else []
        return [found[key] for key in keys if key in found]

    def _partitions(
        self, index: str, attribute: str, period: Period, *, limit: int | None = None
    ) -> Iterator[list[Item]]:
        """Yield all pages of a daily index that a period touches."""
        for day, log_type in period.partitions():
            start: IndexKey | None = None
            while True:
                items, start = self._query(
                    index, attribute, _partition(day, log_type), limit=limit, start=start
                )
                yield items
                if start is None:
                    break

    def _query(
        self,
        index: str,
        attribute: str,
        value: str,
        *,
        limit: int | None = None,
        start: IndexKey | None = None,
    ) -> tuple[list[Item], IndexKey | None]:
        """Read one page of an index, newest first; also return where the next one starts."""
        more: dict[str, Any] = {"Limit": limit} if limit else {}
        if start:
            more["ExclusiveStartKey"] = start
        try:
            answer = self._client.query(
                TableName=self._table_name,
                IndexName=index,
                KeyConditionExpression="#name = :value",
                ExpressionAttributeNames={"#name": attribute},
                ExpressionAttributeValues={":value": {"S": value}},
                ScanIndexForward=False,
                **more,
            )
        except ClientError as error:
            problem = error.response["Error"]
            if problem["Code"] == "ValidationException" and index in problem["Message"]:
                deploy = f"with {PARAMETERS[index]}=true" if index in PARAMETERS else "again"
                raise IndexMissingError(
                    f"The table has no index {index}. Deploy the template {deploy}; the index"
                    " holds the logs that are stored from then on."
                ) from None
            raise
        return [self._item(item) for item in answer["Items"]], answer.get("LastEvaluatedKey")

    def _item(self, raw: Mapping[str, AttributeValueTypeDef]) -> Item:
        return {name: self._deserialize(value) for name, value in raw.items()}


def encode_cursor(key: IndexKey | None) -> str | None:
    """Write where a query ended as text that can stand in a URL; None at the end."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode() if key else None


def decode_cursor(cursor: str | None) -> IndexKey | None:
    """Read a cursor.

    Raises:
        CursorError: no page returned it.

    """
    if cursor is None:
        return None
    try:
        return cast("IndexKey", json.loads(base64.urlsafe_b64decode(cursor)))
    except ValueError:
        raise CursorError from None


def _partition(day: date, log_type: str) -> str:
    return f"{day:%Y-%m-%d}#{log_type}"


def _failure(item: Item) -> Failure:
    return Failure(
        key=item["pk"],
        log_type=item["pk"].partition("#")[0],
        created_at=datetime.fromisoformat(item["created_at"]),
        category=item["category"],
        code=item.get("error_code"),
        explanation=item["explanation"],
    )
