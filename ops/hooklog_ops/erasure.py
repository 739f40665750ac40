"""Erase one person's number, or one log: empty each row that holds it for good.

:class:`NumberEraser` reads the whole table; nothing else does. No index would do: the optional one
has the number at the other end alone, and a parked message holds numbers wherever its producer put
them. The table does not select the rows: it can only compare literal texts, and a number is written
in many ways (:class:`hooklog_ops.numbers.Sought`).

The key, the version and the time of the erasure stay in the row. It is not deleted, because the
sweep would then find the log missing and store it again. What an erased row means to the functions
is in :mod:`hooklog.records.recording`, :mod:`hooklog.records.parking` and
:mod:`hooklog.sweep.comparison`.

An alias holds no number, and leads a later callback to the emptied row, so it stays. One that is a
parked message, too, is emptied like any row.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from hooklog.clock import Clock, iso
from hooklog.logs import KINDS
from hooklog_ops.errors import ErasureError
from hooklog_ops.numbers import Match, Sought, read_number
from hooklog_ops.records import Found, Item, Records, as_item, log_key, sid_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: Attributes whose text comes from outside, and may hold a number.
MAY_HOLD_NUMBERS: Final = (
    *("from", "to", "number", "remote_station", "url", "error_message", "unknown_fields"),
    *("parked_body", "parked_payload"),
    # What others than the log told of the end.
    *(f"{log_type}_error_message" for log_type in KINDS),
)
#: Attributes that are searched: those, and to be safe all that only one kind of log has.
_SEARCHED: Final = tuple(
    dict.fromkeys((*MAY_HOLD_NUMBERS, *(name for kind in KINDS.values() for name in kind.details)))
)
#: Attributes that are read of every row, to tell its names.
_OF_EVERY_ROW: Final = ("pk", "version", "fetched_at", "alias_of", "resource_sid")
#: Attempts to empty a row that others change at the same time.
_ROUNDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A row that is to be emptied.

    Attributes:
        key: of the row.
        version: when it was read.
        attributes: that hold the number, or may hold one.
        is_possible: whether they may hold another number, which is written alike.
        other_name: key under the other name of its fax, if the row tells that.

    """

    key: str
    version: int
    attributes: Sequence[str]
    is_possible: bool = False
    other_name: str | None = None


def erasable(text: str, country: str | None = None) -> str:
    """Read a number as :func:`hooklog_ops.numbers.read_number` does; return it in E.164 form.

    Raises:
        ErasureError: it is a short code or a name, which other texts contain.
        NumberError: it is not a number, or no country is given.

    """
    number = read_number(text, country)
    bare = number.rpartition(":")[2]
    if not bare.startswith("+") or "@" in bare:
        raise ErasureError(
            f"{text!r} is not a telephone number with a country code, and could be found in texts"
            " about others. Erase its logs one by one with --log."
        )
    return bare


class Eraser(ABC):
    """Empties rows for good, whatever others do to them meanwhile."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        """Erase in that table."""
        self._client = client
        self._table_name = table_name
        self._records = Records(client, table_name)

    def erase(self, holder: Holder, clock: Clock) -> bool:
        """Empty one row for good; return False if there is no longer a reason to.

        Raises:
            ErasureError: others keep changing the row.

        """
        found: Holder | None = holder
        for _ in range(_ROUNDS):
            if found is None:
                return False
            if self._empty(found, clock):
                return True
            item = self._records.get(holder.key)
            found = self._holder(item) if item else None
            if found and found.is_possible and not holder.is_possible:
                return False
        raise ErasureError(f"The row {holder.key} keeps changing; run the same command again.")

    def _empty(self, holder: Holder, clock: Clock) -> bool:
        """Replace the row that was read by one without a number; False if it has changed."""
        try:
            self._client.put_item(
                TableName=self._table_name,
                Item={
                    "pk": {"S": holder.key},
                    # A function that read the row before meets a conflict, reads it again and
                    # finds that there is nothing to write.
                    "version": {"N": str(holder.version + 1)},
                    "erased_at": {"S": iso(clock())},
                },
                # The time to live may have removed the row; then the log could be stored again.
                ConditionExpression="attribute_not_exists(pk) OR version = :version",
                ExpressionAttributeValues={":version": {"N": str(holder.version)}},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def _holder(self, item: Item) -> Holder | None:
        """Return what to erase of a row, if anything."""
        wanted = self._wanted(item)
        if wanted is None:
            return None
        key = log_key(item)
        return Holder(
            key=item["pk"],
            version=int(item["version"]),
            attributes=[*wanted],
            is_possible=set(wanted.values()) == {Match.POSSIBLE},
            other_name=sid_key(item) if key == item["pk"] else key,
        )

    @abstractmethod
    def _wanted(self, item: Item) -> Mapping[str, Match] | None:
        """Return the attributes for which a row has to be emptied; None if it can stay."""


class NumberEraser(Eraser):
    """Finds and erases the rows of one number."""

    def __init__(self, client: DynamoDBClient, table_name: str, number: str) -> None:
        """Look for that number, in E.164 form, in that table."""
        super().__init__(client, table_name)
        self._sought = Sought(number)
        self._names = {f"#{index}": name for index, name in enumerate(_SEARCHED)}

    def holders(self, read: Callable[[int], None]) -> Iterator[Holder]:
        """Read the whole table once, and yield the rows that hold the number, surely or possibly.

        Args:
            read: is called with the number of rows of each page.

        """
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table_name,
            # Rows that were written a moment ago count, too.
            ConsistentRead=True,
            ProjectionExpression=", ".join((*_OF_EVERY_ROW, *self._names)),
            ExpressionAttributeNames=self._names,
        )
        for page in pages:
            read(page["ScannedCount"])
            for item in page["Items"]:
                if holder := self._holder(as_item(item)):
                    yield holder

    def _wanted(self, item: Item) -> Mapping[str, Match] | None:
        texts = ((name, item[name]) for name in _SEARCHED if isinstance(item.get(name), str))
        matches = ((name, self._sought.match(text)) for name, text in texts)
        return {name: match for name, match in matches if match} or None


class LogEraser(Eraser):
    """Erases the rows of one log."""

    def __init__(self, client: DynamoDBClient, table_name: str, name: str) -> None:
        """Look for the log by the key under its ID or under its SID."""
        super().__init__(client, table_name)
        self.found: Found = self._records.find(name)

    def holders(self) -> list[Holder]:
        """Return the rows to empty: the log's, and a message that is parked under its SID.

        The log's row is the last, because only it tells the SID: an interrupted erasure can then be
        repeated by either name.
        """
        rows = (self.found.alias, self.found.item)
        return [holder for row in rows if row and (holder := self._holder(row))]

    def _wanted(self, item: Item) -> Mapping[str, Match] | None:
        attributes = {name: Match.SURE for name in _SEARCHED if name in item}
        if item["pk"] == self.found.key:
            return None if "erased_at" in item else attributes
        # Meanwhile the row under the SID may have become another log's.
        is_of_this_log = log_key(item) in {None, self.found.key}
        return attributes or None if is_of_this_log else None
