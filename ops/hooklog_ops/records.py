"""The table's records, as operators look for them: through an index, never by a scan."""

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

from hooklog.clock import iso
from hooklog.logs import KINDS
from hooklog_ops.problems import CursorError, IndexMissingError, PeriodError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

#: A row as Python values; its attributes are those of the README's table.
type Item = Mapping[str, Any]

#: The template's parameter that brings an index.
PARAMETERS: Final = {"numbers": "IndexNumbers", "days": "IndexDays"}
#: DynamoDB's limit for one call.
_MAX_KEYS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some records, newest first, and where the next ones begin; None at the end."""

    items: Sequence[Item]
    cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An entry of the index of failures.

    Attributes:
        key: of its row.
        log_type: ``fax`` or ``message``.
        created_at: when the fax or message was created.
        category: what kind of thing went wrong.
        code: SignalWire's, if the log has one.
        explanation: where in the catalogue it was found.

    """

    key: str
    log_type: str
    created_at: datetime
    category: str
    code: str | None
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From a moment until before another, of some types of log."""

    since: datetime
    until: datetime
    log_types: Sequence[str] = tuple(KINDS)

    def __post_init__(self) -> None:
        """Raise PeriodError if it is empty, which would look like a period without records."""
        if self.until <= self.since:
            raise PeriodError("The period is empty; --until has to be later than --since.")

    def days(self) -> list[date]:
        """Give the days that it touches, newest first."""
        last = self.until.date()
        return [last - timedelta(days=back) for back in range((last - self.since.date()).days + 1)]


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
        """Give the history of a number at the other end.

        Args:
            number: as SignalWire writes it: E.164, a short code, ``whatsapp:+…``.
            limit: records a page.
            cursor: of the page before.

        Raises:
            IndexMissingError: the table has no such index.

        """
        keys, start = self._query("numbers", "number", number, limit=limit, start=_read(cursor))
        return Page(items=self.rows([key["pk"] for key in keys]), cursor=_write(start))

    def of_day(self, day: date, log_type: str, *, limit: int, cursor: str | None = None) -> Page:
        """Give the logs that were created on a day.

        Raises:
            IndexMissingError: the table has no such index.

        """
        name = f"{day:%Y-%m-%d}#{log_type}"
        keys, start = self._query("days", "day", name, limit=limit, start=_read(cursor))
        return Page(items=self.rows([key["pk"] for key in keys]), cursor=_write(start))

    def of_period(self, period: Period) -> Iterator[Item]:
        """Give the logs that were created in a period, page by page, newest first.

        Raises:
            IndexMissingError: the table has no such index.

        """
        for day in period.days():
            for log_type in period.log_types:
                cursor: str | None = None
                while True:
                    page = self.of_day(day, log_type, limit=_MAX_KEYS, cursor=cursor)
                    yield from (item for item in page.items if _within(period, item["created_at"]))
                    if not (cursor := page.cursor):
                        break

    def failures(self, period: Period) -> Iterator[Failure]:
        """Give the failed logs that were created in a period, newest first a day and type."""
        for day in period.days():
            for log_type in period.log_types:
                start: Mapping[str, AttributeValueTypeDef] | None = None
                while True:
                    found, start = self._query(
                        "failures", "failed_on", f"{day:%Y-%m-%d}#{log_type}", start=start
                    )
                    yield from (
                        _failure(item) for item in found if _within(period, item["created_at"])
                    )
                    if not start:
                        break

    def failed_on(
        self, day: date, log_type: str, *, limit: int, after: tuple[datetime, str] | None = None
    ) -> tuple[list[Failure], bool]:
        """Give failed logs of a day by one query, newest first, and whether there may be more.

        ``after`` is the creation and the key of the last one that was given before.
        """
        name = f"{day:%Y-%m-%d}#{log_type}"
        start: dict[str, AttributeValueTypeDef] = {}
        if after:
            start = {"created_at": {"S": iso(after[0])}, "pk": {"S": after[1]}}
            start["failed_on"] = {"S": name}
        found, rest = self._query("failures", "failed_on", name, limit=limit, start=start)
        return [_failure(item) for item in found], rest is not None

    def rows(self, keys: Sequence[str]) -> list[Item]:
        """Read rows by their keys, in that order; those that are gone are left out."""
        found: dict[str, Item] = {}
        for chunk in batched(keys, _MAX_KEYS, strict=False):
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

    def _query(
        self,
        index: str,
        name: str,
        value: str,
        *,
        limit: int | None = None,
        start: Mapping[str, AttributeValueTypeDef] | None = None,
    ) -> tuple[list[Item], Mapping[str, AttributeValueTypeDef] | None]:
        """Read one page of an index, newest first; also give where the next one begins."""
        more: dict[str, Any] = {"Limit": limit} if limit else {}
        if start:
            more["ExclusiveStartKey"] = start
        try:
            answer = self._client.query(
                TableName=self._table_name,
                IndexName=index,
                KeyConditionExpression="#name = :value",
                ExpressionAttributeNames={"#name": name},
                ExpressionAttributeValues={":value": {"S": value}},
                ScanIndexForward=False,
                **more,
            )
        except ClientError as error:
            problem = error.response["Error"]
            if problem["Code"] == "ValidationException" and index in problem["Message"]:
                deploy = f"with {PARAMETERS[index]}=true" if index in PARAMETERS else "again"
                raise IndexMissingError(
                    f"The table has no index {index}. Deploy the template {deploy}; logs that are"
                    " stored from then on can be found by it."
                ) from None
            raise
        return [self._item(item) for item in answer["Items"]], answer.get("LastEvaluatedKey")

    def _item(self, raw: Mapping[str, AttributeValueTypeDef]) -> Item:
        return {name: self._deserialize(value) for name, value in raw.items()}


def _failure(item: Item) -> Failure:
    return Failure(
        key=item["pk"],
        log_type=item["pk"].partition("#")[0],
        created_at=datetime.fromisoformat(item["created_at"]),
        category=item["category"],
        code=item.get("error_code"),
        explanation=item["explanation"],
    )


def _within(period: Period, created_at: str) -> bool:
    return iso(period.since) <= created_at < iso(period.until)


def _write(start: Mapping[str, AttributeValueTypeDef] | None) -> str | None:
    """Make a cursor that can stand in a URL."""
    return base64.urlsafe_b64encode(json.dumps(start).encode()).decode() if start else None


def _read(cursor: str | None) -> Mapping[str, AttributeValueTypeDef] | None:
    if cursor is None:
        return None
    try:
        start = json.loads(base64.urlsafe_b64decode(cursor))
    except ValueError:
        raise CursorError("The cursor is none that an earlier page gave.") from None
    return cast("Mapping[str, AttributeValueTypeDef]", start)
