"""The table's records, found by a name or through an index, and never by a scan.

A fax has two names: its log's ID, and the SID that sending it returned and that its callbacks
carry. The functions keep an alias under the SID (:class:`hooklog.records.recording.StoreAlias`),
perhaps in the same item as a message that was parked under it. Which row a name leads to is decided
by :func:`log_key`, and nowhere else.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any, Final, cast

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from hooklog.adapters.aws.dynamodb import MAX_KEYS
from hooklog.catalogue import CATALOGUE
from hooklog.clock import iso
from hooklog.logs import KINDS
from hooklog.logs.model import names_error
from hooklog.records.signals import failure_code
from hooklog_ops.errors import CursorError, IndexMissingError, PeriodError
from hooklog_ops.formatting import moment, plain

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, KeysAndAttributesTypeDef

#: A row as Python values, with the attributes of a record or a parked message.
type Item = Mapping[str, Any]
#: A row as DynamoDB writes it.
type RawItem = Mapping[str, AttributeValueTypeDef]
#: The key of an index where a query starts or ended.
type IndexKey = Mapping[str, AttributeValueTypeDef]

#: What :func:`log_key` reads of an item.
_OF_THE_RULE: Final = ("pk", "fetched_at", "erased_at", "alias_of")
_DESERIALIZE: Final = TypeDeserializer().deserialize
#: The template's parameter that deploys an index.
PARAMETERS: Final = {"numbers": "IndexNumbers", "days": "IndexDays"}


def may_be_sid(key: str) -> bool:
    """Return whether logs of the key's kind have a SID that is not their ID."""
    kind = KINDS.get(key.partition("#")[0])
    return kind is not None and kind.has_sid


def log_key(item: Item) -> str | None:
    """Return the key of the log's row that an item stands for, or leads to.

    A stored log stands for itself, whatever else its ID may be, and so does an erased one. Any
    other item leads where its alias does. A parked message alone does not tell whether its name is
    the log's ID or the SID; then the answer is None.
    """
    if "fetched_at" in item or "erased_at" in item:
        return str(item["pk"])
    return item.get("alias_of")


def failed_code(item: Item) -> str | None:
    """Return the error code of a log, or else the one that others told of its end."""
    return failure_code(item["log_type"], item)


def own_end(item: Item) -> str | None:
    """Say who told, beside the log, how a fax or message ended; None if nobody was asked."""
    name, by = item.get("log_type"), item.get("settled_by")
    if by is None:
        return None
    if by == "call":
        return f"Only the end of the call is known; nobody told how the {name} itself ended."
    who = {"callback": "A callback", "fax": "The fax resource", "log": "An earlier fetch"}[by]
    more = [item.get(f"{name}_error_code"), item.get(f"{name}_error_message")]
    error = ", ".join(str(one) for one in more if one)
    whose = "log's" if by == "log" else f"{name}'s own"
    told = f"{who} told the {whose} status: {item[f'{name}_status'] or 'none'}"
    told += f" ({error})." if error else "."
    if item.get("unsettled"):
        told += " The log does not agree yet, and is fetched again."
    return told


def tried(item: Item) -> str:
    """Say which tries failed since the log was stored or parked last; empty if none did."""
    tries = sorted(item.get("tries", {}).items(), key=lambda one: str(one[1]["at"]))
    if not tries:
        return ""
    parts = []
    for number, (code, one) in enumerate(tries):
        noun = "" if number else " try ended" if one["count"] == 1 else " tries ended"
        at = f"{moment(datetime.fromisoformat(one['at']))} UTC"
        when = f" at {at}" if one["count"] == 1 else f", the last at {at}"
        parts.append(f"{one['count']}{noun} in {code}{when}")
    if "fetched_at" in item:
        prefix = "Since it was stored, "
    elif "parked_code" in item:
        prefix = "Since it was parked, "
    else:
        # An alias has no log of its own.
        prefix = "" if "alias_of" in item else "Not stored yet: "
    return f"{prefix}{', and '.join(parts)}; the message comes back by itself."


def sid_key(item: Item) -> str | None:
    """Return the key under a stored log's SID, if it has one that is not its ID."""
    log_type, _, log_id = item["pk"].partition("#")
    kind = KINDS.get(log_type)
    return kind.alias_key(log_id, str(item.get("resource_sid", ""))) if kind else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the table has under one of a log's names.

    Attributes:
        name: the key that was looked up.
        key: of the log's row; another one if the name is the log's SID.
        item: the log's row, or a message that was parked under its key; None if there is neither.
        alias: what stands under the log's SID, perhaps with a parked message; None if nothing does.

    """

    name: str
    key: str
    item: Item | None
    alias: Item | None

    @property
    def is_by_sid(self) -> bool:
        """Whether the name is the log's SID."""
        return self.name != self.key

    @property
    def names(self) -> frozenset[str]:
        """Every key under which the functions may know the log."""
        alias = {str(self.alias["pk"])} if self.alias else set[str]()
        return frozenset({self.name, self.key} | alias)

    @property
    def has_news_by_sid(self) -> bool:
        """Whether a message is parked under the log's SID, or its tries are counted there."""
        return self.alias is not None and not {"parked_code", "tries"}.isdisjoint(self.alias)

    @property
    def relation(self) -> str:
        """Say in a sentence what the name is to the log; empty if it has no other name."""
        if not self.is_by_sid:
            return f"Its SID is {self.alias['pk']}." if self.alias else ""
        if self.item is None:
            state = "not stored"
        elif "erased_at" in self.item:
            state = "erased"
        elif "outcome" in self.item:
            state = f"stored as {plain(self.item['outcome'])}"
        else:
            state = "parked" if "parked_code" in self.item else "not stored yet"
        return f"It is the SID of {self.key}, which is {state}."


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

    def get(self, key: str) -> Item | None:
        """Read one row as it is now."""
        answer = self._client.get_item(
            TableName=self._table_name, Key={"pk": {"S": key}}, ConsistentRead=True
        )
        return as_item(answer["Item"]) if "Item" in answer else None

    def find(self, name: str) -> Found:
        """Find a log by the key under its ID or under its SID, with what stands under both."""
        return _found(name, self.get)

    def find_all(self, names: Sequence[str]) -> dict[str, Found]:
        """Find many logs as :meth:`find` does, with two calls per hundred names."""
        items = {item["pk"]: item for item in self.rows(names)}
        others = {log_key(item) or "" for item in items.values()}
        others |= {sid_key(item) or "" for item in items.values()}
        items |= {item["pk"]: item for item in self.rows(sorted(others - items.keys() - {""}))}
        return {name: _found(name, items.get) for name in names}

    def log_keys(self, names: Sequence[str]) -> dict[str, str]:
        """Return the log's key for each name that is known, with one call per hundred names."""
        found = {item["pk"]: log_key(item) for item in self.rows(names, only=_OF_THE_RULE)}
        return {name: key for name, key in found.items() if key}

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
        return Page(items=self._logs(keys), cursor=encode_cursor(last))

    def of_period(self, period: Period) -> Iterator[Item]:
        """Yield the logs that were created in a period, newest first per day and kind.

        Raises:
            IndexMissingError: the table has no such index.

        """
        for keys in self._partitions("days", "day", period, limit=MAX_KEYS):
            for item in self._logs(keys):
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

    def rows(self, keys: Iterable[str], *, only: Sequence[str] = ()) -> list[Item]:
        """Read rows by their keys, in that order; keys without a row are left out.

        Args:
            keys: a repeated one is read once.
            only: attributes to read; empty for all.

        """
        return [as_item(raw) for raw in self.raw_rows(keys, only=only).values()]

    def raw_rows(self, keys: Iterable[str], *, only: Sequence[str] = ()) -> dict[str, RawItem]:
        """Read rows as :meth:`rows` does, by key, and leave them as DynamoDB writes them."""
        keys = list(dict.fromkeys(keys))
        asked: KeysAndAttributesTypeDef = {"Keys": []}
        if only:
            asked["ProjectionExpression"] = ", ".join(only)
        found: dict[str, RawItem] = {}
        for chunk in batched(keys, MAX_KEYS, strict=False):
            missing: list[dict[str, AttributeValueTypeDef]] = [{"pk": {"S": key}} for key in chunk]
            while missing:
                answer = self._client.batch_get_item(
                    RequestItems={self._table_name: {**asked, "Keys": missing}}
                )
                for raw in answer["Responses"].get(self._table_name, []):
                    found[raw["pk"]["S"]] = raw
                unread = answer["UnprocessedKeys"].get(self._table_name)
                missing = unread["Keys"] if unread else []
        return {key: found[key] for key in keys if key in found}

    def _logs(self, entries: Iterable[Item]) -> list[Item]:
        """Read the logs that an index lists; a row may have been erased since, or be none."""
        return [row for row in self.rows(one["pk"] for one in entries) if "fetched_at" in row]

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
        return [as_item(item) for item in answer["Items"]], answer.get("LastEvaluatedKey")


def as_item(raw: RawItem) -> Item:
    """Read an item as DynamoDB returns it."""
    return {name: _DESERIALIZE(value) for name, value in raw.items()}


def _found(name: str, read: Callable[[str], Item | None]) -> Found:
    named = read(name)
    key = (log_key(named) if named else None) or name
    if key != name:
        return Found(name=name, key=key, item=read(key), alias=named)
    other = sid_key(named) if named else None
    alias = read(other) if other else None
    # Another log may have that ID, or the same SID.
    if alias and log_key(alias) not in {None, key}:
        alias = None
    return Found(name=name, key=key, item=named, alias=alias)


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


def _indexed_code(item: Item) -> str | None:
    """Return the code of an entry of the index, which has no code that only others told.

    Such a failure is explained by the code, unless a text said more.
    """
    code, explanation = item.get("error_code"), item["explanation"]
    if names_error(code, None) or CATALOGUE.by_code(explanation) is None:
        return code
    return str(explanation)


def _failure(item: Item) -> Failure:
    return Failure(
        key=item["pk"],
        log_type=item["pk"].partition("#")[0],
        created_at=datetime.fromisoformat(item["created_at"]),
        category=item["category"],
        code=_indexed_code(item),
        explanation=item["explanation"],
    )
